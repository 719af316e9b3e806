/** PURE. Warnings at the start of a run, about settings that will limit what it can measure. */
import { formatDuration } from "../base/duration.ts";
import type { CommandLine } from "./flags.ts";
import { MAX_IN_FLIGHT } from "./grid.ts";
import type { Vip } from "./targets.ts";

/** Probes a second over TLS from one source address, above which ports may run out (TIME_WAIT). */
const MAX_SOURCED_TLS = 470;

/** The warnings, as sentences. */
export function startWarnings(command: CommandLine, vips: readonly Vip[]): readonly string[] {
  return [...portWarnings(command, vips), ...boundWarnings(command)];
}

/** Connections over TLS close with a FIN, and hold their local port for a minute afterwards. */
function portWarnings({ settings, sources }: CommandLine, vips: readonly Vip[]): readonly string[] {
  if (sources.length === 0 || settings.keepalive) return [];
  const tls = vips.filter(({ probing, address }) =>
    probing.kind === "get" && probing.tls && sources.some(({ family }) => family === address.family)
  );
  const perSecond = Math.round(tls.length * 1000 / settings.interval);
  if (perSecond <= MAX_SOURCED_TLS) return [];
  return [
    `${perSecond} probes a second over TLS from one source address may use up its local ports, ` +
    `which stay in TIME_WAIT for 60 s (at most about ${MAX_SOURCED_TLS} a second); ` +
    "use a longer --interval, --keepalive, or no --source",
  ];
}

/** Probes beyond the bound are not sent, so an outage by timeouts is sampled in bursts. */
function boundWarnings({ settings: { interval, timeout } }: CommandLine): readonly string[] {
  const longest = (MAX_IN_FLIGHT - 1) * interval;
  if (timeout <= longest) return [];
  return [
    `at most ${MAX_IN_FLIGHT} probes of a VIP are in flight: without answers probes pause for up ` +
    `to ${formatDuration(timeout - longest)}, and the end of an outage is measured late by that; ` +
    `use --timeout ${formatDuration(longest)} or less, or a longer --interval`,
  ];
}
