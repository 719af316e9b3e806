/**
 * PURE. What this build can probe. A definition it cannot probe is refused by name, at `--check`
 * and at start, so that nothing is silently not probed.
 */
import type { HealthcheckConfig } from "../config/model.ts";

/**
 * One sentence that names what of `healthcheck` this build cannot probe; undefined when it can probe all of it. When several
 * things are unsupported the first is named.
 */
export function unsupported(healthcheck: HealthcheckConfig): string | undefined {
  const { name, params } = healthcheck;
  const where = `healthcheck ${JSON.stringify(name)}`;
  if (params.type === "https") {
    return `${where}: type ${params.type} is not supported by this build; use tcp, http or icmp`;
  }
  if (params.type === "tcp" && params.ssl) {
    return `${where}: params.ssl is not supported by this build; leave it out or set it to false`;
  }
  if (params.type === "icmp") return undefined;
  if (healthcheck.probeIpv4Src !== undefined) {
    return `${where}: probe-ipv4-src is not supported by this build; leave it out`;
  }
  if (healthcheck.probeIpv6Src !== undefined) {
    return `${where}: probe-ipv6-src is not supported by this build; leave it out`;
  }
  return undefined;
}
