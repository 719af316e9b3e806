/**
 * PURE. The limits of the TLS library (rustls with webpki, of Deno 2.9.6), independent of trust. It
 * checks the handshake's signature with the server's key even where nothing is verified, and parses
 * the whole certificate for that. So servers beyond these limits cannot be probed.
 */
import { type DerFacts, derFacts, type KeyFacts } from "./certificate_der.ts";

const RSA = "1.2.840.113549.1.1.1";
const ELLIPTIC = "1.2.840.10045.2.1";
const ED25519 = "1.3.101.112";

/** Names of kinds of keys that the library does not support. */
const KEYS: Readonly<Record<string, string>> = {
  "1.2.840.10040.4.1": "DSA",
  "1.2.840.113549.1.1.10": "RSASSA-PSS",
  "1.3.101.113": "Ed448",
};

const CURVES: Readonly<Record<string, string>> = {
  "1.2.840.10045.3.1.7": "P-256",
  "1.3.132.0.34": "P-384",
  "1.3.132.0.35": "P-521",
};

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** Critical extensions that the library supports. */
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([
  "2.5.29.15", // key usage
  "2.5.29.17", // subject alternative name
  "2.5.29.19", // basic constraints
  "2.5.29.30", // name constraints
  "2.5.29.31", // CRL distribution points
  "2.5.29.37", // extended key usage
]);

/** Names of extensions that are critical in some certificates, and not supported. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  "2.5.29.32": "certificate policies",
  "2.5.29.36": "policy constraints",
  "2.5.29.54": "inhibit any policy",
  "1.3.6.1.5.5.7.1.24": "TLS feature",
};

/** Signatures that the library can check. */
const SIGNATURES: ReadonlySet<string> = new Set([
  "1.2.840.113549.1.1.10", // RSASSA-PSS
  "1.2.840.113549.1.1.11", // RSA with SHA-256, -384, -512
  "1.2.840.113549.1.1.12",
  "1.2.840.113549.1.1.13",
  "1.2.840.10045.4.3.2", // ECDSA with SHA-256, -384, -512
  "1.2.840.10045.4.3.3",
  "1.2.840.10045.4.3.4",
  ED25519,
]);

const OLD_SIGNATURES: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "MD5",
  "1.2.840.113549.1.1.5": "SHA-1",
  "1.3.14.3.2.29": "SHA-1",
  "1.2.840.10045.4.1": "SHA-1",
  "1.2.840.10040.4.3": "SHA-1",
  "1.2.840.113549.1.1.14": "SHA-224",
};

/** The reason why no handshake with this certificate succeeds; undefined: no reason found. */
export function unusable(der: Uint8Array): string | undefined {
  const facts = derFacts(der);
  if (facts === undefined) return "it is not well-formed DER";
  return weakKey(facts.key) ?? unknownExtension(facts);
}

/** The reason why the signature on this certificate cannot be checked; undefined: it can. */
export function unusableSignature(der: Uint8Array): string | undefined {
  const signature = derFacts(der)?.signature;
  if (signature === undefined || SIGNATURES.has(signature)) return undefined;
  const name = OLD_SIGNATURES[signature];
  return name === undefined
    ? `it is signed with an algorithm that is not supported (OID ${signature})`
    : `it is signed with ${name}, which is not accepted; SHA-256 or longer is`;
}

function weakKey({ algorithm, curve, rsaBits }: KeyFacts): string | undefined {
  if (algorithm === RSA) {
    if (rsaBits >= MIN_RSA_BITS && rsaBits <= MAX_RSA_BITS) return undefined;
    return `its RSA key has ${rsaBits} bits; ${MIN_RSA_BITS} to ${MAX_RSA_BITS} are accepted`;
  }
  if (algorithm === ED25519 || (algorithm === ELLIPTIC && CURVES[curve] !== undefined)) {
    return undefined;
  }
  if (algorithm === ELLIPTIC) {
    const which = curve === "" ? "an explicit elliptic curve" : `the elliptic curve ${curve}`;
    return `its key is of ${which}; ${Object.values(CURVES).join(", ")} are accepted`;
  }
  const name = KEYS[algorithm] ?? `unknown kind (OID ${algorithm})`;
  return `its key is of ${name}; RSA, ECDSA and Ed25519 are accepted`;
}

function unknownExtension({ critical }: DerFacts): string | undefined {
  const unknown = critical.filter((oid) => !KNOWN_EXTENSIONS.has(oid));
  if (unknown.length === 0) return undefined;
  const which = unknown.length === 1 ? "critical extension" : "critical extensions";
  const list = unknown.slice(0, 3).map((oid) => EXTENSIONS[oid] ?? oid).join(", ");
  return `it has the ${which} ${list}, unknown to the TLS library`;
}
