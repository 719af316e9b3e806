/**
 * PURE. Messages between the main thread and a probe worker. Commands go out in lists, in order.
 * Results come back packed as one array of numbers and the distinct texts of a batch: cloning
 * 5,000 small objects a second would cost more than the probes themselves.
 */
import { initialCounter } from "../../health/counter.ts";
import type { SchedulerStats } from "./reports.ts";
import { invariant } from "../../base/assert.ts";
import type { WallMs } from "../../base/instant.ts";
import type { ResultCode } from "../../health/state.ts";
import type { NamespaceNews } from "../net/namespace.ts";
import type { ProbeOutcome, ProbeTarget } from "../ports.ts";
import type { ProbeReport, VoidReport } from "./reports.ts";
import type { ScheduledTarget } from "./slot.ts";

/** A command to a worker. */
export type Command =
  | { readonly kind: "start"; readonly target: ScheduledTarget }
  | { readonly kind: "readdress"; readonly id: number; readonly address: string }
  | { readonly kind: "stop"; readonly id: number };

/** Main thread to worker. `seq` comes back in the answer; `enter`, if sent, comes first of all. */
export type ToWorker =
  | { readonly kind: "enter"; readonly netns: string }
  | { readonly kind: "commands"; readonly commands: readonly Command[] }
  | { readonly kind: "trace"; readonly on: boolean }
  | { readonly kind: "ping"; readonly seq: number }
  | { readonly kind: "stats"; readonly seq: number }
  | { readonly kind: "close" };

/** Worker to main thread. */
export type FromWorker =
  | OutcomesMessage
  | { readonly kind: "void"; readonly report: VoidReport }
  | { readonly kind: "started"; readonly id: number; readonly generation: number }
  | { readonly kind: "namespace"; readonly news: NamespaceNews }
  /** The worker cannot detect a backlog of results. */
  | { readonly kind: "no-echo"; readonly reason: string }
  | { readonly kind: "pong"; readonly seq: number }
  | { readonly kind: "stats"; readonly seq: number; readonly stats: SchedulerStats }
  | { readonly kind: "closed" };

/** A batch of results. */
export interface OutcomesMessage {
  readonly kind: "outcomes";
  /**
   * FIELDS numbers per result: id, generation, code, detail (index of it), durationMs, atMs,
   * certificateExpiryMs and certificateName (index of it); NaN when the probe saw no certificate.
   */
  readonly numbers: Float64Array;
  /** Distinct texts of the batch. */
  readonly details: readonly string[];
}

const FIELDS = 8;

/** Result codes that a probe can have; a code is sent as its index. */
const CODES: readonly ResultCode[] = [
  "L4OK",
  "L4TOUT",
  "L4CON",
  "L6OK",
  "L6TOUT",
  "L6RSP",
  "L7OK",
  "L7TOUT",
  "L7RSP",
  "L7STS",
];

/** A batch of results that have not been sent yet. */
export class OutcomeBatch {
  readonly #details = new Map<string, number>();
  #numbers = new Float64Array(64 * FIELDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds one result, judged at `atMs` (Unix time). */
  add(report: ProbeReport, atMs: WallMs): void {
    const { verdict } = report;
    const code = CODES.indexOf(verdict.code);
    invariant(code >= 0, `${verdict.code} is not a result code of a probe`);
    const at = this.#size * FIELDS;
    if (at === this.#numbers.length) {
      const grown = new Float64Array(2 * at);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[at] = report.id;
    this.#numbers[at + 1] = report.generation;
    this.#numbers[at + 2] = code;
    this.#numbers[at + 3] = this.#detail(verdict.detail);
    this.#numbers[at + 4] = report.durationMs;
    this.#numbers[at + 5] = atMs;
    const { certificateExpiryMs, certificateName } = verdict;
    this.#numbers[at + 6] = certificateExpiryMs ?? NaN;
    this.#numbers[at + 7] = certificateExpiryMs === undefined
      ? NaN
      : this.#detail(certificateName ?? "");
    this.#size++;
  }

  /** The batch as a message; begins a new one. */
  take(): OutcomesMessage {
    const message: OutcomesMessage = {
      kind: "outcomes",
      numbers: this.#numbers.slice(0, this.#size * FIELDS),
      details: [...this.#details.keys()],
    };
    this.#details.clear();
    this.#size = 0;
    return message;
  }

  #detail(text: string): number {
    const known = this.#details.get(text);
    if (known !== undefined) return known;
    this.#details.set(text, this.#details.size);
    return this.#details.size - 1;
  }
}

/** The results of a batch, in order of verdict. */
export function outcomesOf({ numbers, details }: OutcomesMessage): ProbeOutcome[] {
  invariant(numbers.length % FIELDS === 0, "a batch of results is truncated");
  const outcomes: ProbeOutcome[] = [];
  for (let at = 0; at < numbers.length; at += FIELDS) {
    const code = CODES[numbers[at + 2]!];
    const detail = details[numbers[at + 3]!];
    invariant(
      code !== undefined && detail !== undefined,
      "a result has an invalid code or detail index",
    );
    const certificateExpiryMs = numbers[at + 6]! as WallMs;
    outcomes.push({
      id: numbers[at]!,
      generation: numbers[at + 1]!,
      result: {
        ok: code.endsWith("OK"),
        layer: code.startsWith("L4") ? "L4" : code.startsWith("L6") ? "L6" : "L7",
        code,
        detail,
        durationMs: numbers[at + 4]!,
        ...(Number.isNaN(certificateExpiryMs)
          ? {}
          : { certificateExpiryMs, certificateName: details[numbers[at + 7]!] }),
      },
      atMs: numbers[at + 5]! as WallMs,
    });
  }
  return outcomes;
}

/** The start command of a target. Its address is sent as text: bytes are slower to clone. */
export function startCommand(
  { target, unknown }: {
    readonly target: ProbeTarget;
    readonly unknown: boolean;
  },
  firstDelayMs: number,
): Command {
  const { id, generation, address, healthcheck } = target;
  const spec = { address: address.text, healthcheck };
  const counter = target.counter?.() ?? initialCounter(healthcheck);
  return {
    kind: "start",
    target: { id, generation, spec, firstDelayMs, counter, unknown },
  };
}
