/** PURE. Sentences about a load balancer as a whole: what is wrong with it, or worth knowing. */
import { formatAge, formatLatency } from "./format.ts";
import { intentWords } from "./intent.ts";
import type { Lb } from "./lb.ts";

export interface Note {
  readonly severity: "critical" | "warning" | "info";
  readonly lb: string;
  readonly text: string;
  /** The text without its reason; undefined: the reason makes it another note. */
  readonly about?: string;
  /** Begin of what it is about, by the dashboard's clock. */
  readonly sinceMs?: number;
  /** When the next attempt begins, by the dashboard's clock. */
  readonly retryAtMs?: number;
}

/** Clocks that differ by less than this are not worth a note. */
const SKEW_MS = 1000;
/** A certificate that ends within this time is worth a note. */
const EXPIRY_MS = 14 * 86_400_000;
/** Backends or frontends that a note names. */
const MAX_NAMES = 3;

/** The notes of a load balancer, worst first. `nowMs` is the dashboard's clock. */
export function notesOf(lb: Lb, nowMs: number): Note[] {
  const notes = criticalNotesOf(lb);
  const { status } = lb;
  // What follows was true when it was read; the greyed page shows it as such.
  if (!status.connected) return notes;
  const add = (severity: Note["severity"], text: string) =>
    void notes.push({ severity, lb: lb.name, text });
  const frontends = [...lb.frontends.values()];
  const held = frontends.filter((frontend) => frontend.held === true);
  if (held.length > 0) {
    add("critical", `${namesOf(held)}: no server is up, VPP keeps the last weights (held)`);
  }
  if (status.lameduck !== undefined) {
    const words = intentWords(status.lameduck, nowMs + (status.clock_skew_ms ?? 0));
    add("warning", `Lameduck, all prefixes are withdrawn, ${words}`);
  }
  const withdrawn = frontends.filter(({ announced }) => announced === "withdrawn");
  if (withdrawn.length > 0 && status.lameduck === undefined) {
    add("warning", `${namesOf(withdrawn)}: withdrawn from the routing`);
  }
  if (status.config_on_disk === "invalid") {
    add("warning", `${fileOf(lb)} on disk is invalid; the configuration in force stays`);
  } else if (status.config_on_disk === "differs") {
    add("warning", `${fileOf(lb)} on disk differs from the configuration in force`);
  }
  const skewMs = status.clock_skew_ms ?? 0;
  if (Math.abs(skewMs) >= SKEW_MS) {
    const side = skewMs > 0 ? "ahead of" : "behind";
    add("warning", `Clock is ${formatLatency(Math.abs(skewMs))} ${side} the dashboard's`);
  }
  const ending = [...lb.backends.values()].filter(({ certificate_expiry_ms: expiry }) =>
    expiry !== undefined && expiry - nowMs < EXPIRY_MS
  );
  if (ending.length > 0) {
    const first = Math.min(...ending.map((backend) => backend.certificate_expiry_ms!));
    const when = first <= nowMs ? "has expired" : `expires in ${formatAge(first - nowMs)}`;
    add("warning", `Certificate of ${namesOf(ending)} ${when}`);
  }
  const planned = [...lb.backends.values()].filter(({ scheduled = [] }) => scheduled.length > 0);
  if (planned.length > 0) {
    const next = Math.min(...planned.map(({ scheduled }) => scheduled![0]!.from_ms ?? 0));
    const leftMs = next - (status.clock_skew_ms ?? 0) - nowMs;
    add("info", `Scheduled for ${namesOf(planned)}: the next begins in ${formatAge(leftMs)}`);
  }
  if (status.warmup === "waiting" || status.warmup === "releasing") {
    const until = status.warmup_until_ms;
    const left = until === undefined ? 0 : until - (status.clock_skew_ms ?? 0) - nowMs;
    const rest = left > 0 ? `, at most ${formatAge(left)} more` : "";
    add("info", `Warming up: VPP keeps what it has until the backends are probed${rest}`);
  }
  if (lb.vpp.weights === false) {
    add("info", "This VPP has no weights: servers are in use or not in use");
  }
  return notes;
}

/** Those that are critical. They are few to look for, and none depends on the time. */
export function criticalNotesOf(lb: Lb): Note[] {
  const { status, vpp } = lb;
  const notes: Note[] = [];
  const add = (text: string, more: Partial<Note> = {}) =>
    void notes.push({ severity: "critical", lb: lb.name, text, ...more });
  const because = (error: string | undefined) => error === undefined ? "" : `: ${error}`;
  if (!status.connected) {
    const seen = status.refreshed_ms === undefined ? "has not answered yet" : "does not answer";
    add(`maglevd ${seen}${because(status.error)}`, {
      about: "maglevd is away",
      sinceMs: status.connection_since_ms,
      ...(status.retry_at_ms === undefined ? {} : { retryAtMs: status.retry_at_ms }),
    });
    return notes;
  }
  if (vpp.state === "connecting") {
    const text = `VPP is not connected${because(vpp.error)}; it keeps what it has`;
    add(text, { about: "VPP is not connected", ...since(vpp.since_ms, lb) });
  }
  for (const { netns, reason, isolated } of status.blind ?? []) {
    const where = netns === "" ? "" : ` in namespace ${netns}`;
    add(
      isolated === true
        ? `The prober${where} is cut off (isolated), states and weights stay: ${reason}`
        : `Probes${where} are void: ${reason}`,
    );
  }
  for (const text of status.withheld ?? []) add(`Not sent to VPP: ${text}`);
  if (status.announce_problem !== undefined) add(`Announcements: ${status.announce_problem}`);
  return notes;
}

function namesOf(items: readonly { readonly name: string }[]): string {
  const names = items.slice(0, MAX_NAMES).map(({ name }) => name).join(", ");
  return items.length > MAX_NAMES ? `${names} and ${items.length - MAX_NAMES} more` : names;
}

function since(sinceMs: number | undefined, lb: Lb): Partial<Note> {
  return sinceMs === undefined ? {} : { sinceMs: sinceMs - (lb.status.clock_skew_ms ?? 0) };
}

function fileOf(lb: Lb): string {
  return lb.status.config_file ?? "The configuration file";
}
