/** Selects the prober for each type of healthcheck. */
import { invariant } from "../base/assert.ts";
import { grpcProber } from "./grpc/grpc.ts";
import { httpProber } from "./http/http.ts";
import { httpsProber } from "./http/https.ts";
import type { Probe, Prober, ProbeSpec } from "./prober.ts";
import { stepsProber } from "./steps/steps.ts";
import { tcpProber } from "./net/tcp.ts";
import { tlsProber } from "./tls/tls.ts";

/** The probe of a target. `icmp` makes the probes of type icmp, which share a worker's sockets. */
export function probeOf(spec: ProbeSpec, icmp?: Prober): Probe {
  const { params, name } = spec.healthcheck;
  switch (params.type) {
    case "tcp":
      if (params.steps !== undefined) return stepsProber(spec);
      return params.ssl ? tlsProber(spec) : tcpProber(spec);
    case "http":
      return httpProber(spec);
    case "icmp":
      invariant(icmp !== undefined, `healthcheck ${name}: type icmp needs the argument icmp`);
      return icmp(spec);
    case "grpc":
      return grpcProber(spec);
    case "https":
      return httpsProber(spec);
  }
}
