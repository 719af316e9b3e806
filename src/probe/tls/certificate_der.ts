/**
 * PURE. Reads the fields of a certificate (RFC 5280, 4.1) that decide whether the TLS library can
 * use it; the library's own messages are few and wrong. The DER is untrusted: every length is
 * checked against the available bytes, and nothing is read recursively.
 */

/** A DER element: its content is `bytes[start, end)`. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** Fields of a certificate; OIDs in dotted decimal. */
export interface DerFacts {
  /** OID of the algorithm that signed it. */
  readonly signature: string;
  readonly key: KeyFacts;
  /** OIDs of extensions that a reader who does not support them must not ignore. */
  readonly critical: readonly string[];
  /** OIDs of the extended key usage; empty: for everything. */
  readonly usages: readonly string[];
}

export interface KeyFacts {
  readonly algorithm: string;
  /** OID of the elliptic curve; empty: it is not of one, or spelled out. */
  readonly curve: string;
  /** Length of an RSA modulus; 0: another kind of key. */
  readonly rsaBits: number;
}

const RSA = "1.2.840.113549.1.1.1";

/** Undefined when the bytes are not a certificate. */
export function derFacts(der: Uint8Array): DerFacts | undefined {
  const whole = elementAt(der, 0, der.length);
  const [signed, signature] = whole === undefined ? [] : childrenOf(der, whole);
  if (signed === undefined || signature === undefined) return undefined;
  const fields = childrenOf(der, signed);
  const first = fields[0]?.tag === 0xa0 ? 1 : 0;
  // serial, signature, issuer, validity, subject, key
  const keyInfo = fields[first + 5];
  const [oid] = childrenOf(der, signature);
  if (keyInfo === undefined || oid === undefined) return undefined;
  const key = keyOf(der, keyInfo);
  const extensions = fields.find(({ tag }) => tag === 0xa3);
  const [list] = extensions === undefined ? [] : childrenOf(der, extensions);
  if (key === undefined) return undefined;
  const all = list === undefined ? [] : childrenOf(der, list);
  return {
    signature: oidOf(der, oid),
    key,
    critical: all.flatMap((one) => critical(der, one)),
    usages: all.flatMap((one) => usages(der, one)),
  };
}

const EXTENDED_KEY_USAGE = "2.5.29.37";

/** The value holds SEQUENCE OF OID (RFC 5280, 4.2.1.12). */
function usages(der: Uint8Array, extension: Element): readonly string[] {
  const parts = childrenOf(der, extension);
  const [oid, value] = [parts[0], parts.at(-1)];
  if (oid === undefined || value === undefined || oidOf(der, oid) !== EXTENDED_KEY_USAGE) return [];
  const list = elementAt(der, value.start, value.end);
  return list === undefined ? [] : childrenOf(der, list).map((one) => oidOf(der, one));
}

/** Extension ::= SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, value OCTET STRING } */
function critical(der: Uint8Array, extension: Element): readonly string[] {
  const [oid, flag] = childrenOf(der, extension);
  if (oid === undefined || flag?.tag !== 0x01 || der[flag.start] === 0) return [];
  return [oidOf(der, oid)];
}

/** SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { OID, parameters }, BIT STRING } */
function keyOf(der: Uint8Array, info: Element): KeyFacts | undefined {
  const [identifier, bits] = childrenOf(der, info);
  const [oid, parameters] = identifier === undefined ? [] : childrenOf(der, identifier);
  if (oid === undefined || bits === undefined) return undefined;
  const algorithm = oidOf(der, oid);
  const curve = parameters?.tag === 0x06 ? oidOf(der, parameters) : "";
  return { algorithm, curve, rsaBits: algorithm === RSA ? modulusBits(der, bits) : 0 };
}

/** The bit string holds SEQUENCE { modulus INTEGER, exponent INTEGER } after a byte of padding. */
function modulusBits(der: Uint8Array, bits: Element): number {
  const key = elementAt(der, bits.start + 1, bits.end);
  const [modulus] = key === undefined ? [] : childrenOf(der, key);
  if (modulus === undefined) return 0;
  let { start } = modulus;
  while (start < modulus.end && der[start] === 0) start++;
  return start === modulus.end ? 0 : 8 * (modulus.end - start - 1) + 32 - Math.clz32(der[start]!);
}

/** The elements within `parent`, up to the first broken one. */
function childrenOf(der: Uint8Array, parent: Element): readonly Element[] {
  const children: Element[] = [];
  for (let at = parent.start; at < parent.end;) {
    const child = elementAt(der, at, parent.end);
    if (child === undefined) break;
    children.push(child);
    at = child.end;
  }
  return children;
}

/** The element that begins at `at` and ends at `limit` at the latest. */
function elementAt(der: Uint8Array, at: number, limit: number): Element | undefined {
  const [tag, first] = [der[at], der[at + 1]];
  if (tag === undefined || first === undefined || at + 2 > limit) return undefined;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || start + count > limit) return undefined;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + der[start + i]!;
    start += count;
  }
  return start + length > limit ? undefined : { tag, start, end: start + length };
}

/** Maximum of digits of an OID that are shown. */
const MAX_OID = 64;

function oidOf(der: Uint8Array, { start, end }: Element): string {
  const arcs: number[] = [];
  let arc = 0;
  for (let at = start; at < end; at++) {
    arc = arc * 128 + (der[at]! & 0x7f);
    if ((der[at]! & 0x80) !== 0) continue;
    if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)));
    arcs.push(arcs.length === 1 ? arc - 40 * arcs[0]! : arc);
    arc = 0;
  }
  return arcs.join(".").slice(0, MAX_OID);
}
