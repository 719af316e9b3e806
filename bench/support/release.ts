/**
 * Which maglevd a benchmark starts. Operators run a release, which is bundled, so times of a start
 * are those of a release. `deno run -A tools/release/main.ts library` builds the folder.
 */

/**
 * The launcher in the folder of a release (the archive's `lib`, the package's `/usr/lib/vpp-maglev`);
 * undefined, for the launcher of this checkout, when `folder` is empty.
 */
export function launcherIn(folder: string): readonly string[] | undefined {
  return folder === "" ? undefined : ["sh", `${Deno.realPathSync(folder)}/launcher.sh`];
}
