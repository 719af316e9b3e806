/** Version, commit and date of a release, from deno.json and git. */
import type { BuildInfo } from "../../src/base/version.ts";
import { output } from "./command.ts";

/** A build as its packages name it. */
export interface Stamp extends BuildInfo {
  /** Unix time of the commit in seconds: the time of all files. */
  readonly epochS: number;
}

/**
 * The stamp of the checkout at `root`. On its tag `vVERSION` it is the version of deno.json, before
 * that tag VERSION~gitCOUNT.COMMIT, after it VERSION+gitCOUNT.COMMIT. `.dirty` follows when tracked
 * files have changes. Debian sorts these by their order. Throws without git or its history.
 */
export async function stampOf(root: string): Promise<Stamp> {
  const git = (...args: string[]) => output("git", ["-C", root, ...args]);
  const { version } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const [commit, date, epoch] = (await git("show", "-s", "--format=%H %cI %ct", "HEAD")).split(" ");
  const tag = `v${version}`;
  const has = async (where: string) => (await git("tag", where, "HEAD")).split("\n").includes(tag);
  const count = await git("rev-list", "--count", "HEAD");
  const dirty = await git("status", "--porcelain", "--untracked-files=no");
  return {
    version: versionText(version, {
      tag: await has("--points-at") ? "here" : await has("--merged") ? "before" : "none",
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
  /** Where the version's tag is: at the commit, at an earlier one, or not in its history. */
  readonly tag: "here" | "before" | "none";
  readonly dirty: boolean;
  readonly count: number;
  readonly commit: string;
}

/** The version's text; see stampOf(). */
export function versionText(version: string, place: Place): string {
  if (place.tag === "here" && !place.dirty) return version;
  // `~` sorts before the end of a version, `+` after it.
  const sign = place.tag === "none" ? "~" : "+";
  const text = `${version}${sign}git${place.count}.${place.commit.slice(0, 8)}`;
  return place.dirty ? `${text}.dirty` : text;
}
