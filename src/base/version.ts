/** The version; the release build replaces this file's values. */
export interface BuildInfo {
  readonly version: string;
  /** Git commit, or "unknown": buildInfo() of system/launch/build.ts finds that of a checkout. */
  readonly commit: string;
  /** RFC 3339 date of the commit, or "unknown". */
  readonly date: string;
}

export const BUILD: BuildInfo = { version: "0.1.0", commit: "unknown", date: "unknown" };
