/**
 * Servers of one VIP for probes through tunnels, in a network namespace: all of 10.1.0.0/16 (see
 * tunnelAddress()), whose kernel answers, after a small program has taken GRE apart. Needs root.
 * Argument: milliseconds by which that program delays packets, default none. Writes its port and the namespace of the prober as JSON; ends with its standard input.
 */
import { EncapServer } from "../../tests/support/servers/encap_server.ts";
import { NO_NETNS, PAIR_SERVER4, withPair } from "../../tests/support/servers/netns.ts";
import { ENCAP_PORT, ENCAP_VIP } from "./farm_address.ts";
import { linesOf } from "./lines.ts";

if (NO_NETNS !== undefined) throw new Error(`no servers behind tunnels: ${NO_NETNS}`);
await withPair(async ({ prober, server, other }) => {
  await server.sysctl("net.ipv4.conf.all.rp_filter=0");
  await server.sysctl(`net.ipv4.conf.${other}.rp_filter=0`);
  await server.ip("route add local 10.1.0.0/16 dev lo");
  await prober.ip(`route add default via ${PAIR_SERVER4}`);
  const servers = new EncapServer(server.name, [`${ENCAP_VIP}/32`], Number(Deno.args[0] ?? 0));
  await servers.start(ENCAP_PORT);
  try {
    console.log(JSON.stringify({ port: ENCAP_PORT, netns: prober.name }));
    for await (const _ of linesOf(Deno.stdin.readable));
  } finally {
    await servers.end();
  }
});
Deno.exit(0);
