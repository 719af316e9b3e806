/**
 * PURE. Formats an event as a line for people; two blanks separate its parts:
 *
 *     2026-03-01 09:30:00.250Z  backend  web1  up → down  L7STS status 503, expected 200
 *     2026-03-01 09:30:00.250Z  frontend  web  is up
 *     2026-03-01 09:30:00.251Z  info  vpp-lbsync-done  scope=vip duration-ms=3
 */
import { wallMsOf } from "../../base/instant.ts";
import type { messages } from "../../grpc/client/client.ts";
import { STATE_STYLES } from "../commands/cells.ts";
import { paint } from "../../terminal/color.ts";
import { printable } from "../../terminal/text.ts";
import { preciseInstant } from "../render/mod.ts";
import type { Style } from "../../terminal/color.ts";

interface Part {
  readonly text: string;
  readonly style?: Style;
}

/** Ends with a newline. `server`: its sender, when there are several. */
export function eventLine(
  { event }: messages.Event,
  { color, server }: { readonly color: boolean; readonly server?: string | undefined },
): string {
  const whose: readonly Part[] = server === undefined ? [] : [{ text: server, style: "name" }];
  const parts = [...whose, ...partsOf(event)].filter(({ text }) => text !== "");
  const texts = parts.map(({ text, style = "plain" }) => {
    const safe = printable(text);
    return color ? paint(safe, style) : safe;
  });
  return `${texts.join("  ")}\n`;
}

function partsOf(event: messages.Event["event"]): readonly Part[] {
  switch (event?.$case) {
    case "backend":
      return transitionParts("backend", event.value.name, event.value.transition);
    case "frontend":
      return transitionParts("frontend", event.value.name, event.value.transition);
    case "policy":
      return policyParts(event.value);
    case "log":
      return logParts(event.value);
    default:
      return [{ text: "an event of an unknown kind" }];
  }
}

type Transition = messages.TransitionRecord | messages.FrontendTransition;

function transitionParts(
  kind: string,
  name: string,
  transition: Transition | undefined,
): readonly Part[] {
  if (transition === undefined) return [{ text: kind }, { text: name, style: "name" }];
  const { from, to, atUnixNs } = transition;
  const result = "result" in transition ? transition.result : undefined;
  return [
    { text: preciseInstant(wallMsOf(new Date(Number(atUnixNs / 1_000_000n)))), style: "muted" },
    { text: kind },
    { text: name, style: "name" },
    // A watch begins with the present states.
    { text: from === to ? `is ${to}` : `${from} → ${to}`, style: STATE_STYLES.get(to) ?? "plain" },
    { text: result === undefined ? "" : `${result.code} ${result.detail}`.trim() },
  ];
}

function policyParts(value: messages.PolicyEvent): readonly Part[] {
  const { event, frontend, pool, backend, message, atUnixNs } = value;
  return [
    { text: preciseInstant(wallMsOf(new Date(Number(atUnixNs / 1_000_000n)))), style: "muted" },
    { text: "policy" },
    ...[frontend, pool, backend].map((text): Part => ({ text, style: "name" })),
    { text: event, style: "warn" },
    { text: message },
  ];
}

const LEVEL_STYLES: ReadonlyMap<string, Style> = new Map([
  ["debug", "muted"],
  ["warn", "warn"],
  ["error", "bad"],
]);

function logParts({ time, level, msg, attributes }: messages.LogEvent): readonly Part[] {
  const name = level.toLowerCase();
  return [
    { text: time.replace("T", " "), style: "muted" },
    { text: name, style: LEVEL_STYLES.get(name) ?? "plain" },
    { text: msg, style: "name" },
    { text: attributes.map(({ key, value }) => `${key}=${valueText(value)}`).join(" ") },
  ];
}

/** In quotes unless it reads as one word. */
function valueText(value: string): string {
  return value !== "" && !/[\s"=]/.test(value) ? value : JSON.stringify(value);
}

/** The watched kinds of events, to detect duplicates. */
export interface Watched {
  readonly backend: boolean;
  readonly frontend: boolean;
  /** Empty: all names. */
  readonly backendNames: readonly string[];
  readonly frontendNames: readonly string[];
}

/** True for the log record of a transition that is also watched as an event. */
export function isDouble({ event }: messages.Event, watched: Watched): boolean {
  if (event?.$case !== "log") return false;
  const { msg, attributes } = event.value;
  const kind = DOUBLES.get(msg);
  if (kind === undefined || !watched[kind]) return false;
  const names = watched[`${kind}Names`];
  const name = attributes.find(({ key }) => key === kind)?.value;
  return names.length === 0 || (name !== undefined && names.includes(name));
}

const DOUBLES: ReadonlyMap<string, "backend" | "frontend"> = new Map([
  ["backend-transition", "backend"],
  ["frontend-transition", "frontend"],
  ["backend-damped", "backend"],
  ["damping-overridden", "frontend"],
  ["backend-held", "frontend"],
  ["backend-released", "frontend"],
  ["frontend-held", "frontend"],
  ["frontend-released", "frontend"],
  ["slow-start-begin", "frontend"],
  ["slow-start-end", "frontend"],
  ["encap-failed", "frontend"],
  ["encap-passed", "frontend"],
]);
