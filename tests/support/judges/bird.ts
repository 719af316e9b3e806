/**
 * BIRD, the routing daemon of Debian's package `bird2`. Installing it would start a service, so it
 * is extracted from the package into build/, with the one library that a small system lacks.
 */
const OWN = new URL("../../../build/bird", import.meta.url).pathname;
const PACKAGES = ["bird2", "libssh-gcrypt-4"];

/** Where BIRD's programs are, and the environment that they need. */
export interface Bird {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** BIRD as installed, or as it was extracted; undefined: neither is there. */
export function findBird(): Bird | undefined {
  const env = { LD_LIBRARY_PATH: `${OWN}/usr/lib/${Deno.build.arch}-linux-gnu` };
  return [{ folder: "/usr/sbin", env: {} }, { folder: `${OWN}/usr/sbin`, env }].find(runs);
}

/** Fetches it where that is possible (Debian, as root) and needed. */
export async function fetchBird(): Promise<Bird | undefined> {
  const found = findBird();
  if (found !== undefined || Deno.uid() !== 0) return found;
  const folder = await Deno.makeTempDir({ prefix: "maglev-bird-" });
  try {
    for (const words of [["update", "-q"], ["download", "-q", ...PACKAGES]]) {
      await new Deno.Command("apt-get", {
        args: words,
        cwd: folder,
        stdout: "null",
        stderr: "null",
      })
        .output();
    }
    for (const { name } of Deno.readDirSync(folder)) {
      await new Deno.Command("dpkg-deb", { args: ["-x", name, OWN], cwd: folder }).output();
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return findBird();
}

function runs({ folder, env }: Bird): boolean {
  try {
    const { success } = new Deno.Command(`${folder}/bird`, {
      args: ["--version"],
      env,
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success;
  } catch {
    return false;
  }
}
