/** Ends wishes whose time is over in the store, and removes old tombstones from it. */
import type { WallMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import { type Book, tombstonesOf } from "../book/book.ts";
import { keyedWishesOf } from "../book/file.ts";
import type { FleetStore, StoreWrite } from "../book/store.ts";
import { encodeTombstone } from "../book/values.ts";

/** Tombstones are removed after this time. */
export const TOMBSTONE_MS = 30 * 24 * 3_600_000;
/** Most ends and removals that are written in one tick. */
const MAX_WRITES = 50;

export interface EndsOptions {
  readonly lb: string;
  readonly store: Pick<FleetStore, "write">;
  readonly clock: Clock;
}

export class Ends {
  readonly #options: EndsOptions;
  /** Writes under way, by key and revision. */
  readonly #underWay = new Set<string>();

  constructor(options: EndsOptions) {
    this.#options = options;
  }

  /** To be called once a second while the store is believed. */
  async tick(book: Book, ifValue: StoreWrite["ifValue"]): Promise<void> {
    const { clock, lb, store } = this.#options;
    const nowMs = Math.floor(clock.wallMs()) as WallMs;
    const over = keyedWishesOf(book).filter(({ intent: { untilMs } }) =>
      untilMs !== undefined && untilMs <= nowMs
    );
    // Also those of a far future: nothing else would ever remove them.
    const old = tombstonesOf(book).filter(({ atMs }) => Math.abs(nowMs - atMs) > TOMBSTONE_MS);
    const writes = [
      ...over.map(({ key, revision, id, intent: { by } }) => {
        const end = { id, by, via: lb, reason: "", atMs: nowMs, cause: "expired" } as const;
        return { key, revision, text: encodeTombstone(end) };
      }),
      ...old.map(({ key, revision }) => ({ key, revision, text: undefined })),
    ];
    for (const { key, revision, text } of writes.slice(0, MAX_WRITES)) {
      const mark = `${revision} ${key}`;
      if (this.#underWay.has(mark)) continue;
      this.#underWay.add(mark);
      const { kind } = await store.write({ key, text, ifRevision: revision, ifValue });
      this.#underWay.delete(mark);
      // A store that refuses one refuses the others too; the next tick tries again.
      if (kind !== "done" && kind !== "conflict") return;
    }
  }
}
