/**
 * Reads the state of VPP's load balancer for all callers. Concurrent callers share one read, which
 * waits for its turn among all full reads, because VPP does not forward while it answers.
 */
import type { MonotonicMs, WallMs } from "../../base/instant.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import { actualVips } from "../../vpp/lb/actual.ts";
import { vipKeyText } from "../../vpp/lb/model.ts";
import type { LbApi } from "../../vpp/ports.ts";
import { READ_EVERY_MS, readGateOf } from "../../vpp/sync/read_gate.ts";
import { readLb } from "../../vpp/sync/read.ts";
import type { VppApi } from "../calls/daemon_api.ts";
import type { LbState } from "../../vpp/sync/known_state.ts";

/** The reconciler's knowledge of VPP. */
export interface KnownBefore {
  /** Undefined: VPP was not read yet. */
  readonly state: LbState | undefined;
  /** See Reconciler.weightChanges. */
  readonly weightChanges: number;
}

/** A reading, and what was known when it began. */
export interface SharedReading extends LbState {
  readonly before: KnownBefore;
  /** Unix time in milliseconds at which it ended. */
  readonly atMs: WallMs;
}

/** Reads the reconciler's knowledge, for LbStateReader.read(). */
export function knownBefore({ reconciler }: Pick<VppApi, "reconciler">): () => KnownBefore {
  return () => ({ state: reconciler.lbState(), weightChanges: reconciler.weightChanges });
}

/** Time for which a reading is shared, in milliseconds. */
export const FRESH_MS = READ_EVERY_MS;
/** The same for callers that compare load balancers, who may ask again and again. */
export const FLEET_FRESH_MS = 5000;

export interface LbStateReaderOptions {
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The newest reading. */
interface Shared {
  readonly lb: LbApi;
  readonly state: Promise<SharedReading>;
  /** When it began; undefined: it waits for its turn, and all callers wait with it. */
  begunMs: MonotonicMs | undefined;
}

export class LbStateReader {
  readonly #options: LbStateReaderOptions;
  #last: Shared | undefined;

  constructor(options: LbStateReaderOptions) {
    this.#options = options;
  }

  /**
   * Returns VPP's state, at most `freshMs` old, which is FLEET_FRESH_MS at most. `known` is called
   * when a reading begins; settings that this VPP does not report are taken from there. Rejects with
   * MaglevError, `unavailable` when the connection is lost.
   */
  read(lb: LbApi, known: () => KnownBefore, freshMs = FRESH_MS): Promise<SharedReading> {
    const { clock } = this.#options;
    if (this.#last?.lb === lb) {
      const { begunMs, state } = this.#last;
      if (begunMs === undefined || clock.monotonicMs() - begunMs < freshMs) return state;
    }
    const turn = readGateOf(lb, clock).turn("viewer");
    const begin = () => {
      shared.begunMs = clock.monotonicMs();
      return this.#read(lb, known());
    };
    const { promise: state, resolve } = Promise.withResolvers<SharedReading>();
    const shared: Shared = { lb, state, begunMs: undefined };
    this.#last = shared;
    resolve(turn === undefined ? begin() : turn.then(begin));
    // A failure is not shared, and a state is freed when it is too old to be shared.
    const forget = () => {
      if (this.#last === shared) this.#last = undefined;
    };
    state.then(() => clock.after(FLEET_FRESH_MS, forget), forget);
    return state;
  }

  async #read(lb: LbApi, before: KnownBefore): Promise<SharedReading> {
    const { logger, clock } = this.#options;
    const { conf, vips } = await readLb(lb, logger, clock);
    const sticky = new Set<string>();
    for (const vip of before.state?.vips ?? []) if (vip.srcIpSticky) sticky.add(vipKeyText(vip));
    return {
      conf: conf ?? before.state?.conf,
      vips: actualVips(vips, (key) => sticky.has(key)),
      before,
      atMs: clock.wallMs(),
    };
  }
}
