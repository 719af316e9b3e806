/**
 * Executes runs one at a time. At most two wait, one of each scope: all triggers during a run
 * share one more run.
 */
import { MaglevError } from "../../base/errors.ts";
import type { VipKey } from "../lb/model.ts";
import { vipKeyText } from "../lb/model.ts";
import type { SyncReport, SyncScope, SyncTrigger } from "./report.ts";

/** A requested run. */
export interface RunRequest {
  readonly scope: SyncScope;
  readonly trigger: SyncTrigger;
  /** Frontends to program, for scope `vip`. */
  readonly frontends?: readonly string[];
  /** VIPs (vipKeyText) to read again, for scope `vip`. */
  readonly keys?: readonly string[];
}

/** True when the run should program this VIP of `frontend`. */
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

  /** `onError` is called for every run that threw, in addition to the promise that rejects. */
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
    // A caller that ignores the promise leaves errors to onError.
    waiting.promise.catch(() => {});
    this.#waiting.push(waiting);
    if (!this.#running) void this.#drain();
    return waiting.promise;
  }

  /** True when a run of this scope waits. */
  waits(scope: SyncScope): boolean {
    return this.#waiting.some((waiting) => waiting.request.scope === scope);
  }

  /** Rejects waiting and later requests with `error`. The present run goes on. */
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
 * One run for both, with the trigger of the first. An operator's trigger replaces any other but
 * `connect`, because such a run reads VPP and corrects what other triggers leave.
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

/** The error of a run whose connection ended. */
export function connectionEnded(): MaglevError {
  return new MaglevError("unavailable", "connection to VPP ended");
}
