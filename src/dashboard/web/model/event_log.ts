/** PURE. The event panel's lines: what is kept, how a line reads, which ones pass its filter. */
import type { DashboardEvent, LogLevelName } from "../../protocol.ts";

/** Levels that the server sends, from the mildest on. */
export const LEVELS: readonly LogLevelName[] = ["info", "warn", "error"];
/** Kinds of lines, from the first part of a message's name. */
export const KINDS = ["backend", "frontend", "operator", "vpp", "config", "other"] as const;
export type Kind = (typeof KINDS)[number];

export interface LogLine {
  readonly id: number;
  readonly lb: string;
  readonly tMs: number;
  readonly level: LogLevelName;
  readonly kind: Kind;
  readonly msg: string;
  readonly text: string;
}

/** Lines that are kept; older ones are dropped. */
export const MAX_LINES = 500;
/** Longest text of a line. */
const MAX_TEXT = 600;

/** Events that have a line in the panel. */
export type LineEvent = Extract<DashboardEvent, { type: "log" | "backend" | "frontend" }>;

/** The line of an event; undefined for one of a backend or frontend whose state did not change. */
export function lineOf(event: LineEvent, id: number): LogLine | undefined {
  if (event.type === "log") {
    const tMs = Date.parse(event.time);
    return {
      id,
      lb: event.maglevd,
      tMs: Number.isNaN(tMs) ? event.t_ms : tMs,
      level: event.level,
      kind: kindOf(event.msg),
      msg: event.msg,
      text: cut(pairs(event.attributes)),
    };
  }
  const { type: kind, transition } = event;
  if (transition === undefined) return undefined;
  const name = event.type === "backend" ? event.backend.name : event.frontend.name;
  const result = event.type === "backend" ? event.transition?.result : undefined;
  const words = [`${name} ${transition.from} → ${transition.to}`, result?.code, result?.detail];
  return {
    id,
    lb: event.maglevd,
    tMs: transition.at_ms,
    level: "info",
    kind,
    msg: `${kind}-transition`,
    text: cut(words.filter((word) => word).join(" · ")),
  };
}

function kindOf(msg: string): Kind {
  const first = /^[a-z]*/.exec(msg)![0];
  return KINDS.find((kind) => kind === first) ?? "other";
}

function pairs(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes).map(([name, value]) => `${name}=${value}`).join(" ");
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

/** `lines` with the new ones, cut to MAX_LINES. */
export function append(lines: readonly LogLine[], added: readonly LogLine[]): readonly LogLine[] {
  return added.length === 0 ? lines : [...lines, ...added].slice(-MAX_LINES);
}

export interface LogFilter {
  readonly levels: ReadonlySet<LogLevelName>;
  readonly kinds: ReadonlySet<Kind>;
  readonly search: string;
  /** Undefined: of all load balancers. */
  readonly lb?: string | undefined;
}

/** The lines that pass. */
export function filterLines(lines: readonly LogLine[], filter: LogFilter): readonly LogLine[] {
  const word = filter.search.trim().toLowerCase();
  return lines.filter((line) =>
    filter.levels.has(line.level) && filter.kinds.has(line.kind) &&
    (filter.lb === undefined || line.lb === filter.lb) &&
    (word === "" || `${line.lb} ${line.msg} ${line.text}`.toLowerCase().includes(word))
  );
}
