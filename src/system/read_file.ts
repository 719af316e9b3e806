/** Reads regular files of bounded size. A pipe, a folder or a device is refused without waiting. */
import { MaglevError } from "../base/errors.ts";

/** Reason for refusing a pipe, a folder, a device, or a link where none is followed. */
export const NOT_REGULAR = "not a regular file";

/** Options of readRegularFile(). */
export interface ReadFileOptions {
  readonly maxBytes: number;
  /** Refuses a file that others can read or write. Default: false. */
  readonly secret?: boolean;
  /** Reads the file that a symbolic link names. Default: true. */
  readonly followLinks?: boolean;
}

/**
 * The bytes of the file at `path`.
 *
 * @throws {MaglevError} `failed-precondition`: the file is refused, with the reason as message.
 * What Deno throws is not changed: see fileProblem().
 */
export async function readRegularFile(path: string, options: ReadFileOptions): Promise<Uint8Array> {
  const { maxBytes, secret = false, followLinks = true } = options;
  // Opening a pipe would wait for a writer.
  const { isFile } = followLinks ? await Deno.stat(path) : await Deno.lstat(path);
  if (!isFile) throw refusal(NOT_REGULAR);
  using file = await Deno.open(path);
  const opened = await file.stat();
  if (!opened.isFile) throw refusal(NOT_REGULAR);
  if (secret && ((opened.mode ?? 0) & 0o006) !== 0) {
    throw refusal(`readable or writable by others; run \`chmod o= ${path}\``);
  }
  if (opened.size > maxBytes) throw refusal(`it has more than ${maxBytes} bytes`);
  // Room for one byte more than there were: a file that grows is seen by it.
  const bytes = new Uint8Array(opened.size + 1);
  let size = 0;
  while (size < bytes.length) {
    const count = await file.read(bytes.subarray(size));
    if (count === null) return bytes.subarray(0, size);
    size += count;
  }
  throw refusal("it grew while it was read");
}

/** The same as text; bytes that are not UTF-8 are replaced. */
export async function readRegularText(path: string, options: ReadFileOptions): Promise<string> {
  return new TextDecoder().decode(await readRegularFile(path, options));
}

/** Reason why a file cannot be used, from what reading it threw. */
export function fileProblem(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  return MaglevError.from(error).message.replace(/ \(os error \d+\).*$/, "");
}

function refusal(reason: string): MaglevError {
  return new MaglevError("failed-precondition", reason);
}
