import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { runCommand, type Session } from "./session.ts";

Deno.test("a command that Ctrl-C ended says so, and its status is that of the signal", async () => {
  let stderr = "";
  const session: Session = {
    servers: [],
    output: "text",
    color: false,
    forecast: false,
    width: () => Infinity,
    clock: new FakeClock(),
    prng: () => 0,
    stdout: { writeSync: (bytes) => bytes.length },
    stderr: {
      writeSync(bytes) {
        stderr += new TextDecoder().decode(bytes);
        return bytes.length;
      },
    },
  };
  const run = (signal: AbortSignal) =>
    runCommand(session, { command: "show version", args: {} }, signal);
  assert.equal(await run(new AbortController().signal), 0);
  assert.equal(stderr, "");
  assert.equal(await run(AbortSignal.abort()), 130);
  assert.equal(stderr, "maglevc: interrupted\n");
});
