/**
 * Checks the rules over more than one key, and adds semantic errors and warnings.
 *
 * A hole in the draft (an invalid value) was reported when it was decoded; the rules here do not
 * report consequences of holes.
 */
import { formatDuration } from "../../base/duration.ts";
import { quote } from "../../base/text.ts";
import { checkLoopback, checkSources } from "./addresses.ts";
import { checkAnnounce } from "./announce.ts";
import { checkChains } from "./chains.ts";
import { checkDamping } from "./damping.ts";
import { checkEncap } from "./encap.ts";
import { checkFrontends } from "./frontends.ts";
import { checkHttp } from "./http.ts";
import { checkSteps } from "./steps.ts";
import { checkTables } from "./tables.ts";
import { checkVips } from "./vips.ts";
import { isIgnored } from "../ignored_keys.ts";
import type { PairSlots } from "../client_certificates.ts";
import type { IssueList } from "../issue.ts";
import type { ConfigDraft, HealthcheckDraft, VppLbDraft } from "../schema/schema.ts";
import type { IsolationDraft } from "../schema/healthchecker.ts";
import type { Slot } from "../schema/types.ts";

/** The circumstances in which the configuration is to be used. */
export interface CheckOptions {
  /** VPP is programmed, rather than health checked only. */
  readonly vpp: boolean;
}

/** Checks the parts of `draft` against each other; adds to `issues`. */
export function check(draft: ConfigDraft, issues: IssueList, { vpp }: CheckOptions): void {
  const isolation = draft.keys.healthchecker.value?.keys.isolation.value;
  if (isolation !== undefined) checkIsolation(isolation, issues);
  const lb = draft.keys.vpp.value?.keys.lb;
  if (lb?.value !== undefined) checkDelays(lb.value, issues);
  else if (vpp && lb?.given === false) {
    issues.add(
      "missing-key",
      lb,
      "is missing: needed while VPP integration is on; add it, or switch VPP off with " +
        '--vpp-api-addr ""',
    );
  }
  for (const { draft: healthcheck } of draft.keys.healthchecks.value?.values() ?? []) {
    if (healthcheck !== undefined) checkHealthcheck(healthcheck, issues);
  }
  checkDamping(draft, issues);
  checkBackends(draft, issues);
  const { used, vips } = checkFrontends(draft, issues);
  checkVips(vips, issues);
  checkChains(vips, issues);
  checkTables(draft, issues);
  checkAnnounce(draft, issues);
  checkEncap(draft, issues);
  if (lb?.value !== undefined) checkSources(lb.value, vips, issues);
  if (vpp) checkLoopback(vips, issues);
  for (const [name, backend] of draft.keys.backends.value ?? []) {
    if (used.has(name)) continue;
    issues.add("unused-backend", backend, "no frontend uses this backend; it is only probed");
  }
}

function checkIsolation({ keys: { targets, quorum } }: IsolationDraft, issues: IssueList): void {
  const count = targets.value?.length;
  if (count === undefined) return;
  if (count < 2) {
    issues.add(
      "isolation-targets",
      targets,
      `needs at least 2 targets, has ${count}: a single one that dies is not a network that is down`,
    );
  } else if (quorum.value !== undefined && quorum.value > count) {
    issues.add(
      "isolation-targets",
      quorum,
      `must not be more than the ${count} targets, is ${quorum.value}`,
    );
  }
}

function checkDelays(lb: VppLbDraft, issues: IssueList): void {
  const min = lb.keys["startup-min-delay"];
  const max = lb.keys["startup-max-delay"];
  if (min.value === undefined || max.value === undefined || max.value >= min.value) return;
  issues.add(
    "delay-order",
    max.given ? max : min,
    `startup-max-delay (${formatDuration(max.value)}) must not be less than ` +
      `startup-min-delay (${formatDuration(min.value)})`,
  );
}

function checkHealthcheck(draft: HealthcheckDraft, issues: IssueList): void {
  const { type, port, timeout, interval } = draft.keys;
  if (port.given && type.value === "icmp") {
    issues.add("no-effect", port, "an icmp probe has no port; leave the key out");
  }
  if (timeout.value !== undefined && timeout.value > (interval.value ?? Infinity)) {
    issues.add(
      "timeout-above-interval",
      timeout.given ? timeout : interval,
      `the timeout (${formatDuration(timeout.value)}) is longer than the interval ` +
        `(${formatDuration(interval.value ?? 0)}): a server that hangs is probed less often`,
    );
  }
  checkParams(draft, issues);
}

