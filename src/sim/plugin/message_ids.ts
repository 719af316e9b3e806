/**
 * The simulator's message table: `name_crc` → id. A real VPP renumbers its messages at each
 * start, so a table belongs to one life of the simulator.
 * PURE.
 */
import { ALL_MESSAGES } from "../../vpp/wire/messages.ts";

/** Ids of the handshake, the same on every VPP (src/vlibmemory/vl_memory_msg_enum.h). */
const FIXED_IDS: ReadonlyMap<string, number> = new Map([
  ["sockclnt_create", 15],
  ["sockclnt_create_reply", 16],
  ["sockclnt_delete", 17],
  ["sockclnt_delete_reply", 18],
]);
/** First id given to other messages in the first life; later lives begin higher. */
const FIRST_ID = 100;
const IDS_PER_LIFE = 7;

/** The table of all messages of the simulator, in its `life`th life (0 is the first). */
export function messageIds(life: number): Map<string, number> {
  const first = FIRST_ID + (life % 1000) * IDS_PER_LIFE;
  return new Map(
    ALL_MESSAGES.map(({ name, key }, i) => [key, FIXED_IDS.get(name) ?? first + i]),
  );
}

/** `table` without the messages whose name (CRC cut off) is in `omit`. */
export function withoutMessages(
  table: ReadonlyMap<string, number>,
  omit: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  if (omit.size === 0) return table;
  return new Map([...table].filter(([key]) => !omit.has(key.replace(/_[0-9a-f]{8}$/, ""))));
}
