/** Compiles programs in C that benchmarks compare the daemon with. */

/** Compiles support/NAME.c into `folder`; the program's path, undefined without a C compiler. */
export async function compileReference(folder: string, name: string): Promise<string | undefined> {
  const source = new URL(`${name}.c`, import.meta.url).pathname;
  const program = `${folder}/${name}`;
  try {
    const args = ["-O2", "-Wall", "-Wextra", "-o", program, source, "-ldl"];
    const { success } = await new Deno.Command("cc", { args }).output();
    return success ? program : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const programs = new Map<string, Promise<string>>();

/** support/NAME.c, compiled once into a folder of this process; throws without a C compiler. */
export function referenceProgram(name: "udp" | "stream" | "packet"): Promise<string> {
  const known = programs.get(name) ?? compileOwn(name);
  programs.set(name, known);
  return known;
}

async function compileOwn(name: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: `maglev-bench-${name}-` });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const program = await compileReference(folder, name);
  if (program === undefined) throw new Error(`cannot compile ${name}.c; install the C compiler cc`);
  return program;
}