/** Settings that contradict each other so that one has no effect. */
function checkParams(draft: HealthcheckDraft, issues: IssueList): void {
  const params = draft.keys.params.value;
  if (params === undefined || params.variant === "icmp") return;
  if (params.variant === "dns" || params.variant === "udp") return;
  if (params.variant === "tcp") {
    checkTls(params.draft.keys, issues);
    checkSteps(params.draft.keys.steps, issues);
    if (params.draft.keys.ssl.value !== false) return;
    const { "server-name": name, "insecure-skip-verify": skip } = params.draft.keys;
    const { alpn, "ca-file": ca, "client-cert": cert } = params.draft.keys;
    return withoutSsl([name, skip, alpn, ca, cert], issues);
  }
  if (params.variant === "grpc") {
    checkTls(params.draft.keys, issues);
    if (params.draft.keys.ssl.value !== false) return;
    const { "server-name": name, "insecure-skip-verify": skip } = params.draft.keys;
    const { "ca-file": ca, "client-cert": cert } = params.draft.keys;
    return withoutSsl([name, skip, ca, cert], issues);
  }
  if (params.variant === "https") {
    checkTls(params.draft.keys, issues);
    checkAlpn(params.draft.keys, issues);
  }
  checkHttp(params.draft.keys, issues);
}

function withoutSsl(slots: readonly Slot<unknown>[], issues: IssueList): void {
  for (const slot of slots) {
    if (slot.given) issues.add("no-effect", slot, "has no effect without `ssl: true`");
  }
}

function checkTls(
  keys: PairSlots & {
    readonly "ca-file": Slot<string>;
    readonly "insecure-skip-verify": Slot<boolean>;
  },
  issues: IssueList,
): void {
  if (keys["client-key"].given && !keys["client-cert"].given) {
    issues.add("no-effect", keys["client-key"], "has no effect without `client-cert`");
  }
  if (!keys["ca-file"].given || keys["insecure-skip-verify"].value !== true) return;
  issues.add("no-effect", keys["ca-file"], "has no effect with `insecure-skip-verify: true`");
}

/** The probe writes one protocol: a server may choose another one that is offered, and wait. */
function checkAlpn(
  { alpn, http2 }: { readonly alpn: Slot<readonly string[]>; readonly http2: Slot<boolean> },
  issues: IssueList,
): void {
  const { value } = alpn;
  if (value === undefined || value.length === 0) return;
  const [name, spoken] = http2.value === true
    ? ["HTTP/2", ["h2"]]
    : ["HTTP/1.1", ["http/1.1", "http/1.0"]];
  if (value.every((offered) => spoken.includes(offered))) return;
  const message = `a probe of type https speaks ${name}${
    http2.value === true ? " with `http2: true`" : ""
  }; with a server that chooses another protocol of this list it fails; offer ${spoken[0]} alone`;
  issues.add("no-effect", alpn, message);
}

function checkBackends(draft: ConfigDraft, issues: IssueList): void {
  const healthchecks = draft.keys.healthchecks.value;
  const used = new Set<string>();
  const names = [...healthchecks?.keys() ?? []];
  for (const { draft: backend } of draft.keys.backends.value?.values() ?? []) {
    const slot = backend?.keys.healthcheck;
    if (slot?.value === undefined) continue;
    const name = slot.value;
    used.add(name);
    // Without a usable section every name in it would be called unknown.
    if (healthchecks === undefined || healthchecks.has(name)) continue;
    issues.add("unknown-name", slot, () => {
      const hint = isIgnored(name)
        ? "; names that begin with `x-` are ignored"
        : issues.suggestion(name, names, "; define it in maglev.healthchecks");
      return name === ""
        ? "the name of the healthcheck is empty; leave the key out for a static backend"
        : `there is no healthcheck ${quote(name)}${hint}`;
    });
  }
  for (const [name, healthcheck] of healthchecks ?? []) {
    if (used.has(name)) continue;
    issues.add("unused-healthcheck", healthcheck, "no backend uses this healthcheck");
  }
}
