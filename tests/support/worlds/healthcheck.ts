/** Healthchecks for tests, complete except for the fields that a test sets. */
import type {
  DnsParams,
  HealthcheckConfig,
  HttpParams,
  ProbeParams,
} from "../../../src/config/model.ts";

export const TCP: ProbeParams & { type: "tcp" } = {
  type: "tcp",
  ssl: false,
  serverName: "",
  insecureSkipVerify: false,
  alpn: [],
};

/** Parameters of a grpc check of the server as a whole, without TLS. */
export const GRPC: ProbeParams & { type: "grpc" } = {
  type: "grpc",
  ssl: false,
  service: "",
  authority: "",
  serverName: "",
  insecureSkipVerify: false,
  alpn: ["h2"],
};

/** Parameters of a udp check that sends PING and expects PONG. */
export const UDP: ProbeParams & { type: "udp" } = {
  type: "udp",
  send: "PING",
  expect: "PONG",
  silence: "fail",
};

/** Parameters of a dns check: A of www.example.test over UDP, but for `changes`. */
export function dns(changes: Partial<DnsParams> = {}): ProbeParams & { type: "dns" } {
  return {
    type: "dns",
    name: "www.example.test",
    qtype: "A",
    transport: "udp",
    rcode: "NOERROR",
    answer: "",
    recursion: true,
    ...changes,
  };
}

/** Parameters of an http check: GET / and status 200, but for `changes`. */
export function http(changes: Partial<HttpParams> = {}): ProbeParams & { type: "http" } {
  return {
    type: "http",
    path: "/",
    host: "",
    method: "GET",
    body: "",
    headers: [],
    removedHeaders: [],
    responseCodes: [[200, 200]],
    responseRegexp: "",
    responseRegexpNot: "",
    ...changes,
  };
}

/** A TCP check of port 1 each second, rise 2, fall 3, but for `changes`. */
export function healthcheck(changes: Partial<HealthcheckConfig> = {}): HealthcheckConfig {
  return {
    name: "check",
    port: 1,
    intervalMs: 1000,
    fastIntervalMs: 1000,
    downIntervalMs: 1000,
    timeoutMs: 500,
    rise: 2,
    fall: 3,
    probeIpv4Src: undefined,
    probeIpv6Src: undefined,
    params: TCP,
    ...changes,
  };
}
