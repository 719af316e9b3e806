/** PURE. Checks the values of slots, and normalizes them. */
import { formatDuration, parseDuration } from "../../base/duration.ts";
import { LATEST_MS, TOO_FAR_AWAY } from "../../base/instant.ts";
import { isPlainLine, isWord, listWords, quote } from "../../base/text.ts";
import type { SlotKind } from "./node.ts";

/** Longest name in a configuration; the server has the same limit. */
const MAX_NAME = 128;
/** Longest reason that the server accepts. */
const MAX_TEXT = 500;
/** Longest list of waves; the server's own limits are stricter. */
const MAX_WAVES = 8000;
const MAX_COUNT = 1_000_000_000;

/** A word of a slot with a closed set of values, with a line of help. */
export interface FixedValue {
  readonly text: string;
  readonly help: string;
}

const LEVELS: readonly FixedValue[] = [
  { text: "debug", help: "Everything, including each probe" },
  { text: "info", help: "Events that matter to operators" },
  { text: "warn", help: "Events that may need attention" },
  { text: "error", help: "Failures" },
];

const THEN: readonly FixedValue[] = [
  { text: "disable", help: "Take it out of service; its last flows are dropped" },
  { text: "pause", help: "Stop probing it; its last flows stay" },
];

const SHELLS: readonly FixedValue[] = [
  { text: "bash", help: "GNU bash" },
  { text: "zsh", help: "Z shell" },
  { text: "fish", help: "fish" },
];

/** The values of slots with a closed set; empty: any value that checkValue() accepts. */
export function fixedValues(slot: SlotKind): readonly FixedValue[] {
  if (slot === "level") return LEVELS;
  if (slot === "then") return THEN;
  return slot === "shell" ? SHELLS : [];
}

/** The name of a slot in a command's syntax. */
export function placeholder(slot: SlotKind): string {
  switch (slot) {
    case "frontend":
    case "backend":
    case "healthcheck":
    case "pool-backend":
    case "lb":
    case "site":
      return "<name>";
    case "pool":
      return "<pool>";
    case "weight":
      return "<0-100>";
    case "count":
      return "<n>";
    case "then":
      return THEN.map(({ text }) => text).join("|");
    case "shell":
      return SHELLS.map(({ text }) => text).join("|");
    default:
      return `<${slot}>`;
  }
}

/** True for slots whose values are names on the server. */
export function takesName(slot: SlotKind): boolean {
  return NAMED.has(slot);
}

const NAMED: ReadonlySet<SlotKind> = new Set<SlotKind>([
  "frontend",
  "backend",
  "healthcheck",
  "pool",
  "pool-backend",
  "lb",
  "site",
]);

export type Checked =
  | { readonly ok: true; readonly value: string }
  /** `message`: the required form, and the given text. */
  | { readonly ok: false; readonly message: string };

/** `text` as the value of a slot, in the form that Args promises. */
export function checkValue(slot: SlotKind, text: string): Checked {
  const value = readValue(slot, text);
  const shown = /^[\w.:+-]{1,40}$/.test(text) ? text : quote(text);
  if (value === undefined) return { ok: false, message: `need ${wanted(slot)}, not ${shown}` };
  if (value === TOO_FAR) return { ok: false, message: `cannot take ${shown}: ${TOO_FAR_AWAY}` };
  return { ok: true, value };
}

/** Marks a time or duration that is too long for a request. */
const TOO_FAR = Symbol("too far away");

function readValue(slot: SlotKind, text: string): string | typeof TOO_FAR | undefined {
  switch (slot) {
    case "weight":
      return /^\d{1,9}$/.test(text) && Number(text) <= 100 ? String(Number(text)) : undefined;
    case "count": {
      const count = /^\d{1,15}$/.test(text) ? Number(text) : 0;
      return count >= 1 && count <= MAX_COUNT ? String(count) : undefined;
    }
    case "duration":
      return readDuration(text);
    case "time":
      return readTime(text);
    case "text":
      return text.length <= MAX_TEXT && isPlainLine(text) ? text : undefined;
    case "waves":
      return text !== "" && text.length <= MAX_WAVES && isPlainLine(text) ? text : undefined;
    case "hash":
      return /^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined;
    case "id":
      return /^[0-9a-f]{8}$/i.test(text) ? text.toLowerCase() : undefined;
    case "level":
      // In any case, like --log-level.
      return oneOf(fixedValues(slot), text.toLowerCase());
    case "then":
    case "shell":
      return oneOf(fixedValues(slot), text);
    default:
      return isName(text) ? text : undefined;
  }
}

/** The same rule as the configuration's. */
function isName(text: string): boolean {
  return text !== "" && text.length <= MAX_NAME && isWord(text);
}

/** The value that equals `text`, or the only one that begins with it. */
function oneOf(values: readonly FixedValue[], text: string): string | undefined {
  if (values.some((value) => value.text === text)) return text;
  const [only, ...more] = values.filter((value) => text !== "" && value.text.startsWith(text));
  return more.length === 0 ? only?.text : undefined;
}

/** A duration as Go writes it, also with days (`3d4h`); normalized without days. Not zero. */
function readDuration(text: string): string | typeof TOO_FAR | undefined {
  if (text.length > 64) return undefined;
  const [, days = "0", rest = ""] = /^(?:(\d{1,20})d)?(.*)$/s.exec(text) ?? [];
  if (/^[+-]/.test(rest)) return undefined;
  const restMs = rest === "" && text !== "" ? 0 : parseDuration(rest);
  // Longer than Go's longest duration, which equals the longest time of a request.
  if (restMs === undefined) {
    return /^(?:\d+(?:\.\d*)?(?:ms|s|m|h))+$/.test(rest) ? TOO_FAR : undefined;
  }
  const ms = Number(days) * 86_400_000 + restMs;
  if (ms > LATEST_MS) return TOO_FAR;
  return ms >= 1 ? formatDuration(Math.round(ms)) : undefined;
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** RFC 3339 with its zone, as the same instant in UTC with milliseconds. */
function readTime(text: string): string | typeof TOO_FAR | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, day = "", time = "", fraction = "", zone = ""] = match;
  // Date reads 30 February as 1 or 2 March, and 24:00 as the next day.
  const asIs = Date.parse(`${day}T${time}Z`);
  if (Number.isNaN(asIs) || isoText(asIs).slice(0, 19) !== `${day}T${time}`) return undefined;
  const ms = Date.parse(`${day}T${time}${fraction.slice(0, 4)}${zone.toUpperCase()}`);
  if (ms > LATEST_MS) return TOO_FAR;
  // An offset may lead out of the years with four digits.
  return Number.isNaN(ms) || isoText(ms).length !== 24 ? undefined : isoText(ms);
}

function isoText(ms: number): string {
  return new Date(ms).toISOString();
}

function wanted(slot: SlotKind): string {
  switch (slot) {
    case "weight":
      return "0 to 100";
    case "count":
      return `a whole number from 1 to ${MAX_COUNT}`;
    case "duration":
      return "a duration such as 90s, 30m or 3d4h";
    case "time":
      return "a time with its zone such as 2027-01-31T18:00:00Z";
    case "text":
      return `one line of at most ${MAX_TEXT} characters, without control characters`;
    case "waves":
      return "load balancers, site=NAME or rest, for example lb1/site=ams,lb7/rest";
    case "id":
      return "an intent's id, eight hexadecimal digits (see show intents)";
    case "level":
    case "then":
    case "shell":
      return listWords(fixedValues(slot).map(({ text }) => text));
    default:
      return `a name (1 to ${MAX_NAME} characters, no blanks or control characters)`;
  }
}
