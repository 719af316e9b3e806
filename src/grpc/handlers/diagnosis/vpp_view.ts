/** VPP's state for an explanation: a reading, and what was acknowledged since. */
import { MaglevError } from "../../../base/errors.ts";
import type { VppView } from "../../../explain/vpp_view.ts";
import type { ActualServer, ActualVip, VipKey } from "../../../vpp/lb/model.ts";
import { protocolName, vipKeyText, vipPrefix } from "../../../vpp/lb/model.ts";
import type { Withheld } from "../../../vpp/sync/guard/withheld.ts";
import type { VppApi } from "../../calls/daemon_api.ts";
import type { LbStateReader, SharedReading } from "../lb_state_reader.ts";

/**
 * Reads VPP, or takes a reading that is at most a second old. Use the result synchronously, because
 * it follows later acknowledgements. Never rejects because of VPP.
 */
export async function vppView(
  vpp: VppApi | undefined,
  reader: LbStateReader,
): Promise<VppView> {
  if (vpp === undefined) return { kind: "off" };
  const { connection, reconciler } = vpp;
  const { state } = connection;
  if (state.kind !== "connected") return { kind: "away", reason: state.reason };
  const { lb } = state;
  let reading: SharedReading;
  try {
    reading = await reader.read(lb, reconciler.lbState());
  } catch (error) {
    return { kind: "away", reason: MaglevError.from(error).message };
  }
  if (reconciler.lbState() === undefined) return { kind: "unread" };
  const read = indexed(reading.vips);
  const withheld = reconciler.withheld();
  const before = indexed(reading.before?.vips ?? []);
  return {
    kind: "known",
    can: lb.capabilities,
    vip: (key) => newest(reconciler.vip(key), { key, read, before }),
    since(key, address) {
      const time = reconciler.weightTime(key, address);
      return time === undefined ? undefined : { atMs: time.atMs, atLeast: time.atLeast };
    },
    held: (frontend) => !reconciler.released(frontend),
    withheld: (key) => withheld.filter((item) => concerns(item, key)).map(messageOf),
  };
}

type Vips = ReadonlyMap<string, ActualVip>;

function indexed(vips: readonly ActualVip[]): Vips {
  return new Map(vips.map((vip) => [vipKeyText(vip), vip]));
}

/**
 * A server as read; as known when VPP acknowledged a change of it since the reading began. Known
 * values are replaced, never changed, so another value is a newer one.
 */
function newest(
  known: ActualVip | undefined,
  { key, read, before }: { readonly key: VipKey; readonly read: Vips; readonly before: Vips },
): ActualVip | undefined {
  const was = before.get(vipKeyText(key));
  const found = read.get(vipKeyText(key));
  if (known === was) return found;
  // Another VIP than that of the reading: added, or removed meanwhile.
  if (known === undefined || found === undefined || was === undefined) return known;
  const byAddress = (servers: readonly ActualServer[]) =>
    new Map(servers.map((server) => [server.address.text, server]));
  const [wasAt, foundAt] = [byAddress(was.servers), byAddress(found.servers)];
  const servers = known.servers.map((server) => {
    const { text } = server.address;
    return server === wasAt.get(text) ? foundAt.get(text) ?? server : server;
  });
  return { ...known, servers };
}

function concerns({ fields }: Withheld, key: VipKey): boolean {
  return fields.vip === vipPrefix(key) && fields.protocol === protocolName(key.protocol) &&
    fields.port === key.port;
}

function messageOf({ message }: Withheld): string {
  return message;
}
