/** Lines to standard output and to a log, either of which may be lost. */
import assert from "node:assert/strict";
import type { OutputError, OutputStream } from "../terminal/output.ts";
import { lineWriter, openLog } from "./line_writer.ts";

/** Takes `room` writes, and then fails. */
function output(room: number, error: Error = new Error("No space left on device (os error 28)")) {
  const lines: string[] = [];
  const stream: OutputStream = {
    writeSync(bytes) {
      if (lines.length >= room) throw error;
      lines.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
  };
  return { lines, stream };
}

function setup(stdout: OutputStream | undefined, log: OutputStream | undefined) {
  const lost: string[] = [];
  const write = lineWriter({
    stdout,
    log,
    onStdoutLost: ({ reason }: OutputError) => lost.push(`stdout: ${reason}`),
    onLogLost: (reason) => lost.push(`log: ${reason}`),
  });
  return { lost, write };
}

Deno.test("both outputs get each line; without an output there is nothing to write", () => {
  const [stdout, log] = [output(9), output(9)];
  const { write, lost } = setup(stdout.stream, log.stream);
  write!({ type: "mark" });
  assert.deepEqual([stdout.lines, log.lines, lost], [['{"type":"mark"}\n'], stdout.lines, []]);
  assert.equal(setup(undefined, undefined).write, undefined);
});

Deno.test("a log on a full disk is lost once, and standard output goes on", () => {
  const [stdout, log] = [output(9), output(1)];
  const { write, lost } = setup(stdout.stream, log.stream);
  for (let i = 0; i < 3; i++) write!({ i });
  assert.equal(stdout.lines.length, 3);
  assert.deepEqual(lost, ["log: No space left on device"]);
});

Deno.test("a reader of standard output that goes away is reported, and the log goes on", () => {
  const [stdout, log] = [output(1, new Deno.errors.BrokenPipe("x")), output(9)];
  const { write, lost } = setup(stdout.stream, log.stream);
  for (let i = 0; i < 3; i++) write!({ i });
  assert.equal(log.lines.length, 3);
  assert.deepEqual(lost, ["stdout: undefined"]);
});

Deno.test("a log that cannot be opened is an error that names it", () => {
  assert.throws(
    () => openLog("/proc/none/x"),
    /^MaglevError: cannot open the log \/proc\/none\/x: /,
  );
});
