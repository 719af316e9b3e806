/** Servers as mere probe targets of a benchmark: N that accept, at the addresses of the farm. */
import { startFarm } from "./farms.ts";
import { sharedProgram } from "./shared_program.ts";
import { startTargets } from "./target_farm.ts";

export interface Servers extends AsyncDisposable {
  readonly port: number;
  /** Their language: c or deno. */
  readonly kind: string;
}

/** The farm in C where it is available, because it costs least. */
export async function startServers(targets: number): Promise<Servers> {
  if (await sharedProgram("farm") === undefined) {
    const { port, child } = await startFarm(targets, "tcp");
    return { port, kind: "deno", [Symbol.asyncDispose]: () => child.end() };
  }
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
  const farm = await startTargets({ kind: "tcp", targets, cpu: undefined, folder });
  return {
    port: farm.port,
    kind: "c",
    async [Symbol.asyncDispose]() {
      await farm.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
