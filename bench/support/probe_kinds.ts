/** The kinds of probe of the engine's benchmark, and the servers that they need. */
import { parseIp } from "../../src/base/address.ts";
import { UNREAD_PAIR } from "../../src/config/client_certificates.ts";
import type { ProbeParams } from "../../src/config/model.ts";
import { ENCAP_PORT, ENCAP_SOURCE, ENCAP_VIP } from "./farm_address.ts";

/** Paths of PEM files, for a farm with TLS. */
export interface TlsFiles {
  /** Of the authority of the servers. */
  readonly ca: string;
  /** The certificate of the prober and its key. */
  readonly cert: string;
  readonly key: string;
}

/** One kind. */
export interface BenchKind {
  /** The kind of the farm (farms.ts). */
  readonly farm: string;
  readonly params: (files: TlsFiles) => ProbeParams;
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

const DNS: ProbeParams & { type: "dns" } = {
  type: "dns",
  name: "www.example.com",
  qtype: "A",
  transport: "udp",
  rcode: "NOERROR",
  answer: "",
  recursion: true,
};

const ENCAP: ProbeParams & { type: "encap" } = {
  type: "encap",
  vip: parseIp(ENCAP_VIP)!,
  vipPort: 0,
  tunnelSource: parseIp(ENCAP_SOURCE)!,
};

/** TLS of the farm. */
function tls({ ca: path }: TlsFiles) {
  const ca = { path, pem: Deno.readTextFileSync(path) };
  return { serverName: "good.test", insecureSkipVerify: false, alpn: ["http/1.1"], ca };
}

/** The certificate that the prober shows. */
function client({ cert: certPath, key: keyPath }: TlsFiles) {
  const [cert, key] = [certPath, keyPath].map((path) => Deno.readTextFileSync(path));
  return { certPath, keyPath, ...UNREAD_PAIR, cert: cert!, key: key! };
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
  "https": { farm: "https", params: (files) => ({ ...HTTP, ...tls(files), type: "https" }) },
  "https-client": {
    farm: "https-client",
    params: (files) => ({ ...HTTP, ...tls(files), type: "https", client: client(files) }),
  },
  "http-proxy": { farm: "http", params: () => ({ ...HTTP, proxyProtocol: "v2" }) },
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
  "dns": { farm: "udp", params: () => DNS },
  "dns-tcp": { farm: "dns-tcp", params: () => ({ ...DNS, transport: "tcp" }) },
  "agent": { farm: "agent", params: () => ({ type: "agent" }) },
  "encap-icmp": { farm: "encap", params: () => ENCAP },
  "encap-tcp": { farm: "encap", params: () => ({ ...ENCAP, vipPort: ENCAP_PORT }) },
  "icmp": { farm: "icmp", params: () => ({ type: "icmp" }) },
};
