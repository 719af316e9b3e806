/** Which prober serves which type of healthcheck. */
import { invariant } from "../base/assert.ts";
import { httpProber } from "./http.ts";
import type { Probe, ProbeSpec } from "./prober.ts";
import { httpsProber } from "./https.ts";
import { tcpProber } from "./tcp.ts";
import { tlsProber } from "./tls.ts";

/** The probe of a target; the one Prober that the scheduler is given. */
export function probeOf(spec: ProbeSpec): Probe {
  const { params, name } = spec.healthcheck;
  switch (params.type) {
    case "tcp":
      return params.ssl ? tlsProber(spec) : tcpProber(spec);
    case "http":
      return httpProber(spec);
    case "https":
      return httpsProber(spec);
    case "icmp":
      invariant(false, `healthcheck ${name}: supported.ts lets no icmp pass`);
  }
}
