/** PURE. What is wrong now, from what a maglevd reports, in sentences for people and scripts. */
import { formatDuration } from "../../../base/duration.ts";
import { oneLine } from "../../../base/text.ts";
import type { Backend, Frontend, MaglevdState, Problem } from "../../protocol.ts";
import { disagreements } from "./dataplane.ts";

/** A clock that is off by more is reported, in milliseconds. */
const MAX_SKEW_MS = 1000;
/** A certificate that ends sooner is reported: fourteen days. */
const CERTIFICATE_MS = 14 * 86_400_000;
/** Problems of one maglevd that are listed. */
export const MAX_PROBLEMS = 1000;

export interface ProblemOptions {
  /** Unix time in milliseconds, by our clock. */
  readonly nowMs: number;
  /** What of its answers was left out, a sentence each. */
  readonly notes: readonly string[];
  /** VPP was read after the frontend's last change. */
  readonly isSettled: (frontend: string) => boolean;
}

/** The problems of all maglevds: worst first, then in the order given. */
export function sortedProblems(each: readonly (readonly Problem[])[]): readonly Problem[] {
  const all = each.flat();
  return [
    ...all.filter(({ severity }) => severity === "critical"),
    ...all.filter(({ severity }) => severity === "warning"),
  ];
}

/** The problems of one maglevd; in the order of its configuration. */
export function problemsOf(state: MaglevdState, options: ProblemOptions): readonly Problem[] {
  if (!state.connected) return [awayProblem(state)];
  const found = [
    ...maglevdProblems(state, options),
    ...vppProblems(state),
    ...frontendProblems(state),
    ...dataplaneProblems(state, options),
    ...state.backends.flatMap((backend) => backendProblems(state, backend, options)),
  ];
  if (found.length <= MAX_PROBLEMS) return found;
  const more: Problem = {
    maglevd: state.name,
    severity: "critical",
    kind: "maglevd",
    message: `${found.length - MAX_PROBLEMS} more problems are not listed`,
  };
  return [...sortedProblems([found]).slice(0, MAX_PROBLEMS), more];
}

/** Not critical until the first attempt has failed: each start of the dashboard would be an alarm. */
function awayProblem({ name, error, connection_since_ms }: MaglevdState): Problem {
  return {
    maglevd: name,
    severity: error === undefined ? "warning" : "critical",
    kind: "maglevd",
    message: error === undefined ? "not connected yet" : `not connected: ${oneLine(error)}`,
    since_ms: connection_since_ms,
  };
}

/** Makes the problems of a kind. */
function problemOf(maglevd: string, kind: string) {
  return (
    severity: Problem["severity"],
    message: string,
    rest: Pick<Problem, "name" | "since_ms"> = {},
  ): Problem => ({ maglevd, severity, kind, message, ...rest });
}

function maglevdProblems(state: MaglevdState, { notes }: ProblemOptions): Problem[] {
  const problem = problemOf(state.name, "maglevd");
  const found = notes.map((note) => problem("warning", note));
  if (state.ready === false) {
    found.push(problem("warning", `not ready: ${oneLine(state.reason ?? "no reason given")}`));
  }
  for (const { netns, reason, isolated } of state.blind ?? []) {
    const where = netns === "" ? "" : ` in network namespace ${oneLine(netns)}`;
    const what = isolated === true ? `is cut off${where}` : `cannot probe${where}`;
    found.push(
      problemOf(state.name, "prober")(
        "critical",
        `${what}: ${oneLine(reason)}; states and weights stay as they are`,
      ),
    );
  }
  if (state.announce_problem !== undefined) {
    found.push(problemOf(state.name, "announce")("critical", oneLine(state.announce_problem)));
  }
  const config = problemOf(state.name, "config");
  if (state.config_on_disk === "invalid") {
    found.push(config("warning", "the configuration file on disk is invalid"));
  } else if (state.config_on_disk === "differs") {
    found.push(config("warning", "the configuration file on disk is not the one in force"));
  }
  const { clock_skew_ms: skewMs = 0 } = state;
  if (Math.abs(skewMs) >= MAX_SKEW_MS) {
    const way = skewMs > 0 ? "ahead of" : "after";
    const message = `its clock is ${formatDuration(Math.abs(skewMs))} ${way} the dashboard's`;
    found.push(problemOf(state.name, "clock")("warning", message));
  }
  return found;
}

