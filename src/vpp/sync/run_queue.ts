/**
 * Runs, one at a time. Of those that wait there are at most two, one of each scope: a trigger
 * during a run makes one more run, however many triggers there are.
 */
import { MaglevError } from "../../base/errors.ts";
import type { VipKey } from "../lb/model.ts";
import { vipKeyText } from "../lb/model.ts";
import type { SyncReport, SyncScope, SyncTrigger } from "./report.ts";

/** A run that is wanted. */
export interface RunRequest {
  readonly scope: SyncScope;
  readonly trigger: SyncTrigger;
  /** Frontends to program, for scope `vip`. */
  readonly frontends?: readonly string[];
  /** VIPs (vipKeyText) to read again, for scope `vip`. */
  readonly keys?: readonly string[];
}

/** True when the run is to program this VIP, wanted for `frontend`. */
export function concerns(request: RunRequest, frontend: string, vip: VipKey): boolean {
  if (request.scope === "all") return true;
  return (request.frontends ?? []).includes(frontend) ||
    (request.keys ?? []).includes(vipKeyText(vip));
}

interface Waiting {
  request: RunRequest;
  readonly promise: Promise<SyncReport>;
  readonly resolve: (report: SyncReport) => void;
  readonly reject: (error: MaglevError) => void;
}

export class RunQueue {
  readonly #run: (request: RunRequest) => Promise<SyncReport>;
  readonly #onError: (request: RunRequest, error: MaglevError) => void;
  #waiting: Waiting[] = [];
  #running = false;
  #closed: MaglevError | undefined;

  /** `onError` hears of every run that threw, in addition to those who asked for it. */
  constructor(
    run: (request: RunRequest) => Promise<SyncReport>,
    onError: (request: RunRequest, error: MaglevError) => void,
  ) {
    this.#run = run;
    this.#onError = onError;
  }

  /** The report of a run that starts after this call; rejects with the MaglevError it ended in. */
  push(request: RunRequest): Promise<SyncReport> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const same = this.#waiting.find((waiting) => waiting.request.scope === request.scope);
    if (same !== undefined) {
      same.request = merged(same.request, request);
      return same.promise;
    }
    const waiting = { request, ...Promise.withResolvers<SyncReport>() };
    // Whoever asked without waiting for the answer leaves errors to onError.
    waiting.promise.catch(() => {});
    this.#waiting.push(waiting);
    if (!this.#running) void this.#drain();
    return waiting.promise;
  }

  /** True when a run of this scope waits. */
  waits(scope: SyncScope): boolean {
    return this.#waiting.some((waiting) => waiting.request.scope === scope);
  }

  /** Rejects all that wait, and whatever comes, with `error`. The present run is not ended. */
  close(error: MaglevError): void {
    this.#closed = error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        next.resolve(await this.#run(next.request));
      } catch (caught) {
        const error = MaglevError.from(caught);
        next.reject(error);
        this.#onError(next.request, error);
      }
    }
    this.#running = false;
  }
}

/**
 * One run for both, with the trigger of the first. An operator's goes before others but for
 * `connect`, because it makes VPP be read and repairs what other triggers leave.
 */
function merged(first: RunRequest, second: RunRequest): RunRequest {
  const union = (
    a: readonly string[] = [],
    b: readonly string[] = [],
  ) => [...new Set([...a, ...b])];
  const obeyed = second.trigger === "operator" && first.trigger !== "connect";
  return {
    scope: first.scope,
    trigger: obeyed ? second.trigger : first.trigger,
    frontends: union(first.frontends, second.frontends),
    keys: union(first.keys, second.keys),
  };
}
