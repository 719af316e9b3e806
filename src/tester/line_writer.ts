/** Writes the lines of a run to standard output, to a log file, or to both. */
import { MaglevError } from "../base/errors.ts";
import { OutputError, type OutputStream, writeText } from "../terminal/output.ts";
import type { JsonLine } from "./report.ts";

export interface LineWriterOptions {
  /** Undefined: the screen has it. */
  readonly stdout: OutputStream | undefined;
  /** Undefined: no log is wanted. */
  readonly log: OutputStream | undefined;
  /** Standard output accepts no more lines: the run has lost its reader, and ends. */
  readonly onStdoutLost: (error: OutputError) => void;
  /** The log accepts no more lines. The run goes on, because a drill cannot be repeated at will. */
  readonly onLogLost: (reason: string) => void;
}

/**
 * A function that writes a line. It never throws, because lines come from timers, which have no
 * caller for an error. An output that was lost gets no further lines. Undefined: no output.
 */
export function lineWriter(options: LineWriterOptions): ((line: JsonLine) => void) | undefined {
  const { onStdoutLost, onLogLost } = options;
  const outputs = [
    { stream: options.stdout, onLost: onStdoutLost },
    {
      stream: options.log,
      onLost: ({ reason }: OutputError) => onLogLost(reason ?? "its reader has gone"),
    },
  ];
  if (outputs.every(({ stream }) => stream === undefined)) return undefined;
  return (line) => {
    const text = `${JSON.stringify(line)}\n`;
    for (const output of outputs) {
      if (output.stream === undefined) continue;
      try {
        writeText(output.stream, text);
      } catch (error) {
        if (!(error instanceof OutputError)) throw error;
        output.stream = undefined;
        output.onLost(error);
      }
    }
  };
}

/** The log, opened to append; closed by the caller. @throws {MaglevError} */
export function openLog(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { append: true, create: true });
  } catch (error) {
    const reason = MaglevError.from(error).message.replace(/ \(os error \d+\).*$/, "");
    throw new MaglevError("failed-precondition", `cannot open the log ${path}: ${reason}`);
  }
}