function vppProblems({ name, vpp, withheld = [] }: MaglevdState): Problem[] {
  const problem = problemOf(name, "vpp");
  const found: Problem[] = [];
  if (vpp.state === "connecting") {
    found.push(
      problem("critical", `VPP is not connected: ${oneLine(vpp.error ?? "no reason given")}`, {
        ...(vpp.since_ms === undefined ? {} : { since_ms: vpp.since_ms }),
      }),
    );
  }
  return [...found, ...withheld.map((text) => problem("warning", `withheld: ${oneLine(text)}`))];
}

function frontendProblems({ name: maglevd, frontends }: MaglevdState): Problem[] {
  const problem = problemOf(maglevd, "frontend");
  return frontends.flatMap((frontend) => {
    const { name, state, held, active_pool, announced } = frontend;
    const found: Problem[] = announced === "withdrawn"
      ? [problem("warning", "its prefix is withdrawn from the routing (announce)", { name })]
      : [];
    for (const { name: backend, encap } of frontend.pools.flatMap((pool) => pool.backends)) {
      if (encap === undefined) continue;
      const what = encap.failing === true ? "fails through VPP's tunnel" : "cannot be checked";
      const message = `backend ${oneLine(backend)} ${what} (encap): ${oneLine(encap.text)}`;
      found.push(problem("warning", message, { name }));
    }
    const add = (
      severity: Problem["severity"],
      message: string,
    ) => [...found, problem(severity, message, { name })];
    if (held === true) {
      const message = "no backend is up, and VPP keeps the last weights (on-all-down: last-good)";
      return add("critical", message);
    }
    if (state === "down") return add("critical", "no backend serves it");
    const serving = frontend.pools.flatMap(({ backends }) => backends)
      .filter(({ effective_weight }) => effective_weight > 0);
    const keep = serving.filter((backend) => backend.held === true).length;
    if (keep > 0) {
      const [severity, which] = keep === serving.length
        ? ["critical", "all backends that serve it are down, and"] as const
        : ["warning", `${keep} of its backends ${keep === 1 ? "is" : "are"} down, and`] as const;
      return add(severity, `${which} kept by max-down`);
    }
    return state === "up" && isFallback(frontend)
      ? add("warning", `served by the fallback pool ${oneLine(active_pool)}`)
      : found;
  });
}

/** True when another pool than the first serves. */
export function isFallback({ active_pool, pools }: Frontend): boolean {
  return active_pool !== "" && pools[0] !== undefined && pools[0].name !== active_pool;
}

function dataplaneProblems(state: MaglevdState, { isSettled }: ProblemOptions): Problem[] {
  const problem = problemOf(state.name, "dataplane");
  return disagreements(state, isSettled).map(({ frontend, message }) =>
    problem("critical", oneLine(message), { name: frontend })
  );
}

function backendProblems(
  { name: maglevd, clock_skew_ms = 0 }: MaglevdState,
  backend: Backend,
  { nowMs }: ProblemOptions,
): Problem[] {
  const { name, state, since_ms, last_result, certificate_expiry_ms: expiryMs } = backend;
  const found: Problem[] = [];
  if (state === "down") {
    const why = last_result === undefined
      ? ""
      : `: ${oneLine([last_result.code, last_result.detail ?? ""].join(" ").trim())}`;
    found.push(problemOf(maglevd, "backend")("warning", `down${why}`, { name, since_ms }));
  }
  if (expiryMs !== undefined) {
    const leftMs = expiryMs - (nowMs + clock_skew_ms);
    const message = leftMs <= 0
      ? "its certificate has expired"
      : `its certificate expires in ${Math.floor(leftMs / 86_400_000)} days`;
    if (leftMs < CERTIFICATE_MS) {
      const severity = leftMs <= 0 ? "critical" : "warning";
      found.push(problemOf(maglevd, "certificate")(severity, message, { name }));
    }
  }
  return found;
}
