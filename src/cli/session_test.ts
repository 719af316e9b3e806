import assert from "node:assert/strict";
import { type Answers, fakeClient } from "../../tests/support/fakes/fake_client.ts";
import { answersOf } from "../../tests/support/worlds/cli_answers.ts";
import { PLAIN } from "../../tests/support/worlds/cli_words.ts";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import type { Server } from "./servers.ts";
import { runCommand, type Session } from "./session.ts";

/** The part of Server that tests need, with fixed answers. */
function server(address: string, answers: Answers): Server {
  const { client } = fakeClient(answers);
  const endpoint = { server: address, tls: false, token: false, timeoutMs: 1000 };
  const fake = {
    name: address,
    address,
    endpoint,
    memory: new Map(),
    ask: (call: (it: unknown) => unknown) => call(client),
  };
  return fake as unknown as Server;
}

function sessionOf(servers: readonly Server[], columns = Infinity) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    writeSync(bytes: Uint8Array) {
      written[name] += new TextDecoder().decode(bytes);
      return bytes.length;
    },
  });
  const session: Session = {
    servers,
    output: "text",
    color: false,
    forecast: false,
    width: () => columns,
    clock: new FakeClock(),
    prng: () => 0,
    stdout: stream("stdout"),
    stderr: stream("stderr"),
  };
  return { session, written };
}

const UNABORTED = new AbortController().signal;

Deno.test("a command that Ctrl-C ended reports it, with the signal's exit status", async () => {
  const { session, written } = sessionOf([]);
  const run = (signal: AbortSignal) =>
    runCommand(session, { command: "show version", args: {} }, signal);
  assert.equal(await run(UNABORTED), 0);
  assert.equal(written.stderr, "");
  assert.equal(await run(AbortSignal.abort()), 130);
  assert.equal(written.stderr, "maglevc: interrupted\n");
});

Deno.test("Ctrl-C ends a watch with status 0 and without a message", async () => {
  const { session, written } = sessionOf([]);
  const watch = { command: "watch events", args: {} } as const;
  assert.equal(await runCommand(session, watch, AbortSignal.abort()), 0);
  assert.deepEqual(written, { stdout: "", stderr: "" });
});

Deno.test("an unknown name cannot be watched: exit 1", async () => {
  const answers = answersOf(PLAIN);
  const { session, written } = sessionOf([server("a:1", answers)]);
  for (const args of [{ backend: "web9" }, { frontend: "shop" }]) {
    written.stderr = "";
    assert.equal(await runCommand(session, { command: "watch events", args }, UNABORTED), 1);
    assert.match(written.stderr, /^maglevc: no "(web9|shop)"\n$/);
  }
  assert.equal(written.stdout, "");
});

Deno.test("without a terminal, the line about VPP goes to standard error, and the status stays 0", async () => {
  const answers = answersOf(PLAIN);
  const show = { command: "show frontends", args: {} } as const;
  const one = sessionOf([server("a:1", answers)]);
  assert.equal(await runCommand(one.session, show, UNABORTED), 0);
  assert.match(one.written.stdout, /^NAME .*\nweb .*\ndns6 .*\n$/);
  assert.match(one.written.stderr, /^maglevc: VPP is not connected for .*\n$/);
  const two = sessionOf([server("a:1", answers), server("b:2", answers)]);
  assert.equal(await runCommand(two.session, show, UNABORTED), 0);
  assert.match(two.written.stderr, /^maglevc: a:1: VPP is not .*\nmaglevc: b:2: VPP is not .*\n$/);
  const terminal = sessionOf([server("a:1", answers)], 200);
  assert.equal(await runCommand(terminal.session, show, UNABORTED), 0);
  assert.match(terminal.written.stdout, /\n\nVPP is not connected for /);
  assert.equal(terminal.written.stderr, "");
});

Deno.test("show frontends works with a server without GetStatus", async () => {
  const { ListFrontends } = answersOf(PLAIN);
  const { session, written } = sessionOf([server("a:1", { ListFrontends })]);
  const show = { command: "show frontends", args: {} } as const;
  assert.equal(await runCommand(session, show, UNABORTED), 0);
  assert.match(written.stdout, /^NAME .*\nweb .*\ndns6 .*\n$/);
  assert.equal(written.stderr, "");
});

Deno.test("help of a command needs no server", async () => {
  const { session, written } = sessionOf([]);
  const help = { command: "help", args: { topic: "config reload" } } as const;
  assert.equal(await runCommand(session, help, UNABORTED), 0);
  assert.match(written.stdout, /^ {2}config reload .*\n[^]*reason <text> {2}Reason/);
});
