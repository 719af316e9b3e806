/** What answers here. */
import { BUILD } from "../../base/version.ts";
import type { Handler } from "../calls.ts";
import { nanoseconds } from "../convert.ts";
import type { GetVersionRequest, VersionInfo } from "../gen/maglev.ts";
import type { DaemonDoor } from "../ports.ts";

export function getVersion({ startedAtMs }: DaemonDoor): Handler<GetVersionRequest, VersionInfo> {
  const { version, commit, date } = BUILD;
  const info = { version, commit, buildDate: date, startedUnixNs: nanoseconds(startedAtMs) };
  return (_, { caller }) => ({ ...info, role: caller.role });
}
