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
