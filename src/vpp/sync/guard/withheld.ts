/** Lists operations that are withheld because VPP would crash or lose packets. */
import { protocolName, type VipKey, vipPrefix } from "../../lb/model.ts";
import type { LogFields, Logger } from "../../../base/ports.ts";

/** The reasons to withhold; values of the label `kind` of `maglev_vpp_withheld`. */
export const WITHHELD_KINDS = ["chain", "stats", "recreate", "nat", "limit"] as const;
export type WithheldKind = typeof WITHHELD_KINDS[number];

/** One withheld operation, or several of the same kind. */
export interface Withheld {
  readonly kind: WithheldKind;
  /** The VIP in words; `lb_conf` for the plugin's settings. */
  readonly of: string;
  /** The withheld operation and the reason. */
  readonly message: string;
  /** The VIP, for the log. */
  readonly fields: LogFields;
}

export class WithheldList {
  readonly #logger: Logger;
  readonly #byKey = new Map<string, readonly Withheld[]>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Replaces the items of `key`. Logs each item that was not withheld before as an error. */
  set(key: string, items: readonly Withheld[]): void {
    const before = new Set(this.#byKey.get(key)?.map(({ message }) => message));
    for (const { kind, message, fields } of items) {
      if (before.has(message)) continue;
      this.#logger.error("vpp-withheld", { ...fields, kind, message });
    }
    if (items.length === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, items);
  }

  /** Forgets the keys for which `wanted` is false. */
  keep(wanted: (key: string) => boolean): void {
    for (const key of [...this.#byKey.keys()]) if (!wanted(key)) this.#byKey.delete(key);
  }

  /** Everything, in the order of the keys. */
  list(): readonly Withheld[] {
    return [...this.#byKey].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, items]) => items);
  }
}

/** `of` of what is withheld of a VIP. */
export function withheldVip(vip: VipKey): string {
  return `${vipPrefix(vip)} ${protocolName(vip.protocol)} ${vip.port}`;
}

/** One line: `192.0.2.1/32 tcp 80: …`. */
export function withheldText({ of, message }: Withheld): string {
  return `${of}: ${message}`;
}
