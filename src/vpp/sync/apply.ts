/**
 * Executes operations: sends them in order without awaiting each (VPP answers in order), logs each
 * answer, and reports the outcome.
 */
import { MaglevError } from "../../base/errors.ts";
import type { LogFields, Logger } from "../../base/ports.ts";
import type { Operation, VipKey } from "../lb/model.ts";
import { protocolName, vipPrefix } from "../lb/model.ts";
import type { LbApi, Retval } from "../ports.ts";
import { RETVAL, retvalName } from "../wire/retval.ts";

/** The outcome of an operation. */
export type Outcome =
  | { readonly kind: "done" }
  /** VPP refused it; see wire/retval.ts. */
  | { readonly kind: "refused"; readonly retval: Retval }
  /** It was not sent, or its reply was invalid; the result is unknown. */
  | { readonly kind: "unanswered"; readonly error: MaglevError }
  /** The connection ended, for example because a reply timed out; the result is unknown. */
  | { readonly kind: "lost" };

/** Bulk work pauses at FULL requests in flight, and continues at REFILL. */
const FULL = 128;
const REFILL = 64;

/**
 * The operations in flight on one connection. The client sends up to 256 requests and queues the
 * rest. So bulk work waits for room() first, and an urgent change never has to queue.
 */
export class Applier {
  readonly #lb: LbApi;
  readonly #logger: Logger;
  #inFlight = 0;
  #waiters: (() => void)[] = [];

  constructor(lb: LbApi, logger: Logger) {
    this.#lb = lb;
    this.#logger = logger;
  }

  /** Operations sent and not answered. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves when there is room for bulk work; undefined when there is room already. */
  room(): Promise<void> | undefined {
    if (this.#inFlight < FULL) return undefined;
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Sends `operations` now; `onOutcome` is called once for each, in the order of VPP's replies. */
  apply(
    operations: readonly Operation[],
    onOutcome: (operation: Operation, outcome: Outcome) => void,
  ): void {
    for (const operation of operations) {
      const settle = (outcome: Outcome) => {
        this.#settled();
        this.#log(operation, outcome);
        onOutcome(operation, outcome);
      };
      this.#inFlight++;
      send(this.#lb, operation).then(
        (retval) => settle(isDone(operation, retval) ? DONE : { kind: "refused", retval }),
        (error) => settle(outcomeOf(MaglevError.from(error))),
      );
    }
  }

  #settled(): void {
    this.#inFlight--;
    if (this.#inFlight > REFILL || this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #log(operation: Operation, outcome: Outcome): void {
    if (outcome.kind === "lost") return;
    if (outcome.kind === "done") {
      if (!this.#logger.enabled("info")) return;
      this.#logger.info(`vpp-lbsync-${operation.kind}`, operationFields(operation));
      return;
    }
    this.#logger.warn("vpp-lbsync-error", {
      operation: operation.kind,
      ...operationFields(operation),
      err: outcome.kind === "refused" ? retvalName(outcome.retval) : outcome.error.message,
    });
  }
}

const DONE: Outcome = { kind: "done" };

/** A flush of a server that VPP has collected already counts as done: it had no flow left. */
function isDone(operation: Operation, retval: Retval): boolean {
  return retval === 0 || (operation.kind === "as-flush" && retval === RETVAL.noSuchEntry);
}

/** The log fields that identify a VIP. */
export function vipFields(vip: VipKey): LogFields {
  return { vip: vipPrefix(vip), protocol: protocolName(vip.protocol), port: vip.port };
}

function send(lb: LbApi, operation: Operation): Promise<Retval> {
  const { vip } = operation;
  switch (operation.kind) {
    case "vip-add":
      return lb.addVip(operation.vip);
    case "vip-del":
      return lb.deleteVip(operation.vip);
    case "as-add":
      return lb.addServer(vip, operation.address, operation.weight);
    case "as-del":
      return lb.deleteServer(vip, operation.address, operation.flush);
    case "as-weight":
      return lb.setWeight(vip, operation.address, operation.weight, operation.flush);
    case "as-flush":
      return lb.deleteServer(vip, operation.address, true);
    case "vip-flush":
      return lb.flushVip(vip);
  }
}

function outcomeOf(error: MaglevError): Outcome {
  // The client ends the connection when a reply is overdue.
  return error.code === "unavailable" || error.code === "deadline-exceeded"
    ? { kind: "lost" }
    : { kind: "unanswered", error };
}

function operationFields(operation: Operation): LogFields {
  const vip = vipFields(operation.vip);
  switch (operation.kind) {
    case "vip-add":
      return {
        ...vip,
        encap: operation.vip.encap,
        "src-ip-sticky": operation.vip.srcIpSticky,
        "new-flows-table-length": operation.vip.newFlowsTableLength,
      };
    case "vip-del":
      return vip;
    case "as-add":
      return { ...vip, address: operation.address.text, weight: operation.weight, flush: false };
    case "as-del":
      return {
        ...vip,
        address: operation.address.text,
        weight: operation.weight,
        flush: operation.flush,
      };
    case "as-weight":
      return {
        ...vip,
        address: operation.address.text,
        weight: operation.weight,
        "previous-weight": operation.previousWeight,
        flush: operation.flush,
      };
    case "as-flush":
      return { ...vip, address: operation.address.text, flush: true };
    case "vip-flush":
      return { ...vip, message: operation.reason };
  }
}
