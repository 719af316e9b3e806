/**
 * Operators' intents: lists and cancels them, and the common parts of requests for them. And the
 * intent that has no object: lameduck.
 */
import { settledWithin } from "../../async/deadline.ts";
import { MaglevError } from "../../base/errors.ts";
import { later, LATEST_MS, TOO_FAR_AWAY, type WallMs, wholeMs } from "../../base/instant.ts";
import { listWords } from "../../base/text.ts";
import { type Intent, intentId, type IntentSet } from "../../intent/intent.ts";
import type { Durability } from "../../intent/ports.ts";
import type { OperatorOptions } from "../../intent/request.ts";
import { replacedBy } from "../../intent/schedule.ts";
import type { LogFields } from "../../base/ports.ts";
import type { ActionHandler, ActionResult, CallContext, Handler } from "../calls/calls.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";
import { endShared } from "./fleet/scoped.ts";
import { intentMessage, intentOf, milliseconds, wallMsOfNanoseconds } from "./convert.ts";
import type {
  BackendRequest,
  CancelIntentRequest,
  CancelIntentResponse,
  LameduckInfo,
  ListIntentsRequest,
  ListIntentsResponse,
  SetLameduckRequest,
} from "../gen/maglev.ts";

/** `until_unix_ns`, `for_ns`, or neither. */
type End = BackendRequest["end"];
/** `from_unix_ns`, `in_ns`, or neither. */
type Begin = BackendRequest["begin"];

/** The times of a request. */
export interface RequestedTimes {
  readonly begin: Begin;
  readonly end?: End;
}

/**
 * Times in Unix milliseconds, and the lengths that gave them, in milliseconds. Undefined: it begins
 * now, has no end of its own, or the time was named.
 */
export type IntentTimes = Required<Pick<OperatorOptions, "fromMs" | "inMs" | "untilMs" | "forMs">>;

/** The times of an intent that is requested now. A length counts from the beginning. */
export function timesOf(
  { begin, end }: RequestedTimes,
  nowMs: WallMs,
): IntentTimes | MaglevError {
  const wholeNowMs = wholeMs(nowMs);
  const inMs = begin?.$case === "inNs" ? milliseconds(begin.value) : undefined;
  const forMs = end?.$case === "forNs" ? milliseconds(end.value) : undefined;
  const fromMs = begin?.$case === "fromUnixNs"
    ? wallMsOfNanoseconds(begin.value)
    : inMs === undefined
    ? undefined
    : later(wholeNowMs, inMs);
  if (fromMs !== undefined && fromMs > LATEST_MS) return tooFar("the beginning (from)");
  const untilMs = end?.$case === "untilUnixNs"
    ? wallMsOfNanoseconds(end.value)
    : forMs === undefined
    ? undefined
    : later(fromMs ?? wholeNowMs, forMs);
  if (untilMs !== undefined && untilMs > LATEST_MS) return tooFar("the end (until)");
  return { fromMs, inMs, untilMs, forMs };
}

function tooFar(what: string): MaglevError {
  return new MaglevError("invalid-argument", `cannot take ${what}: ${TOO_FAR_AWAY}`);
}

/** The times of the intent, for the log. */
export function timeTexts(
  times: RequestedTimes,
  nowMs: WallMs,
): { readonly from: string | undefined; readonly until: string | undefined } {
  const read = timesOf(times, nowMs);
  if (read instanceof MaglevError) return { from: undefined, until: "too far away" };
  const { fromMs, untilMs } = read;
  return { from: dateText(fromMs), until: dateText(untilMs) };
}

