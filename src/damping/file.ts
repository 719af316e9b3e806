/**
 * Penalties as the text of a file, and back. PURE.
 *
 *     {"format":"maglevd damping","version":1,"checksum":"<hex>","penalties":[
 *     {"backend":"nginx0","address":"10.0.0.10","penalty":2.5,"at_ms":1800000000000,"held_ms":null}
 *     ]}
 *
 * The file is accepted as a whole or not at all. The checksum (SHA-256 of the list as JSON) protects
 * against accidents; it is not a signature.
 */
import { createHash } from "node:crypto";
import { LATEST_MS, type WallMs } from "../base/instant.ts";
import { isPlainLine } from "../base/text.ts";
import { MAX_NAME_LENGTH } from "../config/schema/text_rules.ts";
import type { KeptPenalty } from "./kept.ts";

const FORMAT = "maglevd damping";
const VERSION = 1;
/** Longest text of an address. */
const MAX_ADDRESS = 100;
/** No backend goes down as often. */
const MAX_PENALTY = 1e9;

/** Longest file that is read or written, in bytes: some 50,000 backends. */
export const MAX_DAMPING_FILE_BYTES = 16 << 20;

export type DecodedPenalties =
  | { readonly kind: "ok"; readonly penalties: readonly KeptPenalty[] }
  | { readonly kind: "refused"; readonly message: string };

/** The text of a file with these penalties. */
export function encodePenalties(penalties: readonly KeptPenalty[]): string {
  const lines = penalties.map(({ backend, address, penalty, atMs, heldMs }) =>
    JSON.stringify({ backend, address, penalty, at_ms: atMs, held_ms: heldMs ?? null })
  );
  const head = { format: FORMAT, version: VERSION, checksum: checksum(`[${lines.join(",")}]`) };
  const start = JSON.stringify(head).slice(0, -1);
  return `${start},"penalties":[${lines.length === 0 ? "" : `\n${lines.join(",\n")}\n`}]}\n`;
}

/** The content of a file, or the reason why it is refused. */
export function decodePenalties(text: string): DecodedPenalties {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return refused("not JSON, or truncated");
  }
  if (!isRecord(document) || document.format !== FORMAT) return refused("not written by maglevd");
  if (document.version !== VERSION) return refused(`need version ${VERSION}`);
  const list = document.penalties;
  if (!Array.isArray(list) || document.checksum !== checksum(JSON.stringify(list))) {
    return refused("checksum mismatch: changed by another program, or corrupted on disk");
  }
  const penalties: KeptPenalty[] = [];
  for (const [at, record] of list.entries()) {
    const penalty = fromRecord(record);
    if (penalty === undefined) return refused(`entry ${at + 1} is not a penalty of this version`);
    penalties.push(penalty);
  }
  return { kind: "ok", penalties };
}

function fromRecord(record: unknown): KeptPenalty | undefined {
  if (!isRecord(record) || Object.keys(record).length !== 5) return undefined;
  const { backend, address, penalty, at_ms: atMs, held_ms: heldMs } = record;
  if (!isText(backend, MAX_NAME_LENGTH) || !isText(address, MAX_ADDRESS)) return undefined;
  if (typeof penalty !== "number" || !(penalty > 0 && penalty <= MAX_PENALTY)) return undefined;
  if (!isWhole(atMs) || !(heldMs === null || isWhole(heldMs))) return undefined;
  const kept = { backend, address, penalty, atMs: atMs as WallMs };
  return heldMs === null ? kept : { ...kept, heldMs };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= maxLength &&
    isPlainLine(value);
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= LATEST_MS;
}

function checksum(list: string): string {
  return createHash("sha256").update(list).digest("hex");
}

function refused(message: string): DecodedPenalties {
  return { kind: "refused", message };
}
