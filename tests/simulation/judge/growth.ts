/** Nothing grows: timers, connections, subscriptions and files. */
import type { World } from "../world/world.ts";

/** More timers than this, and two for each target, are never needed. */
const MOST_TIMERS = 40;
const MOST_CONNECTIONS = 2;
/** The judge and the history have one each, and two subscribers have one each to events and log. */
const MOST_SUBSCRIPTIONS = 6;
/** The files, a temporary one of each, and the quarantined ones. */
const MOST_FILES = 12;
/** Files of the history, as in segments.ts. */
const MOST_SEGMENTS = 16;

/** What has grown. */
export function grown({ process, vpp, disk }: World): string | undefined {
  const { timers, daemon, subscriptions } = process!;
  const { backends, encap } = daemon?.checker.current ?? {};
  const tunnels = [...encap?.values() ?? []].reduce((sum, { size }) => sum + size, 0);
  const most = MOST_TIMERS + 2 * ((backends?.size ?? 0) + tunnels);
  if (timers > most) return `${timers} timers`;
  if (subscriptions > MOST_SUBSCRIPTIONS) return `${subscriptions} subscriptions`;
  // A frozen VPP does not notice that a connection has ended.
  if (vpp.connections > MOST_CONNECTIONS && !vpp.frozen) return `${vpp.connections} connections`;
  const files = disk.names.filter((name) => !name.startsWith("history-"));
  const isMuch = files.length > MOST_FILES || disk.names.length - files.length > MOST_SEGMENTS;
  return isMuch ? `files ${disk.names.join(" ")}` : undefined;
}
