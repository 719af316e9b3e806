/**
 * What the log of one maglevd must not show: a server that `max-down` holds loses its weight, a server
 * goes down while the prober is cut off, or a drain that goes on loses its flows. PURE.
 */
import type { LogLine } from "../support/servers/daemon.ts";

/** Threads notice the cut, and its end, so much apart. */
const APART_MS = 1000;
/** The record of an operator's action is so much later than its requests to VPP. */
const RECORDED_MS = 2000;
/** The end of a synchronisation is recorded so much later than its last answer. */
const LATE_MS = 5000;

/** Addresses by backend, and VIPs by frontend. */
export interface Names {
  readonly backendAt: (address: string) => string | undefined;
  readonly frontendAt: (vip: string) => string | undefined;
}

/** All targets of isolation, and all servers, are away from one instant on. */
export interface Cut {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** The backends whose servers passed their checks until then. */
  readonly alive: ReadonlySet<string>;
  /** When the targets came back; Infinity: they are away. */
  untilMs: number;
}

/** The first fault, in words. */
export function logFault(
  lines: readonly LogLine[],
  { names, cuts }: { readonly names: Names; readonly cuts: readonly Cut[] },
): string | undefined {
  return brakeFault(lines, names) ?? isolationFault(lines) ?? cutFault(lines, cuts) ??
    drainFault(lines, names);
}

/** No request takes the weight of a held server, unless an operator acted on it since. */
function brakeFault(
  lines: readonly LogLine[],
  { backendAt, frontendAt }: Names,
): string | undefined {
  const held = new Set<string>();
  for (const [i, line] of lines.entries()) {
    const key = `${line.frontend} ${line.backend}`;
    if (line.msg === "backend-held") held.add(key);
    else if (line.msg === "backend-released") held.delete(key);
    else if (line.msg === "operator-action" || line.msg.startsWith("operator-intent-")) {
      for (const each of held) if (each.endsWith(` ${line.backend}`)) held.delete(each);
    } else if (line.msg === "vpp-lbsync-as-weight" && line.weight === 0) {
      const backend = backendAt(String(line.address));
      const each = `${frontendAt(String(line.vip))} ${backend}`;
      if (!held.has(each) || isOperated(lines.slice(i), backend)) continue;
      return `${each} is held, and gets weight 0: ${JSON.stringify(line)}`;
    }
  }
  return undefined;
}

/** True when the first line is a request that follows from an action of an operator. */
function isOperated(lines: readonly LogLine[], backend: string | undefined): boolean {
  const untilMs = Date.parse(lines[0]!.time) + RECORDED_MS;
  return lines.some((line) =>
    line.msg === "operator-action" && line.backend === backend && Date.parse(line.time) < untilMs
  );
}

/** No server that passed until the cut goes down before `isolation` ends. */
function cutFault(lines: readonly LogLine[], cuts: readonly Cut[]): string | undefined {
  for (const { atMs, alive, untilMs } of cuts) {
    if (lines[0] === undefined || Date.parse(lines[0].time) > atMs) continue;
    for (const line of lines) {
      const timeMs = Date.parse(line.time);
      if (timeMs < atMs) continue;
      if (timeMs > untilMs || /^prober-isolated-(ended|expired)$/.test(line.msg)) break;
      const { msg, from, to, backend } = line;
      const isDown = msg === "backend-transition" && from === "up" && to === "down";
      if (isDown && alive.has(String(backend))) {
        return `it went down although all targets are away: ${JSON.stringify(line)}`;
      }
    }
  }
  return undefined;
}

/** No server goes down by its checks while the prober is cut off. */
function isolationFault(lines: readonly LogLine[]): string | undefined {
  const isCut: { sinceMs: number; down: LogLine[] } = { sinceMs: Infinity, down: [] };
  for (const line of lines) {
    const atMs = Date.parse(line.time);
    if (line.msg === "prober-isolated") {
      isCut.sinceMs = atMs;
      isCut.down = [];
    } else if (line.msg === "prober-isolated-ended" || line.msg === "prober-isolated-expired") {
      const wrong = isCut.down.find(({ time }) => Date.parse(time) < atMs - APART_MS);
      if (wrong !== undefined) return `it went down in isolation: ${JSON.stringify(wrong)}`;
      isCut.sinceMs = Infinity;
    } else if (line.msg === "backend-transition" && line.to === "down") {
      if (atMs > isCut.sinceMs + APART_MS) isCut.down.push(line);
    }
  }
  return undefined;
}

/** No server that is up loses its flows during its drain. */
function drainFault(lines: readonly LogLine[], { backendAt }: Names): string | undefined {
  /** Since when each is up, and drained; absent: it is not. */
  const up = new Map<unknown, number>();
  const drained = new Map<unknown, number>();
  /** The last flush of each that was up. */
  const flushes = new Map<unknown, LogLine>();
  const fault = (name: unknown, line: LogLine) =>
    `${name} is up and drained, and flushed: ${JSON.stringify(line)}`;
  for (const [i, line] of lines.entries()) {
    const { msg, backend } = line;
    const atMs = Date.parse(line.time);
    if (msg === "backend-transition") {
      if (line.to === "up") up.set(backend, atMs);
      else up.delete(backend);
    } else if (msg === "operator-action" && line.result === "ok") {
      if (line.method !== "DrainBackend") {
        drained.delete(backend);
        continue;
      }
      drained.set(backend, atMs);
      const flush = flushes.get(backend);
      const sinceMs = atMs - Date.parse(flush?.time ?? "");
      if (flush !== undefined && sinceMs < RECORDED_MS) return fault(backend, flush);
    } else if (/^operator-(intent-|drain-done)/.test(msg)) drained.delete(backend);
    else if (/^vpp-lbsync-as-(weight|flush)$/.test(msg) && (line.flush ?? true) === true) {
      const name = backendAt(String(line.address));
      const sentMs = atMs - slowestAnswerMs(lines.slice(i));
      if ((up.get(name) ?? Infinity) > sentMs) continue;
      if ((drained.get(name) ?? Infinity) < sentMs) return fault(name, line);
      flushes.set(name, line);
    }
  }
  return undefined;
}

/** A record of a request is that of its answer, which may be late: its synchronisation has the time. */
function slowestAnswerMs(lines: readonly LogLine[]): number {
  const untilMs = Date.parse(lines[0]!.time) + LATE_MS;
  const durations = lines.filter(({ msg, time }) =>
    msg === "vpp-lbsync-done" && Date.parse(time) < untilMs
  ).map((line) => Number(line["duration-ms"]));
  return Math.max(0, ...durations);
}
