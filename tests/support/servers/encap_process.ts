/**
 * Probes through tunnels from the network namespace of this process, once for each line of its
 * standard input. Arguments: quadruples `VIP server tunnel-source port`; port
 * 0: an echo. Writes the verdicts of one round as
 * a JSON list of texts.
 */
import { linesOf } from "../../../bench/support/lines.ts";
import { parseIp } from "../../../src/base/address.ts";
import { EncapProber } from "../../../src/probe/encap/encap.ts";
import { Cancellation } from "../../../src/probe/prober.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";

const TIMEOUT_MS = 400;
const prober = new EncapProber(new SystemClock());
const probes = Array.from({ length: Deno.args.length / 4 }, (_, i) => {
  const [vip, address, tunnelSource, port] = Deno.args.slice(4 * i, 4 * i + 4);
  const params = {
    type: "encap",
    vip: parseIp(vip!)!,
    vipPort: Number(port),
    tunnelSource: parseIp(tunnelSource!)!,
  } as const;
  return prober.prober({
    address: address!,
    healthcheck: {
      name: "encap",
      port: 0,
      intervalMs: 1000,
      fastIntervalMs: 1000,
      downIntervalMs: 1000,
      timeoutMs: TIMEOUT_MS,
      rise: 1,
      fall: 1,
      probeIpv4Src: undefined,
      probeIpv6Src: undefined,
      params,
    },
  });
});

for await (const _ of linesOf(Deno.stdin.readable)) {
  const verdicts = await Promise.all(probes.map(async (probe) => {
    const cancellation = new Cancellation();
    const timer = setTimeout(() => cancellation.cancel(), TIMEOUT_MS);
    const { code, detail, inconclusive } = await probe(cancellation);
    clearTimeout(timer);
    return `${inconclusive ? "void: " : ""}${code} ${detail}`.trim();
  }));
  console.log(JSON.stringify(verdicts));
}
await prober.close();
Deno.exit(0);
