/** Since when a connection to VPP is in its state. */
import type { WallMs } from "../base/instant.ts";
import type { Clock } from "../base/ports.ts";
import type { VppConnection } from "./ports.ts";

/**
 * Returns a function that gives the Unix time, in milliseconds, since which the connection is up, or
 * away.
 */
export function stateSince(connection: VppConnection, clock: Clock): () => WallMs {
  let sinceMs = clock.wallMs();
  let { kind } = connection.state;
  connection.subscribe((state) => {
    // A stats segment that comes or goes is a change as well, but VPP stays connected.
    if (state.kind === kind) return;
    kind = state.kind;
    sinceMs = clock.wallMs();
  });
  return () => sinceMs;
}
