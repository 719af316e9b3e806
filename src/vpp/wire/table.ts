/**
 * The message table of one connection. Ids differ between VPPs and after every restart; the name
 * of a message with the CRC of its definition stays the same.
 */
import type { MessageCodec } from "./codec.ts";

/** Both directions of a `name_crc` → id table. */
export class MessageTable {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #keys: (string | undefined)[] = [];

  constructor(ids: ReadonlyMap<string, number>) {
    this.#ids = ids;
    for (const [key, id] of ids) this.#keys[id] = key;
  }

  /** The id of a message in this VPP; undefined when it lacks the message. */
  idOf(codec: MessageCodec<unknown>): number | undefined {
    return this.#ids.get(codec.key);
  }

  /** Name of the message with this id, without CRC; undefined for an unknown id. */
  nameOf(id: number): string | undefined {
    return this.#keys[id]?.replace(/_[0-9a-f]{8}$/, "");
  }

  /**
   * Returns those of `wanted` that this VPP lacks, sorted, in a form for operators:
   * `lb_conf_get_51077d14`. When VPP has a message of that name with another CRC, it is added.
   */
  missing(wanted: Iterable<MessageCodec<unknown>>): string[] {
    const lacking = [...wanted].filter((codec) => !this.#ids.has(codec.key));
    return lacking.map((codec) => {
      const pattern = new RegExp(`^${codec.name}_[0-9a-f]{8}$`);
      const other = [...this.#ids.keys()].find((key) => pattern.test(key));
      return other === undefined ? codec.key : `${codec.key} (has ${other})`;
    }).sort();
  }
}
