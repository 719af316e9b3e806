/**
 * VPP's message table as a connection uses it. Ids differ from one VPP to the next and after
 * every restart; what is the same is a message's name with the CRC of its definition.
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

  /** This VPP's id of a message; undefined when it does not have it. */
  idOf(codec: MessageCodec<unknown>): number | undefined {
    return this.#ids.get(codec.key);
  }

  /** Name of the message with this id, without CRC; undefined when there is none. */
  nameOf(id: number): string | undefined {
    return this.#keys[id]?.replace(/_[0-9a-f]{8}$/, "");
  }

  /**
   * Which of `wanted` this VPP lacks, each as a text for people: `lb_conf_get_51077d14`, with
   * the VPP's own variant when it has a message of that name with another CRC. Sorted.
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
