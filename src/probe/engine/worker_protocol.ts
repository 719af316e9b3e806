/**
 * PURE. Messages between the main thread and a probe worker. Commands go out in batches, in order;
 * results come back in batches, too (result_batch.ts).
 *
 * A batch of commands is packed, as one of results is: cloning the objects of 10,000 targets would
 * delay the first reply over gRPC.
 */
import { unreachable } from "../../base/assert.ts";
import { initialCounter } from "../../health/counter.ts";
import type { NamespaceNews } from "../net/namespace.ts";
import type { HealthcheckConfig } from "../../config/model.ts";
import type { ProbeTarget } from "../ports.ts";
import type { IsolationNews, IsolationSpec } from "../isolation/isolation.ts";
import type { SchedulerStats, VoidReport } from "./reports.ts";
import type { OutcomesMessage } from "./result_batch.ts";
import type { ScheduledTarget } from "./slot.ts";

/** A command to a worker. */
export type Command =
  | { readonly kind: "start"; readonly target: ScheduledTarget }
  | { readonly kind: "readdress"; readonly id: number; readonly address: string }
  | { readonly kind: "stop"; readonly id: number };

/**
 * Main thread to worker. `seq` comes back in the answer, and `settings` in the news; `enter`, if sent,
 * comes first of all.
 */
export type ToWorker =
  | { readonly kind: "enter"; readonly netns: string }
  | {
    readonly kind: "isolation";
    readonly spec: IsolationSpec | undefined;
    readonly settings: number;
  }
  | CommandsMessage
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
  | { readonly kind: "isolation"; readonly news: IsolationNews; readonly settings: number }
  /** The worker cannot detect a backlog of results. */
  | { readonly kind: "no-echo"; readonly reason: string }
  | { readonly kind: "pong"; readonly seq: number }
  | { readonly kind: "stats"; readonly seq: number; readonly stats: SchedulerStats }
  | { readonly kind: "closed" };

/** A batch of commands. */
export interface CommandsMessage {
  readonly kind: "commands";
  /**
   * FIELDS numbers per command. Of all: the kind (index of KINDS) and the id. Of a start: generation,
   * healthcheck (index of it), firstDelayMs, soonestMs, spreadMs, counter, and 1 while unknown.
   */
  readonly numbers: Float64Array;
  /** One for each command, with line feeds between; empty for a stop. */
  readonly addresses: string;
  /** Distinct healthchecks of the batch. */
  readonly healthchecks: readonly HealthcheckConfig[];
}

const FIELDS = 9;
const KINDS = ["start", "readdress", "stop"] as const satisfies readonly Command["kind"][];

/** A target to start, and whether no probe of it has counted yet. */
interface Starting {
  readonly target: ProbeTarget;
  readonly unknown: boolean;
}

/** Commands that have not been sent yet. */
export class CommandBatch {
  #numbers = new Float64Array(64 * FIELDS);
  #size = 0;
  #addresses: string[] = [];
  #healthchecks = new Map<HealthcheckConfig, number>();

  get size(): number {
    return this.#size;
  }

  start(
    { target, unknown }: Starting,
    first: Pick<ScheduledTarget, "firstDelayMs" | "spreadMs" | "soonestMs">,
  ): void {
    const { id, generation, address, healthcheck } = target;
    const at = this.#add("start", id, address.text);
    const numbers = this.#numbers;
    numbers[at + 2] = generation;
    numbers[at + 3] = this.#healthcheck(healthcheck);
    numbers[at + 4] = first.firstDelayMs;
    numbers[at + 5] = first.soonestMs;
    numbers[at + 6] = first.spreadMs;
    numbers[at + 7] = target.counter?.() ?? initialCounter(healthcheck);
    numbers[at + 8] = unknown ? 1 : 0;
  }

  readdress(id: number, address: string): void {
    this.#add("readdress", id, address);
  }

  stop(id: number): void {
    this.#add("stop", id, "");
  }

  /** The batch as a message; begins a new one. */
  take(): CommandsMessage {
    const message: CommandsMessage = {
      kind: "commands",
      numbers: this.#numbers.slice(0, this.#size * FIELDS),
      addresses: this.#addresses.join("\n"),
      healthchecks: [...this.#healthchecks.keys()],
    };
    this.clear();
    return message;
  }

  /** Forgets the commands. */
  clear(): void {
    this.#size = 0;
    this.#addresses = [];
    this.#healthchecks.clear();
  }

  /** Returns where its numbers begin. */
  #add(kind: Command["kind"], id: number, address: string): number {
    const at = this.#size * FIELDS;
    if (at === this.#numbers.length) {
      const grown = new Float64Array(2 * at);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[at] = KINDS.indexOf(kind);
    this.#numbers[at + 1] = id;
    this.#addresses.push(address);
    this.#size++;
    return at;
  }

  #healthcheck(healthcheck: HealthcheckConfig): number {
    const known = this.#healthchecks.get(healthcheck);
    if (known !== undefined) return known;
    this.#healthchecks.set(healthcheck, this.#healthchecks.size);
    return this.#healthchecks.size - 1;
  }
}

/** The commands of a batch, in order. */
export function* commandsOf(message: CommandsMessage): Generator<Command> {
  const { numbers, healthchecks } = message;
  const addresses = message.addresses.split("\n");
  for (let at = 0, index = 0; at < numbers.length; at += FIELDS, index++) {
    const kind = KINDS[numbers[at]!]!;
    const id = numbers[at + 1]!;
    const address = addresses[index]!;
    switch (kind) {
      case "start": {
        const target: ScheduledTarget = {
          id,
          generation: numbers[at + 2]!,
          spec: { address, healthcheck: healthchecks[numbers[at + 3]!]! },
          firstDelayMs: numbers[at + 4]!,
          soonestMs: numbers[at + 5]!,
          spreadMs: numbers[at + 6]!,
          counter: numbers[at + 7]!,
          unknown: numbers[at + 8] === 1,
        };
        yield { kind, target };
        break;
      }
      case "readdress":
        yield { kind, id, address };
        break;
      case "stop":
        yield { kind, id };
        break;
      default:
        unreachable(kind);
    }
  }
}
