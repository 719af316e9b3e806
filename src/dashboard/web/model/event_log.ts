/** PURE. The event panel's lines: what is kept, how a line reads, which ones pass its filter. */
import type { DashboardEvent, LogLevelName } from "../../protocol.ts";

export const LEVELS: readonly LogLevelName[] = ["debug", "info", "warn", "error"];
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

/** A line of a log event. */
export function lineOf(event: Extract<DashboardEvent, { type: "log" }>, id: number): LogLine {
  const tMs = Date.parse(event.time);
  return {
    id,
    lb: event.maglevd,
    tMs: Number.isNaN(tMs) ? event.t_ms : tMs,
    level: event.level,
    kind: kindOf(event.msg),
    msg: event.msg,
    text: textOf(event.msg, event.attributes),
  };
}

function kindOf(msg: string): Kind {
  const first = /^[a-z]*/.exec(msg)![0];
  return KINDS.find((kind) => kind === first) ?? "other";
}

/** Transitions as a sentence; everything else as the log has it. */
function textOf(msg: string, attributes: Readonly<Record<string, string>>): string {
  const { backend, frontend, from, to, layer: _, ...others } = attributes;
  const subject = backend ?? frontend;
  const text = msg.endsWith("-transition") && subject !== undefined && from !== undefined
    ? [`${subject} ${from} → ${to}`, ...Object.values(others)].filter((part) => part).join(" · ")
    : pairs(attributes);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

function pairs(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes).map(([name, value]) => `${name}=${value}`).join(" ");
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
