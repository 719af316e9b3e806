/** The reference beside which probes are measured: limit.c, the cheapest prober possible. */
import { cpuMs } from "./child.ts";

export interface ReferenceOptions {
  readonly kind: string;
  readonly targets: number;
  readonly port: number;
  readonly windowS: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

const SOURCE = new URL("../../../shared/bench/health/limit.c", import.meta.url).pathname;

/** Its CPU per probe in microseconds; undefined when there is no source or no compiler. */
export async function withReference(options: ReferenceOptions): Promise<number | undefined> {
  const program = await compiled();
  if (program === undefined) return undefined;
  const { targets, port, kind, intervalMs, timeoutMs, windowS } = options;
  const settle = 2;
  const process = new Deno.Command(program, {
    args: [
      ...["-n", targets, "-p", port, "-k", kind, "-i", intervalMs, "-t", timeoutMs].map(String),
      ...["-s", String(windowS + settle + 2)],
    ],
    stdout: "null",
  }).spawn();
  await new Promise((resolve) => setTimeout(resolve, 1000 * settle));
  const fromMs = cpuMs(process.pid);
  await new Promise((resolve) => setTimeout(resolve, 1000 * windowS));
  const cpu = cpuMs(process.pid) - fromMs;
  process.kill("SIGTERM");
  await process.status;
  return (1000 * cpu) / ((targets * windowS * 1000) / intervalMs);
}

let program: Promise<string | undefined> | undefined;

function compiled(): Promise<string | undefined> {
  program ??= compile();
  return program;
}

async function compile(): Promise<string | undefined> {
  try {
    await Deno.stat(SOURCE);
    const output = `${await Deno.makeTempDir()}/limit`;
    const { success } = await new Deno.Command("cc", { args: ["-O2", "-o", output, SOURCE] })
      .output();
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}
