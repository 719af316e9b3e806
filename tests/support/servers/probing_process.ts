/**
 * Probes of every kind, run once for each line of its standard input, under whatever its
 * environment does to system calls. A line selects which: all, datagram (ICMP and UDP), tcp (the
 * others), or source (those of tcp from a source address). Writes the verdicts as one JSON object a
 * line. Arguments: port of plain TCP and HTTP, port of TLS, port of UDP and DNS.
 */
import { linesOf } from "../../../bench/support/lines.ts";
import { parseIp } from "../../../src/base/address.ts";
import type { ProbeParams, TcpStep } from "../../../src/config/model.ts";
import { IcmpProber } from "../../../src/probe/icmp/icmp.ts";
import type { Verdict } from "../../../src/probe/outcome.ts";
import { Cancellation } from "../../../src/probe/prober.ts";
import { probeOf } from "../../../src/probe/probers.ts";
import { UdpSockets } from "../../../src/probe/udp/sockets.ts";
import { dns, healthcheck, http, TCP, UDP } from "../worlds/healthcheck.ts";

const [plain, secure, udpPort] = Deno.args.map(Number) as [number, number, number];
const TLS = { serverName: "", insecureSkipVerify: true, alpn: [] };
const GET: TcpStep[] = [
  { kind: "send", text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { kind: "expect", text: "200" },
];
const KINDS: Readonly<Record<string, [port: number, params: ProbeParams]>> = {
  tcp: [plain, TCP],
  http: [plain, http()],
  steps: [plain, { ...TCP, steps: GET }],
  tls: [secure, { type: "tcp", ssl: true, ...TLS }],
  https: [secure, { ...http(), ...TLS, type: "https" }],
  icmp: [0, { type: "icmp" }],
  udp: [udpPort, { ...UDP, expect: "" }],
  dns: [udpPort, dns()],
};

const DATAGRAMS = ["icmp", "udp", "dns"];

for await (const line of linesOf(Deno.stdin.readable)) {
  if (line === "end") break;
  const verdicts: Record<string, Verdict> = {};
  for (const [kind, [port, params]] of Object.entries(KINDS)) {
    for (const source of [undefined, "127.0.0.9"]) {
      if (line !== "all" && (line === "datagram") !== DATAGRAMS.includes(kind)) continue;
      if (line === "source" && source === undefined) continue;
      const icmp = new IcmpProber();
      const udp = new UdpSockets();
      const probeIpv4Src = source === undefined ? undefined : parseIp(source);
      const spec = {
        address: "127.0.0.1",
        healthcheck: healthcheck({ port, params, timeoutMs: 1000, probeIpv4Src }),
      };
      const cancellation = new Cancellation();
      const deadline = setTimeout(() => cancellation.cancel(), 1000);
      const name = source === undefined ? kind : `${kind} from a source`;
      verdicts[name] = await probeOf(spec, { icmp: icmp.prober, udp })(cancellation);
      clearTimeout(deadline);
      await icmp.close();
      await udp.reset("the end");
    }
  }
  console.log(JSON.stringify(verdicts));
}
Deno.exit(0);
