/**
 * PURE. Messages between the main thread and a probe worker. Commands go out in lists, in order;
 * results come back in batches (result_batch.ts).
 */
import { initialCounter } from "../../health/counter.ts";
import type { NamespaceNews } from "../net/namespace.ts";
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

/** Main thread to worker. `seq` comes back in the answer; `enter`, if sent, comes first of all. */
export type ToWorker =
  | { readonly kind: "enter"; readonly netns: string }
  | { readonly kind: "isolation"; readonly spec: IsolationSpec | undefined }
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
  | { readonly kind: "isolation"; readonly news: IsolationNews }
  /** The worker cannot detect a backlog of results. */
  | { readonly kind: "no-echo"; readonly reason: string }
  | { readonly kind: "pong"; readonly seq: number }
  | { readonly kind: "stats"; readonly seq: number; readonly stats: SchedulerStats }
  | { readonly kind: "closed" };

/** The start command of a target. Its address is sent as text: bytes are slower to clone. */
export function startCommand(
  { target, unknown }: {
    readonly target: ProbeTarget;
    readonly unknown: boolean;
  },
  first: Pick<ScheduledTarget, "firstDelayMs" | "spreadMs" | "soonestMs">,
): Command {
  const { id, generation, address, healthcheck } = target;
  const spec = { address: address.text, healthcheck };
  const counter = target.counter?.() ?? initialCounter(healthcheck);
  return {
    kind: "start",
    target: { id, generation, spec, ...first, counter, unknown },
  };
}
