import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { runPlainShell, runScript } from "./script.ts";
import type { Session } from "../session.ts";

/**
 * Runs a script that needs no server, read in pieces of `size` bytes; with a prompt, as for a person.
 */
async function run(script: string, size = 1000, prompt?: string) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    writeSync(bytes: Uint8Array) {
      written[name] += new TextDecoder().decode(bytes);
      return bytes.length;
    },
  });
  const session: Session = {
    servers: [],
    output: "text",
    color: false,
    forecast: false,
    width: () => Infinity,
    clock: new FakeClock(),
    prng: () => 0,
    stdout: stream("stdout"),
    stderr: stream("stderr"),
  };
  const bytes = new TextEncoder().encode(script);
  let at = 0;
  const input = {
    read(buffer: Uint8Array) {
      const piece = bytes.subarray(at, at + Math.min(size, buffer.length));
      at += piece.length;
      buffer.set(piece);
      return Promise.resolve(piece.length === 0 ? null : piece.length);
    },
  };
  const status = prompt === undefined
    ? await runScript(session, input)
    : await runPlainShell(session, { input, prompt });
  return { status, ...written };
}

Deno.test("a script runs its lines, and skips blank ones and comments", async () => {
  for (const size of [1, 3, 1000]) {
    const { status, stdout, stderr } = await run("# ünï\n\n  help\r\nhelp", size);
    assert.equal(status, 0);
    assert.equal(stderr, "");
    assert.equal(stdout.match(/^Commands /gm)?.length, 2);
  }
});

Deno.test("a script ends at the first line that fails, and names it", async () => {
  const { status, stdout, stderr } = await run("help\nhlep\nhelp\n");
  assert.equal(status, 2);
  assert.match(stderr, /^maglevc: line 2: .*"hlep"/);
  assert.equal(stdout.match(/^Commands /gm)?.length, 1);
});

Deno.test("a script ends at quit", async () => {
  assert.deepEqual(await run("quit\nbogus\n"), { status: 0, stdout: "", stderr: "" });
});

Deno.test("a script with an open quote, or a line without an end, is refused", async () => {
  const open = await run("show backends 'a\n");
  assert.equal(open.status, 2);
  assert.match(open.stderr, /line 1: the quote ' is not closed/);
  const endless = await run("x".repeat(200_000));
  assert.equal(endless.status, 2);
  assert.match(endless.stderr, /line 1: too long/);
});

Deno.test("a person gets a prompt, also after a mistake", async () => {
  const { status, stdout, stderr } = await run("hlep\n'\nhelp\nquit\nhelp\n", 1000, "> ");
  assert.equal(status, 0);
  assert.match(stderr, /^maglevc: unknown word "hlep".*\nmaglevc: the quote ' is not closed\n$/);
  assert.match(stdout, /^> > > Commands [^>]*(?:<[^>]*>[^>]*)*> $/);
  assert.equal(stdout.match(/^(> )*Commands /gm)?.length, 1);
  assert.equal((await run("", 1000, "> ")).stdout, "> \n");
  assert.equal((await run("x".repeat(200_000), 1000, "> ")).status, 2);
});
