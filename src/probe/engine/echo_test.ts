/** The echo on real sockets, with as much or as little beside it as a prober has. */
import assert from "node:assert/strict";
import { LoopbackEcho } from "./echo.ts";
import { newController } from "../prober.ts";

/** Lets so many rounds of the event loop pass, by its timers. */
async function rounds(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Connections over which a byte is sent to and fro for as long as they are open. */
async function chatter(count: number): Promise<() => Promise<void>> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ends: Deno.TcpConn[] = [];
  for (let i = 0; i < count; i++) {
    ends.push(
      ...await Promise.all([
        Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
        listener.accept(),
      ]),
    );
  }
  listener.close();
  let open = true;
  const talk = async (end: Deno.TcpConn) => {
    const buffer = new Uint8Array(8);
    while (open && await end.read(buffer) !== null && open) await end.write(buffer.subarray(0, 1));
    end.close();
  };
  const talks = ends.map((end) => talk(end));
  for (let i = 0; i < ends.length; i += 2) await ends[i]!.write(new Uint8Array(1));
  return async () => {
    open = false;
    await Promise.allSettled(talks);
  };
}

Deno.test("LoopbackEcho comes back immediately on an idle loop, every time", async () => {
  const echo = await LoopbackEcho.open();
  for (let i = 0; i < 100; i++) {
    let back = false;
    echo.send(() => back = true);
    await rounds(5);
    assert.ok(back);
  }
  echo.close();
});

Deno.test("LoopbackEcho stays out while more results are ready than a turn delivers", async () => {
  const echo = await LoopbackEcho.open();
  const hush = await chatter(300);
  // One alone may slip past what waits; of many each is caught sooner or later.
  let [back, tries] = [true, 0];
  while (back && tries++ < 500) {
    back = false;
    echo.send(() => back = true);
    await rounds(20);
  }
  await hush();
  assert.ok(tries < 500, "each came back in the midst of it");
  for (let i = 0; i < 1000 && !back; i++) await rounds(1);
  echo.close();
  assert.ok(back, "it came back when the rest had");
});

Deno.test("LoopbackEcho.open() that is aborted rejects, and leaves nothing open", async () => {
  const controller = newController();
  const opening = LoopbackEcho.open(controller.signal);
  controller.abort();
  await assert.rejects(opening);
});

Deno.test("LoopbackEcho.close() while an echo is out drops it and leaves nothing open", async () => {
  const echo = await LoopbackEcho.open();
  let backs = 0;
  echo.send(() => backs++);
  echo.close();
  await rounds(10);
  assert.equal(backs, 0);
});
