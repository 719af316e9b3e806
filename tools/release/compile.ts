/**
 * Compiles the bundle into single executables by `deno compile`, which downloads its runtime: so
 * this needs the internet. An executable has fixed permissions, all but starting programs, because
 * it has no launcher. Packages and archive grant only what a command line names.
 */
import { output } from "./command.ts";
import { PROGRAMS } from "./programs.ts";

/** Writes one executable for each program into `out`; returns their paths. */
export async function compile(
  { library, out }: { readonly library: string; readonly out: string },
): Promise<readonly string[]> {
  const kinds = ["read", "write", "net", "env", "sys", "ffi"];
  const paths: string[] = [];
  for (const { program } of PROGRAMS) {
    const path = `${out}/${program.name}`;
    const entry = `${library}/${program.entry.replace(/ts$/, "js")}`;
    await output(Deno.execPath(), [
      ...["compile", "--quiet", "--no-config", "--no-lock", "--no-prompt"],
      ...kinds.map((kind) => `--allow-${kind}`),
      ...program.runtimeFlags,
      ...["--output", path, entry],
    ]);
    paths.push(path);
  }
  return paths;
}
