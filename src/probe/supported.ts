/**
 * PURE. What this build can probe. A definition it cannot probe is refused by name, at `--check`
 * and at start, so that nothing is silently not probed.
 */
import type { HealthcheckConfig } from "../config/model.ts";

/**
 * One sentence that names what of `healthcheck`, in network namespace `netns` (empty: the
 * daemon's own), this build cannot probe; undefined when it can probe all of it. When several
 * things are unsupported the first is named.
 */
export function unsupported(healthcheck: HealthcheckConfig, netns: string): string | undefined {
  const { name, params } = healthcheck;
  const where = `healthcheck ${JSON.stringify(name)}`;
  if (params.type === "icmp") {
    return `${where}: type icmp is not supported by this build; use tcp or http`;
  }
  if (netns !== "") {
    return `${where}: healthchecker.netns (${JSON.stringify(netns)}) is not supported by this ` +
      "build; leave it out and start the daemon inside the namespace";
  }
  return undefined;
}
