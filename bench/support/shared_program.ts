/** Programs in C of ../shared/bench/health, compiled once into a folder of this process. */

const FOLDER = new URL("../../../shared/bench/health/", import.meta.url).pathname;

/** `fakeipvs` is a library for LD_PRELOAD, the others are programs. */
export type SharedProgram = "farm" | "limit" | "fakeipvs";

const compiled = new Map<SharedProgram, Promise<string | undefined>>();

/** Path of the compiled program; undefined without a source or compiler. */
export function sharedProgram(name: SharedProgram): Promise<string | undefined> {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const made = compile(name);
  compiled.set(name, made);
  return made;
}

/** The same; throws when the program is missing. */
export async function neededProgram(name: SharedProgram): Promise<string> {
  const path = await sharedProgram(name);
  if (path !== undefined) return path;
  throw new Error(`cannot compile ${FOLDER}${name}.c: need that file and the C compiler cc`);
}

async function compile(name: SharedProgram): Promise<string | undefined> {
  const source = `${FOLDER}${name}.c`;
  try {
    await Deno.stat(source);
    const output = `${await folderOfProcess()}/${name}${name === "fakeipvs" ? ".so" : ""}`;
    const how = name === "fakeipvs" ? ["-shared", "-fPIC"] : [];
    const args = ["-O2", ...how, "-o", output, source, ...(how.length > 0 ? ["-ldl"] : [])];
    const { success } = await new Deno.Command("cc", { args }).output();
    return success ? output : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

let folder: Promise<string> | undefined;

function folderOfProcess(): Promise<string> {
  folder ??= Deno.makeTempDir({ prefix: "maglev-bench-programs-" }).then((path) => {
    addEventListener("unload", () => Deno.removeSync(path, { recursive: true }));
    return path;
  });
  return folder;
}
