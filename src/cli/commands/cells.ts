/** Cells that several commands share. */
import type { WallMs } from "../../base/instant.ts";
import type { messages } from "../../grpc/client/client.ts";
import { elapsed, instant, millisecondsOf, wallMsOfNanoseconds } from "../render/mod.ts";
import type { Style } from "../../terminal/color.ts";
import type { Cell } from "../render/model.ts";

/** Stands for an absent value in the middle of a table. */
export const NOTHING: Cell = { text: "-", style: "muted" };

export const STATE_STYLES: ReadonlyMap<string, Style> = new Map([
  ["up", "good"],
  ["down", "bad"],
  ["unknown", "warn"],
  ["paused", "warn"],
  ["disabled", "muted"],
  ["removed", "muted"],
]);

export function stateCell(state: string): Cell {
  return state === "" ? NOTHING : { text: state, style: STATE_STYLES.get(state) ?? "plain" };
}

export function textCell(text: string): Cell {
  return text === "" ? NOTHING : { text };
}

/** Names of the backends with a server's address; without a terminal in one word. */
export function backendsCell(names: readonly string[]): Cell {
  return { text: names.join(", "), plain: names.join(","), style: "name" };
}

export function yesNo(value: boolean): Cell {
  return { text: value ? "yes" : "no" };
}

/** A time; without a terminal in one word, in the form of RFC 3339; 0 means unset. */
export function instantCell(unixNs: bigint): Cell {
  if (unixNs === 0n) return NOTHING;
  const text = instant(wallMsOfNanoseconds(unixNs));
  return { text, plain: text.replace(" ", "T") };
}

/** Time since an instant, up to `nowMs`; 0 means unset. */
export function ageCell(unixNs: bigint, nowMs: WallMs): Cell {
  if (unixNs === 0n) return NOTHING;
  return { text: elapsed(nowMs - wallMsOfNanoseconds(unixNs)), volatile: true };
}

/** `2026-03-01 09:30:00Z (3d4h ago)`; 0 means unset. */
export function sinceCell(unixNs: bigint, nowMs: WallMs): Cell {
  if (unixNs === 0n) return NOTHING;
  const unixMs = wallMsOfNanoseconds(unixNs);
  return { text: `${instant(unixMs)} (${elapsed(nowMs - unixMs)} ago)`, volatile: true };
}

/** A duration; 0 means unset. */
export function tookCell(ns: bigint): Cell {
  return ns === 0n ? { ...NOTHING, volatile: true } : {
    text: elapsed(millisecondsOf(ns)),
    volatile: true,
  };
}

/** `L7STS`. */
export function codeCell(result: messages.ProbeResult | undefined): Cell {
  if (result === undefined) return NOTHING;
  const { ok, code, layer } = result;
  // Pseudo results, of operators' actions, have no layer.
  return { text: code, style: ok || layer === "" ? "plain" : "bad" };
}

/** `L7STS status 503, expected 200`. */
export function resultCell(result: messages.ProbeResult | undefined): Cell {
  if (result === undefined) return NOTHING;
  const code = codeCell(result);
  return result.detail === ""
    ? code
    : { ...code, text: `${code.text} ${result.detail}`, comparisonKey: code.text };
}

/** End of validity of a certificate: a warning when soon, a fault when very soon. */
export function expiryCell(unixNs: bigint | undefined, nowMs: WallMs): Cell {
  if (unixNs === undefined) return NOTHING;
  const unixMs = wallMsOfNanoseconds(unixNs);
  const leftMs = unixMs - nowMs;
  const when = instant(unixMs);
  const text = leftMs > 0
    ? `${when} (in ${elapsed(leftMs)})`
    : `${when} (expired ${elapsed(-leftMs)} ago)`;
  const days = leftMs / 86_400_000;
  return { text, comparisonKey: when, style: days < 3 ? "bad" : days < 14 ? "warn" : "plain" };
}

/** The operator's identity and address, as far as they are known. */
export function whoText({ identity, peer }: messages.Intent): string {
  return identity === "" ? peer : `${identity} (${peer})`;
}

/** End of an intent. */
export function untilText(untilUnixNs: bigint | undefined, nowMs: WallMs): string {
  if (untilUnixNs === undefined) return "an operator ends it";
  const unixMs = wallMsOfNanoseconds(untilUnixNs);
  const leftMs = unixMs - nowMs;
  return `${instant(unixMs)} (${leftMs > 0 ? `in ${elapsed(leftMs)}` : "now"})`;
}

const KIND_WORDS: ReadonlyMap<string, string> = new Map([
  ["pause", "paused"],
  ["disable", "disabled"],
  ["drain", "drained"],
  ["lameduck", "lameduck"],
]);

/** An operator's intent in one line: `paused by alice (192.0.2.9), 12m07s ago: new kernel`. */
export function intentText(intent: messages.Intent, nowMs: WallMs): string {
  const { kind, reason, sinceUnixNs, fromUnixNs, untilUnixNs, fileWeight, weight, then } = intent;
  const what = kind === "weight"
    ? `weight ${fileWeight} → ${weight}`
    : KIND_WORDS.get(kind) ?? kind;
  const ageMs = nowMs - wallMsOfNanoseconds(sinceUnixNs);
  const when = ageMs < 1000 ? "just now" : `${elapsed(ageMs)} ago`;
  const begin = fromUnixNs === undefined
    ? ""
    : `, from ${instant(wallMsOfNanoseconds(fromUnixNs))}`;
  const end = untilUnixNs === undefined ? "" : `, until ${untilText(untilUnixNs, nowMs)}`;
  const why = reason === "" ? "" : `: ${reason}`;
  const next = then === "" ? "" : `, then ${KIND_WORDS.get(then) ?? then}`;
  return `${what} by ${whoText(intent)}, ${when}${begin}${end}${next}${why}`;
}

/** A drain as VPP shows it: `at most 12 flows left, no packet for 10s of 42s`. */
export function drainText({ flows, quietNs, quietNeededNs, unwatched }: messages.DrainProgress) {
  const needed = elapsed(millisecondsOf(quietNeededNs));
  const parts = [
    flows === undefined ? "" : flows === 1n ? "at most 1 flow left" : `at most ${flows} flows left`,
    quietNs === undefined ? "" : `no packet for ${elapsed(millisecondsOf(quietNs))} of ${needed}`,
    unwatched === "" ? "" : `it cannot end early now: ${unwatched}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** The same in a column of notes; empty without an intent. */
export function intentCell(intent: messages.Intent | undefined, nowMs: WallMs): Cell {
  if (intent === undefined) return { text: "" };
  const { kind, weight, fileWeight } = intent;
  return {
    text: intentText(intent, nowMs),
    comparisonKey: `${kind} ${fileWeight} ${weight}`,
    style: "warn",
  };
}
