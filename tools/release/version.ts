/** Version, commit and date of a release, from deno.json and git. */
import type { BuildInfo } from "../../src/base/version.ts";
import { output } from "./command.ts";

/** A build as its packages name it. */
export interface Stamp extends BuildInfo {
  /** Unix time of the commit in seconds: the time of all files. */
  readonly epochS: number;
}

/**
 * The stamp of the checkout at `root`: the version of deno.json on its tag `vVERSION`, else
 * VERSION+gitCOUNT.COMMIT, with `.dirty` when tracked files have changes. Debian sorts these by
 * their order. Throws without git or its history.
 */
export async function stampOf(root: string): Promise<Stamp> {
  const git = (...args: string[]) => output("git", ["-C", root, ...args]);
  const { version } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const [commit, date, epoch] = (await git("show", "-s", "--format=%H %cI %ct", "HEAD")).split(" ");
  const tags = (await git("tag", "--points-at", "HEAD")).split("\n");
  const count = await git("rev-list", "--count", "HEAD");
  const dirty = await git("status", "--porcelain", "--untracked-files=no");
  return {
    version: versionText(version, {
      tagged: tags.includes(`v${version}`),
      dirty: dirty !== "",
      count: Number(count),
      commit: commit!,
    }),
    commit: commit!,
    date: date!,
    epochS: Number(epoch),
  };
}

interface Place {
  readonly tagged: boolean;
  readonly dirty: boolean;
  readonly count: number;
  readonly commit: string;
}

/** The version's text; see stampOf(). */
export function versionText(version: string, place: Place): string {
  if (place.tagged && !place.dirty) return version;
  const text = `${version}+git${place.count}.${place.commit.slice(0, 8)}`;
  return place.dirty ? `${text}.dirty` : text;
}
