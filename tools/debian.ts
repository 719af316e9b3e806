/** Programs of the system, and Debian's packages for those that are missing. */

/** Runs a program; false when it fails or does not exist. Its errors are shown. */
export async function run(command: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, {
      args: [...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
      // Their standard output matters only when they fail.
      stdout: "null",
      stderr: "inherit",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** True when the program is on the PATH. */
export function isThere(program: string): boolean {
  const folders = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`.split(":");
  return folders.some((folder) => {
    try {
      return folder !== "" && Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** True where packages can be installed: Debian, as root. */
export function mayInstall(): boolean {
  return Deno.uid() === 0 && isThere("apt-get");
}

/** Installs packages. `who` begins the line that announces it. */
export async function install(who: string, packages: readonly string[]): Promise<void> {
  console.error(`${who}: installing ${packages.join(" ")}`);
  if (await run("apt-get", ["update", "-q"])) {
    // Another apt may be at work.
    const options = ["-o", "DPkg::Lock::Timeout=300", "-q", "-y", "--no-install-recommends"];
    await run("apt-get", ["install", ...options, ...packages]);
  }
}

/**
 * Takes packages apart into folder `to`, without their scripts: installing some of them starts a
 * server.
 */
export async function extract(
  who: string,
  packages: readonly string[],
  to: string,
): Promise<void> {
  console.error(`${who}: taking apart ${packages.join(" ")}`);
  const folder = await Deno.makeTempDir({ prefix: "maglev-extract-" });
  try {
    const script = 'cd "$1" && shift && apt-get download -q "$@"';
    await run("apt-get", ["update", "-q"]);
    await run("sh", ["-c", script, "sh", folder, ...packages]);
    for await (const { name } of Deno.readDir(folder)) {
      await run("dpkg-deb", ["-x", `${folder}/${name}`, to]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
