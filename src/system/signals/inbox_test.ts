import assert from "node:assert/strict";
import { SignalInbox } from "./inbox.ts";

/** Sends a signal to this process and waits until its listeners have run. */
async function send(signal: Deno.Signal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // A waiting signal does not keep the event loop alive; a timer does.
  const alive = setTimeout(() => {}, 60_000);
  Deno.addSignalListener(signal, resolve);
  Deno.kill(Deno.pid, signal);
  await promise;
  clearTimeout(alive);
  Deno.removeSignalListener(signal, resolve);
  // The other listeners of the signal are woken by tasks of their own.
  await new Promise((done) => setTimeout(done, 0));
}

Deno.test("SignalInbox keeps signals until they are handled, a reload once", async () => {
  const inbox = new SignalInbox();
  const seen: string[] = [];
  try {
    for (const signal of ["SIGHUP", "SIGHUP", "SIGTERM"] as const) await send(signal);
    inbox.handle({ onReload: () => seen.push("reload"), onStop: (signal) => seen.push(signal) });
    assert.deepEqual(seen, ["reload", "SIGTERM"]);
    await send("SIGHUP");
    // SIGINT would end the test runner; it goes the same way.
    await send("SIGTERM");
    assert.deepEqual(seen, ["reload", "SIGTERM", "reload", "SIGTERM"]);
  } finally {
    inbox.close();
  }
});
