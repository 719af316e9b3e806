/**
 * The part of VPP's FIB that the lb plugin touches: one route for each VIP prefix and one for
 * each server address, shared by all that need it. A route's load-balance index is what
 * `show lb vips verbose` prints as `dpo` and what ip_route_lookup gives as stats_index.
 *
 * Source: VPP src/vnet/fib/fib_table.c, src/vnet/dpo/load_balance.c.
 * PURE.
 */
import { invariant } from "../../../base/assert.ts";
import type { Address46 } from "../address46.ts";
import { Pool } from "../pool.ts";

/** Load-balance objects that a VPP without interfaces has before any VIP is added. */
const BOOT_ROUTES = 8;

/** One route; `length` counts from the front of the 16 bytes. */
export interface Route {
  readonly prefix: Address46;
  readonly length: number;
  /** Load-balance index. */
  readonly index: number;
}

/** Routes by prefix, counted by users. */
export class Routes {
  readonly #pool = new Pool<undefined>();
  readonly #routes = new Map<string, { readonly route: Route; users: number }>();

  readonly #onAdded: (index: number) => void;

  /** `onAdded` is called with the index of each route that is made, those of the boot too. */
  constructor(onAdded: (index: number) => void = () => {}) {
    this.#onAdded = onAdded;
    for (let i = 0; i < BOOT_ROUTES; i++) this.#take();
  }

  /** Adds a user of the route, which is created for its first user. Returns its index. */
  acquire(prefix: Address46, length: number): number {
    const key = routeKey(prefix, length);
    const entry = this.#routes.get(key);
    if (entry !== undefined) {
      entry.users++;
      return entry.route.index;
    }
    const index = this.#take();
    this.#routes.set(key, { route: { prefix, length, index }, users: 1 });
    return index;
  }

  /** Takes a user away; the route goes with its last one. */
  release(prefix: Address46, length: number): void {
    const key = routeKey(prefix, length);
    const entry = this.#routes.get(key);
    invariant(entry !== undefined, `route ${key} exists`);
    entry.users--;
    if (entry.users > 0) return;
    this.#routes.delete(key);
    this.#pool.put(entry.route.index);
  }

  /** The route of exactly this prefix. */
  exact(prefix: Address46, length: number): Route | undefined {
    return this.#routes.get(routeKey(prefix, length))?.route;
  }

  #take(): number {
    const index = this.#pool.take(() => undefined);
    this.#onAdded(index);
    return index;
  }

  /** Number of routes. */
  get size(): number {
    return this.#routes.size;
  }
}

function routeKey(prefix: Address46, length: number): string {
  return `${prefix.packed}/${length}`;
}
