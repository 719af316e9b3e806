/** Runs a command and watches its output. */
import { LAUNCHER_ENVIRONMENT } from "../../../src/demo/daemon_process.ts";

export interface Observed {
  readonly text: string;
  /** Undefined: it was still running when the expected output came. */
  readonly code: number | undefined;
}

/** Runs a command until it prints `until` or ends, at most a minute; returns its output. */
export async function observe(
  command: readonly string[],
  until: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<Observed> {
  const [program, ...args] = command;
  const child = new Deno.Command(program!, {
    args,
    env: { NO_COLOR: "1", ...LAUNCHER_ENVIRONMENT, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  let stopped = false;
  let ended = false;
  child.status.then(() => ended = true);
  const stop = () => {
    if (stopped || ended) return;
    child.kill("SIGTERM");
    stopped = true;
  };
  const timer = setTimeout(stop, 60_000);
  await Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (until.test(text)) stop();
    }
  }));
  const { code } = await child.status;
  clearTimeout(timer);
  return { text, code: stopped ? undefined : code };
}
