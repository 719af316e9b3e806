/** Selects the prober for each type of healthcheck. */
import { invariant } from "../base/assert.ts";
import { agentProber } from "./agent/agent.ts";
import { dnsProber } from "./dns/dns.ts";
import { grpcProber } from "./grpc/grpc.ts";
import { httpProber } from "./http/http.ts";
import { httpsProber } from "./http/https.ts";
import type { Probe, Prober, ProbeSpec } from "./prober.ts";
import { stepsProber } from "./steps/steps.ts";
import { tcpProber } from "./net/tcp.ts";
import { tlsProber } from "./tls/tls.ts";
import type { UdpSockets } from "./udp/sockets.ts";
import { udpProber } from "./udp/udp.ts";

/** The probers that share a worker's sockets; absent: none of the types that need them is probed. */
export interface SocketProbers {
  readonly icmp?: Prober;
  /** Sockets of types dns and udp. */
  readonly udp?: UdpSockets;
  readonly encap?: Prober;
}

/** The probe of a target. */
export function probeOf(spec: ProbeSpec, { icmp, udp, encap }: SocketProbers = {}): Probe {
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
    case "encap":
      invariant(encap !== undefined, `healthcheck ${name}: type encap needs the argument encap`);
      return encap(spec);
    case "agent":
      return agentProber(spec);
    case "grpc":
      return grpcProber(spec);
    case "dns":
      invariant(udp !== undefined, `healthcheck ${name}: type dns needs the argument udp`);
      return dnsProber(spec, udp);
    case "udp":
      invariant(udp !== undefined, `healthcheck ${name}: type udp needs the argument udp`);
      return udpProber(spec, udp);
    case "https":
      return httpsProber(spec);
  }
}
