/** The first links of a chain: the health of a backend, and operators' wishes for it. PURE. */
import type { WallMs } from "../base/instant.ts";
import { formatDuration } from "../base/duration.ts";
import { listWords } from "../base/text.ts";
import type { HealthcheckConfig } from "../config/model.ts";
import { counterMax } from "../health/counter.ts";
import { countedState, isProbed } from "../health/machine.ts";
import { penaltyText } from "../health/policy/damping.ts";
import type { Backend, ProbeResult } from "../health/state.ts";
import type { Intent } from "../intent/intent.ts";
import type { Snapshot } from "../checker/ports.ts";
import type { Link } from "./chain.ts";

/** The links before any pool. `voidReason`: why its newest probe was void; undefined: it was not. */
export function healthLinks(
  backend: Backend,
  { config, intents }: Snapshot,
  voidReason: string | undefined,
): readonly Link[] {
  const definition = config.backends.get(backend.name);
  const check = definition?.healthcheck && config.healthchecks.get(definition.healthcheck);
  const isStatic = definition?.healthcheck === undefined;
  const intent = intents.ofBackend(backend.name);
  return [
    { kind: "probe", text: isStatic ? "static: it has no healthcheck" : probeText(backend, check) },
    ...(voidReason === undefined ? [] : [proberLink(voidReason)]),
    ...(isStatic ? [] : [{ kind: "counter" as const, text: counterText(backend) }]),
    { kind: "state", text: stateText(backend), sinceMs: backend.sinceMs },
    ...dampingLinks(backend),
    intentLink(intent, definition?.enabled ?? true),
  ];
}

function probeText(
  { lastResult, state }: Backend,
  check: Pick<HealthcheckConfig, "timeoutMs"> | "" | undefined,
): string {
  if (!isProbed(state)) {
    return `not probed while ${state}` +
      (lastResult === undefined ? "" : `; the last result was ${resultText(lastResult)}`);
  }
  if (lastResult !== undefined) return resultText(lastResult);
  const most = check ? ` (a probe takes at most ${formatDuration(check.timeoutMs)})` : "";
  return `no result in this state yet${most}`;
}

function resultText({ ok, code, detail }: ProbeResult): string {
  const text = detail === "" ? code : `${code} ${detail}`;
  return `${ok ? "passed" : "failed"}: ${text}`;
}

function proberLink(reason: string): Link {
  return { kind: "prober", text: `probes are void, so the state stays: ${reason}`, decides: true };
}

function counterText({ counter, policy, standing, state }: Backend): string {
  const { rise, fall } = policy;
  const text = `${counter} of ${
    counterMax(policy)
  }, up from ${rise} on (rise ${rise}, fall ${fall})`;
  if (state !== "unknown" || standing === "carried" || standing === "damped") return text;
  return `${text}; the first result decides`;
}

function stateText({ state, standing, history }: Backend): string {
  if (standing === "carried") {
    return "unknown, and counts as up: it was up when its check changed";
  }
  if (standing === "damped") {
    return "unknown, and counts as damped: damping kept it down when its check changed";
  }
  if (standing === "blind") return "unknown: all probes in this state were void";
  const cause = history.at(-1);
  if (cause === undefined || cause.to !== state) return state;
  const { code, detail } = cause.result;
  // The operator or the file is a link of its own.
  if (code === state) return `${state}, entered from ${cause.from}`;
  return `${state}, entered from ${cause.from} by ${detail === "" ? code : `${code} ${detail}`}`;
}

/** Without ages: the penalty is that of the last fall. */
function dampingLinks(backend: Backend): readonly Link[] {
  const { damping, policy } = backend;
  if (damping === undefined || policy.damping === undefined) return [];
  const { suppress, reuse } = policy.damping;
  const penalty = penaltyText(damping.penalty);
  if (damping.suppressedMs === undefined) {
    return [{
      kind: "damping",
      text: `not held: its penalty was ${penalty} when it went down last (suppress ${suppress})`,
    }];
  }
  const decides = countedState(backend) === "damped";
  const text = `held down until its penalty, ${penalty} when it went down, is ${reuse} ` +
    `(suppress ${suppress}); its checks ${decides ? "pass" : "do not pass"}`;
  return [{ kind: "damping", text, decides }];
}

function intentLink(intent: Intent | undefined, fileEnabled: boolean): Link {
  if (intent !== undefined) {
    const { sinceMs } = intent;
    return {
      kind: "intent",
      text: intentText(intent),
      sinceMs,
      by: operatorOf(intent),
      decides: true,
    };
  }
  return fileEnabled
    ? { kind: "intent", text: "no operator has paused or disabled it" }
    : { kind: "intent", text: "the file disables it (enabled: false)", decides: true };
}

const DONE = {
  pause: "paused",
  disable: "disabled",
  drain: "drained",
  weight: "weighed",
  lameduck: "made lameduck",
} as const;

/** `paused by an operator until 2027-01-31T18:00:00.000Z: new kernel`. */
export function intentText({ kind, untilMs, reason }: Intent): string {
  const until = untilMs === undefined ? "" : ` until ${isoText(untilMs)}`;
  return `${DONE[kind]} by an operator${until}${reason === "" ? "" : `: ${reason}`}`;
}

/** `ann (127.0.0.1:1)`; the peer alone without an identity. */
export function operatorOf({ by }: Intent): string {
  return by.identity === "" ? by.peer : `${by.identity} (${by.peer})`;
}

function isoText(unixMs: WallMs): string {
  return new Date(unixMs).toISOString();
}

/** Names in quotes, `a, b and c`. */
export function quotedNames(names: readonly string[]): string {
  return listWords(names.map((name) => JSON.stringify(name)), "and");
}
