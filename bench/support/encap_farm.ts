/**
 * Servers of one VIP for probes through tunnels, in a network namespace: all of 10.1.0.0/16 (see
 * tunnelAddress()), whose kernel answers, after a small program has taken GRE apart. Needs root.
 * Writes its port and the namespace of the prober as JSON; ends with its standard input.
 */
import { EncapServer } from "../../tests/support/servers/encap_server.ts";
import { NO_NETNS, PAIR_SERVER4, withPair } from "../../tests/support/servers/netns.ts";
import { ENCAP_VIP } from "./farm_address.ts";
import { linesOf } from "./lines.ts";

const PORT = 8080;

if (NO_NETNS !== undefined) throw new Error(`no servers behind tunnels: ${NO_NETNS}`);
await withPair(async ({ prober, server, other }) => {
  await server.sysctl("net.ipv4.conf.all.rp_filter=0");
  await server.sysctl(`net.ipv4.conf.${other}.rp_filter=0`);
  await server.ip("route add local 10.1.0.0/16 dev lo");
  await prober.ip(`route add default via ${PAIR_SERVER4}`);
  const servers = new EncapServer(server.name, [`${ENCAP_VIP}/32`]);
  await servers.start(PORT);
  try {
    console.log(JSON.stringify({ port: PORT, netns: prober.name }));
    for await (const _ of linesOf(Deno.stdin.readable));
  } finally {
    await servers.end();
  }
});
Deno.exit(0);
