/** Lists operations that are withheld because VPP would not survive them, or would lose packets. */
import type { LogFields, Logger } from "../../../base/ports.ts";

/** Why something is withheld; values of the label `kind` of `maglev_vpp_withheld`. */
export const WITHHELD_KINDS = ["chain", "stats", "recreate", "nat", "limit"] as const;
export type WithheldKind = typeof WITHHELD_KINDS[number];

/** One thing that is withheld. */
export interface Withheld {
  readonly kind: WithheldKind;
  /** Of which VIP, in words; `lb_conf` for the plugin's settings. */
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

  /** Replaces what is withheld of `key`. What was not withheld before is an error in the log. */
  set(key: string, items: readonly Withheld[]): void {
    const before = new Set(this.#byKey.get(key)?.map(({ message }) => message));
    for (const { kind, message, fields } of items) {
      if (before.has(message)) continue;
      this.#logger.error("vpp-withheld", { ...fields, kind, message });
    }
    if (items.length === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, items);
  }

  /** Forgets what `wanted` does not pick. */
  keep(wanted: (key: string) => boolean): void {
    for (const key of [...this.#byKey.keys()]) if (!wanted(key)) this.#byKey.delete(key);
  }

  /** Everything, in the order of the keys. */
  list(): readonly Withheld[] {
    return [...this.#byKey].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, items]) => items);
  }
}

/** One line: `192.0.2.1/32 tcp 80: …`. */
export function withheldText({ of, message }: Withheld): string {
  return `${of}: ${message}`;
}
