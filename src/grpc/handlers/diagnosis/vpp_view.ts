/** VPP's state for an explanation: a reading, and what was acknowledged since. */
import { MaglevError } from "../../../base/errors.ts";
import type { WallMs } from "../../../base/instant.ts";
import type { KnownVpp, VppView } from "../../../explain/vpp_view.ts";
import type { ActualServer, ActualVip, LbCapabilities, VipKey } from "../../../vpp/lb/model.ts";
import { protocolName, vipKeyText, vipPrefix } from "../../../vpp/lb/model.ts";
import { compareByAddress } from "../../../vpp/lb/order.ts";
import type { Withheld } from "../../../vpp/sync/guard/withheld.ts";
import type { VppApi } from "../../calls/daemon_api.ts";
import { knownBefore, type LbStateReader, type SharedReading } from "../lb_state_reader.ts";

/**
 * Reads VPP, or takes a reading that is at most `freshMs` old, a second by default. Use the result synchronously, because
 * it follows later acknowledgements. Never rejects because of VPP.
 */
export async function vppView(
  vpp: VppApi | undefined,
  reader: LbStateReader,
  freshMs?: number,
): Promise<VppView & { readonly readAtMs?: WallMs }> {
  if (vpp === undefined) return { kind: "off" };
  const { connection, reconciler } = vpp;
  const { state } = connection;
  if (state.kind !== "connected") return { kind: "away", reason: state.reason };
  const { lb } = state;
  let reading: SharedReading;
  try {
    reading = await reader.read(lb, knownBefore(vpp), freshMs);
  } catch (error) {
    return { kind: "away", reason: MaglevError.from(error).message };
  }
  if (reconciler.lbState() === undefined) return { kind: "unread" };
  const read = indexed(reading.vips);
  const { weightChanges } = reading.before;
  const before = indexed(reading.before.state?.vips ?? []);
  const view = knownView(reconciler, lb.capabilities, (key) => {
    const text = vipKeyText(key);
    return newest(
      { known: reconciler.vip(key), was: before.get(text), found: read.get(text) },
      (address) => (reconciler.weightTime(key, address)?.change ?? 0) > weightChanges,
    );
  });
  return { ...view, readAtMs: reading.atMs };
}

/** VPP as the reconciler has it, with the VIPs of `vip`. */
export function knownView(
  reconciler: VppApi["reconciler"],
  can: LbCapabilities,
  vip: KnownVpp["vip"],
): KnownVpp {
  const withheld = reconciler.withheld();
  return {
    kind: "known",
    can,
    vip,
    since(key, address) {
      const time = reconciler.weightTime(key, address);
      return time === undefined ? undefined : { atMs: time.atMs, atLeast: time.atLeast };
    },
    held: (frontend) => !reconciler.released(frontend),
    withheld: (key) => withheld.filter((item) => concerns(item, key)).map(messageOf),
  };
}

function indexed(vips: readonly ActualVip[]): ReadonlyMap<string, ActualVip> {
  return new Map(vips.map((vip) => [vipKeyText(vip), vip]));
}

/** One VIP as known now, as known when the reading began, and as read. */
interface Versions {
  readonly known: ActualVip | undefined;
  readonly was: ActualVip | undefined;
  readonly found: ActualVip | undefined;
}

/**
 * The VIP as read, with what VPP acknowledged since the reading began: servers for which `isNewer`
 * is true, and those that were removed. A server that only the reading has is another program's.
 */
function newest(
  { known, was, found }: Versions,
  isNewer: (address: string) => boolean,
): ActualVip | undefined {
  if (known === was) return found;
  if (known === undefined) return undefined;
  const own = known.servers.filter(({ address }) => isNewer(address.text));
  if (found === undefined) return was === undefined || own.length > 0 ? known : undefined;
  const addresses = (servers: readonly ActualServer[]) =>
    new Set(servers.map(({ address }) => address.text));
  const [wasThere, isThere] = [addresses(was?.servers ?? []), addresses(known.servers)];
  const read = found.servers.filter(({ address: { text } }) =>
    !isNewer(text) && (isThere.has(text) || !wasThere.has(text))
  );
  return { ...known, servers: [...own, ...read].sort(compareByAddress) };
}

function concerns({ fields }: Withheld, key: VipKey): boolean {
  return fields.vip === vipPrefix(key) && fields.protocol === protocolName(key.protocol) &&
    fields.port === key.port;
}

function messageOf({ message }: Withheld): string {
  return message;
}
