/** udp.c, compiled once into a folder of this process: the servers and the reference of UDP. */
import { type Child, cpuMs, startProgram } from "./child.ts";
import { compileReference } from "./compile.ts";
import type { ReferenceOptions } from "./reference.ts";

let compiled: Promise<string> | undefined;

function udpProgram(): Promise<string> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-udp-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const program = await compileReference(folder, "udp");
  if (program === undefined) throw new Error("cannot compile udp.c: need the C compiler cc");
  return program;
}

/** Servers at all addresses of the farm. */
export async function startUdpFarm(): Promise<Child> {
  return startProgram("udp.c", { argv: [await udpProgram(), "farm"] });
}

/** CPU per probe of the minimal prober, in microseconds. */
export async function udpReference(
  { targets, port, intervalMs, windowS }: Omit<ReferenceOptions, "kind">,
): Promise<number> {
  const settle = 1;
  const args = ["probe", targets, port, intervalMs, windowS + settle + 1].map(String);
  const process = new Deno.Command(await udpProgram(), { args, stdout: "null" }).spawn();
  await new Promise((resolve) => setTimeout(resolve, 1000 * settle));
  const fromMs = cpuMs(process.pid);
  await new Promise((resolve) => setTimeout(resolve, 1000 * windowS));
  const cpu = cpuMs(process.pid) - fromMs;
  await process.status;
  return (1000 * cpu) / ((targets * windowS * 1000) / intervalMs);
}
