/** Terminal without a real terminal, with real signals. */
import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { Terminal } from "./terminal.ts";

/** A terminal on which `typed` was typed; `raw(n)`: when setRaw() has been called that often. */
function terminalOf(typed: string) {
  const modes: boolean[] = [];
  let [wanted, reached] = [0, () => {}];
  const pieces = [new TextEncoder().encode(typed)];
  const clock = new FakeClock();
  const terminal = new Terminal({
    clock,
    input: {
      read(buffer) {
        const piece = pieces.shift();
        if (piece === undefined) return Promise.resolve(null);
        buffer.set(piece);
        return Promise.resolve(piece.length);
      },
      setRaw(mode) {
        modes.push(mode);
        if (modes.length >= wanted) reached();
      },
    },
    output: { writeSync: (bytes) => bytes.length },
  });
  const raw = async (count: number) => {
    // A listener of signals keeps no program alive.
    const alive = setInterval(() => {}, 1000);
    await new Promise<void>((resolve) => {
      [wanted, reached] = [count, resolve];
      if (modes.length >= count) resolve();
    });
    clearInterval(alive);
  };
  return { terminal, modes, raw, clock };
}

Deno.test("after Ctrl-Z the terminal is set up again, and next() returns resume", async () => {
  const { terminal, modes, raw } = terminalOf("");
  terminal.enter();
  try {
    const next = terminal.next();
    Deno.kill(Deno.pid, "SIGCONT");
    await raw(3);
    assert.deepEqual(await next, { kind: "resume" });
  } finally {
    terminal.leave();
  }
  assert.deepEqual(modes, [true, false, true, false]);
});

Deno.test("a resume during a command is dropped for the next line", async () => {
  const { terminal, raw, clock } = terminalOf("x");
  terminal.enter();
  try {
    await terminal.interruptible(async () => {
      Deno.kill(Deno.pid, "SIGCONT");
      await raw(3);
    });
    const next = terminal.next();
    await clock.advanceAsync(1);
    assert.equal((await next).kind, "bytes");
  } finally {
    terminal.leave();
  }
});
