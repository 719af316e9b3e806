import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { V8_FLAGS } from "./launch/permissions.ts";
import { collectAfterStart } from "./garbage.ts";

Deno.test("collectAfterStart() collects once, after the start", () => {
  const clock = new FakeClock();
  let collected = 0;
  Object.assign(globalThis, { gc: () => collected++ });
  try {
    collectAfterStart(clock);
    clock.advance(4999);
    assert.equal(collected, 0);
    clock.advance(60_000);
    assert.equal(collected, 1);
    collectAfterStart(clock).cancel();
    assert.equal(clock.timers, 0);
  } finally {
    Reflect.deleteProperty(globalThis, "gc");
  }
  collectAfterStart(clock);
  clock.advance(5000);
});

Deno.test("V8_FLAGS let the main thread and workers collect", async () => {
  const worker = "data:text/javascript,self.postMessage(typeof globalThis.gc)";
  const code = `const worker = new Worker(${JSON.stringify(worker)}, { type: "module" });
    worker.onmessage = ({ data }) => {
      console.log(typeof globalThis.gc, data);
      worker.terminate();
    };`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-config", `--v8-flags=${V8_FLAGS.join(",")}`],
      `data:text/javascript,${encodeURIComponent(code)}`,
    ],
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "function function\n");
});
