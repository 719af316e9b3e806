/**
 * Programs of Debian's packages that are only tests' tools. Their packages would also start services
 * when installed, so the programs are extracted from the packages into build/.
 */
const ROOT = new URL("../../../", import.meta.url).pathname;

/** Programs, and the packages that have them in /usr/bin. */
export interface DebianPrograms {
  /** Of the folder in build/. */
  readonly name: string;
  readonly packages: readonly string[];
  readonly programs: readonly string[];
}

/** Path of a program in PATH or build/, or undefined. */
export function findProgram({ name }: DebianPrograms, program: string): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return [...folders, folderOf(name)].map((folder) => `${folder}/${program}`).find(isFile);
}

/** Fetches them where that is possible (Debian, as root) and needed. */
export async function fetchPrograms(wanted: DebianPrograms): Promise<void> {
  const { name, packages, programs } = wanted;
  const isHere = programs.every((program) => findProgram(wanted, program) !== undefined);
  if (isHere || Deno.uid() !== 0 || !isFile("/usr/bin/apt-get")) return;
  console.log(`${name}: taking it out of Debian's package ${packages.join(", ")}`);
  const folder = await Deno.makeTempDir({ prefix: `maglev-${name}-` });
  try {
    await run("apt-get", ["update", "-q"], folder);
    for (const one of packages) await run("apt-get", ["download", "-q", one], folder);
    for (const file of [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile)) {
      await run("dpkg-deb", ["-x", `${folder}/${file.name}`, `${folder}/x`], folder);
    }
    await Deno.mkdir(folderOf(name), { recursive: true });
    for (const program of programs) {
      await Deno.copyFile(`${folder}/x/usr/bin/${program}`, `${folderOf(name)}/${program}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log(`${name} is not available: ${error.message}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function folderOf(name: string): string {
  return `${ROOT}build/${name}/usr/bin`;
}

async function run(command: string, args: string[], cwd: string): Promise<void> {
  await new Deno.Command(command, {
    args,
    cwd,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
