/** The log of a running maglevd in each form, read by independent parsers. */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type { LogLevel } from "../../src/base/ports.ts";
import { checkLogRecord, LOG_EVENTS } from "../support/judges/log_contract.ts";
import { parseLogfmt } from "../support/judges/logfmt.ts";
import { readByPython } from "../support/judges/python_json.ts";
import { onStage } from "../support/worlds/stage.ts";

const A = "127.0.43.5";

/** Runs maglevd in a pipe or a terminal, and puts `|` before each of its lines. */
const WRAPPER = `
import os, pty, signal, subprocess, sys
if sys.argv[1] == "terminal":
    pid, fd = pty.fork()
    if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])
else:
    fd, out = os.pipe()
    pid = subprocess.Popen(sys.argv[2:], stdout=out).pid
    os.close(out)
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
try:
    for line in os.fdopen(fd, "rb"): os.write(1, b"|" + line.replace(b"\\r\\n", b"\\n"))
except OSError: pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Returns all lines of a maglevd whose server was up and down, from start to stop. */
async function linesOf(output: "pipe" | "terminal", flags: string[]): Promise<string[]> {
  const lines: string[] = [];
  await onStage([A], async ({ configure, start, servers }) => {
    await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
    const daemon = start({
      flags,
      prefix: ["env", "-u", "NO_COLOR", "python3", "-c", WRAPPER, output],
    });
    const says = (pattern: RegExp) => daemon.seen(({ text }) => pattern.test(String(text)));
    await says(/backend-transition.*up/);
    servers[0]!.status = 503;
    await says(/backend-transition.*down/);
    await daemon.stop();
    lines.push(...daemon.lines.map(({ text }) => String(text).slice(1)));
  });
  return lines;
}

function checkRecord(pairs: readonly (readonly [string, unknown])[]): string {
  const [keys, values] = [pairs.map(([key]) => key), pairs.map(([, value]) => String(value))];
  assert.deepEqual(keys.slice(0, 3), ["time", "level", "msg"]);
  const [time = "", level = "", msg = ""] = values;
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(["DEBUG", "INFO", "WARN", "ERROR"].includes(level), level);
  const event = LOG_EVENTS.find((event) => event === msg);
  assert.ok(event !== undefined, msg);
  checkLogRecord({ event, level: level.toLowerCase() as LogLevel, names: keys.slice(3) });
  return msg;
}

const LIFE = ["maglevd-start", "config-loaded", "probe-done", "vpp-connect", "vpp-api-send"]
  .concat("backend-transition", "frontend-transition", "vpp-lbsync-done", "shutdown");

Deno.test("in a pipe every line of maglevd's log is JSON in slog's form", async () => {
  const lines = await linesOf("pipe", ["--log-format=auto", "--log-level=debug"]);
  const seen = new Set((await readByPython(lines)).map(checkRecord));
  assert.deepEqual(LIFE.filter((event) => !seen.has(event)), []);
});

Deno.test("with --log-format=text every line of maglevd's log is key=value in slog's form", async () => {
  const lines = await linesOf("pipe", ["--log-format=text", "--log-level=debug"]);
  const seen = new Set(lines.map((line) => checkRecord(parseLogfmt(line))));
  assert.deepEqual(LIFE.filter((event) => !seen.has(event)), []);
});

Deno.test("on a terminal maglevd's log is in pretty form by default", async () => {
  const pretty = await linesOf("terminal", ["--log-format=auto"]);
  const line = pretty.find((one) => one.includes("backend-transition")) ?? "";
  const plain = stripVTControlCharacters(line);
  assert.match(plain, /^\d{4}-\S+Z INFO {2}backend-transition backend=b0 from=unknown to=up /);
  assert.notEqual(line, plain, "levels are colored");
  const json = await linesOf("terminal", ["--log-format=json"]);
  (await readByPython(json)).forEach(checkRecord);
});
