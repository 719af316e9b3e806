/**
 * Probes through tunnels from the network namespace of this process, once for each line of its
 * standard input. Arguments: triples `VIP server tunnel-source`. Writes the verdicts of one round as
 * a JSON list of texts.
 */
import { linesOf } from "../../../bench/support/lines.ts";
import { parseIp } from "../../../src/base/address.ts";
import { EncapProber } from "../../../src/probe/encap/encap.ts";
import { Cancellation } from "../../../src/probe/prober.ts";

const TIMEOUT_MS = 400;
const prober = new EncapProber();
const probes = Array.from({ length: Deno.args.length / 3 }, (_, i) => {
  const [vip, server, tunnelSource] = Deno.args.slice(3 * i).map((text) => parseIp(text)!);
  return prober.prober({
    vip: vip!,
    server: server!,
    tunnelSource: tunnelSource!,
    source: undefined,
    timeoutMs: TIMEOUT_MS,
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
