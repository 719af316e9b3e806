/** Which prober serves which type of healthcheck. */
import { invariant } from "../base/assert.ts";
import { httpProber } from "./http.ts";
import type { Probe, ProbeSpec } from "./prober.ts";
import { tcpProber } from "./tcp.ts";

/** The probe of a target; the one Prober that the scheduler is given. */
export function probeOf(spec: ProbeSpec): Probe {
  const { params, name } = spec.healthcheck;
  switch (params.type) {
    case "tcp":
      invariant(!params.ssl, `healthcheck ${name}: supported.ts lets no tcp with ssl pass`);
      return tcpProber(spec);
    case "http":
      return httpProber(spec);
    case "https":
    case "icmp":
      invariant(false, `healthcheck ${name}: supported.ts lets no ${params.type} pass`);
  }
}
