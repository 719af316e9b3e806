/**
 * Version, commit and date of what runs. A release has them in base/version.ts. In a checkout the
 * launcher reads them from git and hands them over in MAGLEV_BUILD, so that no permission is needed
 * for git's files.
 */
import { BUILD, type BuildInfo } from "../../base/version.ts";

/** Parses the launcher's stamp, `COMMIT` or `COMMIT DATE`; any other text is ignored. */
const STAMP =
  /^([0-9a-f]{40}|[0-9a-f]{64})(?: (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)))?$/;

let known: BuildInfo | undefined;

/** Version, commit and date of this build; read once. */
export function buildInfo(): BuildInfo {
  known ??= stamped(BUILD, Deno.env.get("MAGLEV_BUILD") ?? "");
  return known;
}

/** `build` with the commit and date of `stamp`, unless it has its own. */
export function stamped(build: BuildInfo, stamp: string): BuildInfo {
  const match = STAMP.exec(stamp);
  if (match === null || build.commit !== "unknown") return build;
  const [, commit = "unknown", date = "unknown"] = match;
  return { ...build, commit, date };
}
