/** Describes the edit of a file, for the trace. PURE. */
import type { Config } from "../../../src/config/model.ts";

/** Differences that are listed; the others are counted. */
const MOST = 8;

/** `frontends.web.port 80 -> 93, backends.b1.enabled true -> false`; empty: nothing is different. */
export function editText(before: Config, after: Config): string {
  const all = [...differences(before, after, "")];
  const more = all.length > MOST ? [`${all.length - MOST} more`] : [];
  return [...all.slice(0, MOST), ...more].join(", ");
}

function* differences(before: unknown, after: unknown, path: string): Generator<string> {
  if (before === after || textOf(before) === textOf(after)) return;
  const [old, next] = [partsOf(before), partsOf(after)];
  if (old === undefined || next === undefined) {
    yield `${path} ${textOf(before)} -> ${textOf(after)}`;
    return;
  }
  for (const key of new Set([...old.keys(), ...next.keys()])) {
    yield* differences(old.get(key), next.get(key), path === "" ? key : `${path}.${key}`);
  }
}

/** The parts of a section or a list; undefined: it is a single value. */
function partsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (value instanceof Map) return value;
  if (typeof value !== "object" || value === null || "text" in value) return undefined;
  return new Map(Object.entries(value));
}

function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return "text" in value ? String(value.text) : JSON.stringify(value, plainly);
}

function plainly(_: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return typeof value === "object" && value !== null && "text" in value ? value.text : value;
}
