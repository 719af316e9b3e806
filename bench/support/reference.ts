/**
 * The reference for probes: limit.c, a minimal prober. For HTTPS it is OpenSSL's own client, which
 * makes one full handshake and request after the other.
 */
import { cpuMs } from "./child.ts";
import { farmAddress } from "./farm_address.ts";
import { sharedProgram } from "./shared_program.ts";

export interface ReferenceOptions {
  readonly kind: string;
  readonly targets: number;
  readonly port: number;
  readonly windowS: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** The reference's CPU per probe in microseconds; undefined without a source or compiler. */
export async function withReference(options: ReferenceOptions): Promise<number | undefined> {
  const program = await sharedProgram("limit");
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

const S_TIME_S = 5;

/**
 * CPU of `openssl s_time -new` per connection in microseconds, with verification and a GET of `/`;
 * undefined without that program. `ca`: file of the authority.
 */
export async function opensslReference(
  options: { readonly port: number; readonly ca: string },
): Promise<number | undefined> {
  const server = `${farmAddress(0)}:${options.port}`;
  const client = `openssl s_time -new -www / -verify 2 -connect ${server} -time ${S_TIME_S}`;
  // `times` of the shell: two lines, its own and its children's user and system time.
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", `${client} -CAfile "$1" 2>/dev/null; times`, "sh", options.ca],
    stdout: "piped",
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const count = Number(/^(\d+) connections in .* real seconds/m.exec(text)?.[1] ?? 0);
  const times = [...text.matchAll(/(\d+)m([\d.]+)s/g)].slice(-2);
  const seconds = times.reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0);
  return count === 0 ? undefined : (1e6 * seconds) / count;
}
