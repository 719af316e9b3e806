/** Another program that changes VPP. */
import { formatAddress46 } from "../../../src/sim/plugin/address46.ts";
import type { LbPlugin } from "../../../src/sim/plugin/plugin.ts";
import type { Vip, VipName } from "../../../src/sim/plugin/types.ts";
import { VPP_ENCAPS } from "../../../src/vpp/lb/model.ts";
import { ip } from "../world/addresses.ts";
import { inFamily, SERVERS } from "../world/configs.ts";
import type { Dice } from "../world/dice.ts";

/** Changes one thing. */
export function editVpp(
  plugin: LbPlugin,
  { dice, weights }: { readonly dice: Dice; readonly weights: boolean },
): void {
  const vips = [...plugin.vips()].filter(({ used }) => used);
  if (vips.length === 0) return;
  const vip = dice.pick(vips);
  const name = nameOf(vip);
  const servers = [...plugin.serversOf(vip)].filter(({ used }) => used)
    .map((server) => ip(formatAddress46(server.address)));
  const family = vip.type.endsWith("gre6") ? 6 : 4;
  const other = ip(inFamily(dice.pick(SERVERS), family));
  const server = servers.length === 0 ? other : dice.pick(servers);
  switch (dice.integer(0, 4)) {
    case 0: {
      const weight = dice.integer(0, 100);
      if (weights) plugin.setWeight(name, { address: server, weight, flush: false });
      return;
    }
    case 1:
      plugin.deleteServer(name, { address: server, flush: dice.oneIn(2) });
      return;
    case 2:
      plugin.addServer(name, {
        address: other,
        weight: weights ? 7 : 100,
        flush: false,
      });
      return;
    case 3:
      plugin.deleteVip(name);
      return;
    case 4:
      plugin.addVip({
        pfx: { address: ip("203.0.113.9"), len: 32 },
        protocol: 6,
        port: 80,
        encap: 0,
        dscp: 0,
        type: 0,
        targetPort: 0,
        newFlowsTableLength: 64,
        srcIpSticky: false,
      });
      return;
  }
}

/** Puts a NAT VIP in the place of one, which maglevd must not remove. */
export function putNat(plugin: LbPlugin, dice: Dice): void {
  const vips = [...plugin.vips()].filter(({ used, port }) => used && port !== 0);
  if (vips.length === 0) return;
  const name = nameOf(dice.pick(vips));
  plugin.deleteVip(name);
  plugin.addVip({
    ...name,
    encap: VPP_ENCAPS.indexOf(name.pfx.address.family === 4 ? "nat4" : "nat6"),
    dscp: 0,
    type: 0,
    targetPort: 8080,
    newFlowsTableLength: 64,
    srcIpSticky: false,
  });
}

/** The name of a VIP in requests. */
function nameOf({ prefix, length, protocol, port }: Vip): VipName {
  const address = ip(formatAddress46(prefix));
  const pfx = { address, len: address.family === 4 ? length - 96 : length };
  return { pfx, protocol, port };
}
