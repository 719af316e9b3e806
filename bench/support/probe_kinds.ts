/** The kinds of probe of the engine's benchmark, and the servers that they need. */
import { parseIp } from "../../src/base/address.ts";
import type { ProbeParams } from "../../src/config/model.ts";
import { ENCAP_VIP } from "./farm_address.ts";

/** One kind. */
export interface BenchKind {
  /** The kind of the farm, and of the reference (see farm.ts, reference.ts). */
  readonly farm: string;
  /** Parameters; `ca` is the file of the authority of a farm with TLS. */
  readonly params: (ca: string) => ProbeParams;
  /** The probes are sent from a source address. */
  readonly source?: true;
}

const HTTP: ProbeParams & { type: "http" } = {
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
};

const TCP: ProbeParams & { type: "tcp" } = {
  type: "tcp",
  ssl: false,
  serverName: "",
  insecureSkipVerify: false,
  alpn: [],
};

const ENCAP: ProbeParams & { type: "encap" } = {
  type: "encap",
  vip: parseIp(ENCAP_VIP)!,
  vipPort: 0,
  tunnelSource: parseIp("203.0.113.9")!,
};

/** TLS of the farm. */
function tls(path: string) {
  const ca = { path, pem: Deno.readTextFileSync(path) };
  return { serverName: "good.test", insecureSkipVerify: false, alpn: ["http/1.1"], ca };
}

/** By name. */
export const BENCH_KINDS: Readonly<Record<string, BenchKind>> = {
  "tcp": { farm: "tcp", params: () => TCP },
  "tcp-source": { farm: "tcp", params: () => TCP, source: true },
  "tcp-steps": {
    farm: "http",
    params: () => ({
      ...TCP,
      steps: [
        { kind: "send", text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
        { kind: "expect", text: "200 OK" },
      ],
    }),
  },
  "http": { farm: "http", params: () => HTTP },
  "https": { farm: "https", params: (ca) => ({ ...HTTP, ...tls(ca), type: "https" }) },
  "http2": { farm: "http2", params: () => ({ ...HTTP, http2: true }) },
  "grpc": {
    farm: "grpc",
    params: () => ({
      type: "grpc",
      ssl: false,
      service: "",
      authority: "",
      serverName: "",
      insecureSkipVerify: false,
      alpn: ["h2"],
    }),
  },
  "udp": {
    farm: "udp",
    params: () => ({ type: "udp", send: "ping", expect: "", silence: "fail" }),
  },
  "dns": {
    farm: "udp",
    params: () => ({
      type: "dns",
      name: "www.example.com",
      qtype: "A",
      transport: "udp",
      rcode: "NOERROR",
      answer: "",
      recursion: true,
    }),
  },
  "agent": { farm: "agent", params: () => ({ type: "agent" }) },
  "encap-icmp": { farm: "encap", params: () => ENCAP },
  "encap-tcp": { farm: "encap", params: () => ({ ...ENCAP, vipPort: 8080 }) },
  "icmp": { farm: "icmp", params: () => ({ type: "icmp" }) },
};