function dateText(ms: WallMs | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

export function listIntents(
  { checker }: DaemonApi,
): Handler<ListIntentsRequest, ListIntentsResponse> {
  return () => ({ intents: checker.current.intents.all().map(intentMessage) });
}

/** Ends an intent, or takes it back. */
export function cancelIntent(
  daemon: DaemonApi,
): ActionHandler<CancelIntentRequest, CancelIntentResponse> {
  const { checker } = daemon;
  const kindOf = (id: string) => checker.current.intents.ofId(id)?.kind;
  return {
    argumentsOf: ({ id }) => ({ id }),
    reasonOf: ({ reason }) => reason,
    valueOf: ({ id }) => kindOf(id),
    async run({ id, reason }, { caller: { peer, identity } }) {
      const shared = await endShared(daemon, { id, reason, by: { peer, identity } });
      if (shared !== undefined) return shared;
      const outcome = checker.cancelIntent(id);
      const { before, after } = outcome;
      if (!outcome.ok) return { answer: outcome.error, before, after };
      const warning = durabilityWarning(await outcome.durable, outcome.intent);
      return { answer: { intent: intentMessage(outcome.value), warning }, before, after };
    },
  };
}

/**
 * What an intent replaces, or will replace when it begins; empty: nothing that was another wish.
 * `before` and `after` the request.
 */
export function replacementWarning(
  intent: Intent | undefined,
  { before, after }: { readonly before: IntentSet; readonly after: IntentSet },
): string {
  if (intent === undefined) return "";
  const isScheduled = intent.scheduled === true;
  const present = before.ofTarget(intent);
  const replaced = isScheduled
    ? replacedBy(intent, after)
    : present !== undefined && isOther(present, intent)
    ? [present]
    : [];
  if (replaced.length === 0) return "";
  const names = listWords(replaced.map((each) => `${each.kind} ${intentId(each)}`), "and");
  return `${isScheduled ? "when it begins " : ""}it replaces ${names}, which does not come back`;
}

/** False for the same wish again, without an end. */
function isOther(present: Intent, intent: Intent): boolean {
  return present.kind !== intent.kind || present.untilMs !== undefined ||
    (present.kind === "weight" && intent.kind === "weight" && present.weight !== intent.weight);
}

/** Warnings in one text; empty ones are left out. */
export function joined(warnings: readonly string[]): string {
  return warnings.filter((text) => text !== "").join("; ");
}

/** The warning without a state directory. */
const NOT_KEPT = "in force, but it will not survive the end of maglevd: no state directory is " +
  "configured; --state-dir sets one";

/** Returns the warning for an action that left `intent` in force; empty: none. */
export function durabilityWarning(durability: Durability, intent: Intent | undefined): string {
  switch (durability.kind) {
    case "stored":
      return "";
    case "failed":
      return durability.message;
    case "off":
      // An action that ended an intent has nothing to lose.
      return intent === undefined ? "" : NOT_KEPT;
  }
}

/** How long an answer waits for the file that routers follow, in milliseconds. */
export const ANNOUNCED_MS = 2000;

const NOT_WRITTEN = "the file of announced prefixes is not written yet: routers follow what it has";

/** Returns why routers may not follow yet what was set just now; empty: the file has it. */
async function announceWarning(
  announcer: DaemonApi["announcer"],
  clock: DaemonApi["clock"],
): Promise<string> {
  const written = announcer?.written;
  if (written !== undefined) await settledWithin(written, { clock, deadlineMs: ANNOUNCED_MS });
  if (announcer === undefined || announcer.problem !== "") return announcer?.problem ?? "";
  return announcer.written === undefined ? "" : NOT_WRITTEN;
}

/** Sets or ends the lameduck of this load balancer. */
export function setLameduck(
  { checker, clock, announcer }: DaemonApi,
): ActionHandler<SetLameduckRequest, LameduckInfo> {
  async function run(
    request: SetLameduckRequest,
    { caller: { peer, identity } }: CallContext,
  ): Promise<ActionResult<LameduckInfo>> {
    const times = timesOf({ begin: undefined, end: request.end }, clock.wallMs());
    if (times instanceof MaglevError) return { answer: times };
    const { intents } = checker.current;
    const outcome = checker.setLameduck(request.on, {
      by: { peer, identity },
      reason: request.reason === "" ? undefined : request.reason,
      ...times,
    });
    const { before, after } = outcome;
    if (!outcome.ok) return { answer: outcome.error, before, after };
    const { value: on, intent } = outcome;
    const warning = joined([
      replacementWarning(intent, { before: intents, after: checker.current.intents }),
      durabilityWarning(await outcome.durable, intent),
      await announceWarning(announcer, clock),
    ]);
    return { answer: { on, intent: intentOf(intent), warning }, before, after };
  }
  return {
    argumentsOf: ({ on, end }): LogFields => ({
      on,
      ...timeTexts({ begin: undefined, end }, clock.wallMs()),
    }),
    reasonOf: ({ reason }) => reason,
    valueOf: () => checker.current.intents.lameduck === undefined ? "off" : "on",
    run,
  };
}
