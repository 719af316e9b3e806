/** Version of the daemon, and the role of the caller. */
import { buildInfo } from "../../system/launch/build.ts";
import type { Handler } from "../calls/calls.ts";
import { unixNanoseconds } from "./convert.ts";
import type { GetVersionRequest, VersionInfo } from "../gen/maglev.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";

export function getVersion({ startedAtMs }: DaemonApi): Handler<GetVersionRequest, VersionInfo> {
  const { version, commit, date } = buildInfo();
  const info = { version, commit, buildDate: date, startedUnixNs: unixNanoseconds(startedAtMs) };
  return (_, { caller }) => ({ ...info, role: caller.role });
}
