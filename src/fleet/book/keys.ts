/**
 * PURE. The keys of a fleet in its store, below `/maglev/FLEET/`:
 *
 *     meta                                  identity of the store's content
 *     intent/SCOPE/b/BACKEND                a pause, disable or drain
 *     intent/SCOPE/w/FRONTEND/POOL/BACKEND  a weight
 *     rollout                               the permission to put a configuration in force
 *     lb/NAME/status                        what one load balancer has applied; ends with its lease
 *
 * SCOPE is `fleet`, `site=NAME` or `lb=NAME`. Names may contain slashes, so each is percent-encoded.
 */
import type { Intent } from "../../intent/intent.ts";

export const META = "meta";
export const ROLLOUT = "rollout";
const INTENT = "intent/";

/** Longest key, in bytes, without the prefix. */
export const MAX_KEY_LENGTH = 2048;

/** The load balancer whose wishes these are. */
export interface Place {
  readonly lb: string;
  /** Empty: of no site. */
  readonly site: string;
}

/** The prefix of a fleet's keys. */
export function prefixOf(fleet: string): string {
  return `/maglev/${encodeName(fleet)}/`;
}

/** The key of an intent with a scope. */
export function keyOf(intent: Intent): string {
  const { scope = "" } = intent;
  const start = `${INTENT}${encodeScope(scope)}/`;
  if (intent.kind === "lameduck") return `${start}l`;
  if (intent.kind !== "weight") return `${start}b/${encodeName(intent.backend)}`;
  const { frontend, pool, backend } = intent;
  return `${start}w/${[frontend, pool, backend].map(encodeName).join("/")}`;
}

/** The scope of an intent's key; undefined: the key is another one. */
export function scopeOfKey(key: string): string | undefined {
  if (!key.startsWith(INTENT)) return undefined;
  const [, scope = ""] = key.split("/");
  const at = scope.indexOf("=");
  if (at < 0) return scope;
  const name = decodeName(scope.slice(at + 1));
  return name === undefined ? undefined : `${scope.slice(0, at + 1)}${name}`;
}

/** The names of an intent's target, as its key has them. */
export function placeOfKey(key: string): readonly string[] {
  return key.split("/").slice(3).map((part) => decodeName(part) ?? part);
}

export function statusKey(lb: string): string {
  return `lb/${encodeName(lb)}/status`;
}

/** The load balancer whose status a key holds; undefined: it is another key. */
export function lbOfKey(key: string): string | undefined {
  const match = /^lb\/([^/]+)\/status$/.exec(key);
  return match === null ? undefined : decodeName(match[1]!);
}

/** True for `fleet`, `site=NAME` and `lb=NAME`. */
export function isScope(text: string): boolean {
  return text === "fleet" || /^(?:site|lb)=[^\s/]{1,128}$/.test(text);
}

/** True when a scope contains a load balancer. */
export function appliesTo(scope: string, { lb, site }: Place): boolean {
  return scope === "fleet" || scope === `lb=${lb}` || (site !== "" && scope === `site=${site}`);
}

function encodeScope(scope: string): string {
  const at = scope.indexOf("=");
  return at < 0 ? scope : `${scope.slice(0, at + 1)}${encodeName(scope.slice(at + 1))}`;
}

/** A name without slashes, percent signs and all that is not printable ASCII. */
function encodeName(name: string): string {
  const bytes = new TextEncoder().encode(name);
  let text = "";
  for (const byte of bytes) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x2f;
    text += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
