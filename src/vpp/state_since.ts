/** Tracks the time since which a connection to VPP has been in its state. */
import type { WallMs } from "../base/instant.ts";
import type { Clock } from "../base/ports.ts";
import type { VppConnection } from "./ports.ts";

/**
 * Returns a function that returns the Unix time, in milliseconds, since which the connection has
 * been up or down.
 */
export function stateSince(connection: VppConnection, clock: Clock): () => WallMs {
  let sinceMs = clock.wallMs();
  let { kind } = connection.state;
  connection.subscribe((state) => {
    // A change of the stats segment calls listeners as well, but VPP stays connected.
    if (state.kind === kind) return;
    kind = state.kind;
    sinceMs = clock.wallMs();
  });
  return () => sinceMs;
}
