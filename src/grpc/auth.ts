/**
 * Who is calling, and may they? A caller has one role: none, viewer (may look) or operator (may
 * change things). It comes from a token, or from a certificate of the configured authority, or else from
 * where the caller is. PURE: whoever takes a call says what is known of it.
 *
 *     credentials                          role
 *     a token of the file                  the one beside it
 *     a client certificate                 operator; viewer when its subject has OU=viewer
 *     none, from this host                 operator, while neither tokens nor a client CA are configured
 *     none otherwise                       --grpc-anonymous-role
 *
 * A token that is not in the file is never passed over, whatever else the caller has.
 */
import { parseIp } from "../base/address.ts";
import { MaglevError } from "../base/errors.ts";
import type { ServedMethod } from "./methods.ts";
import type { TokenTable } from "./tokens.ts";

/** What a caller may do; each may do what those before it may. */
export const ROLES = ["none", "viewer", "operator"] as const;
export type Role = (typeof ROLES)[number];

/** How callers are judged. */
export interface AccessPolicy {
  /** Undefined: no token file is configured. */
  readonly tokens: TokenTable | undefined;
  /** True when clients must show a certificate. */
  readonly clientCertificates: boolean;
  /** Of a caller without credentials. */
  readonly anonymousRole: Role;
}

/** Of a client's certificate that was verified. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizationalUnits: readonly string[];
}

/** The other end of a connection. */
export interface Peer {
  /** `192.0.2.1:4711`, or `unix`. */
  readonly text: string;
  /** True for loopback and unix sockets. */
  readonly local: boolean;
  readonly certificate: CertificateSubject | undefined;
}

/** A caller that was judged. */
export interface Caller {
  readonly peer: string;
  /** As far as it was proved; empty: anonymous. */
  readonly identity: string;
  readonly role: Role;
  /** Of this host, or with credentials. */
  readonly known: boolean;
}

/**
 * Judges a call. `authorization`: the values of that header. The error is `unauthenticated`; the
 * caller in it is an anonymous one without rights.
 */
export function identify(
  peer: Peer,
  authorization: readonly string[],
  policy: AccessPolicy,
): Caller | MaglevError {
  const { tokens, anonymousRole } = policy;
  if (tokens !== undefined && authorization.length > 0) {
    const token = authorization.length === 1 ? bearerToken(authorization[0]!) : undefined;
    const found = token === undefined ? undefined : tokens.find(token);
    if (found === undefined) {
      return new MaglevError(
        "unauthenticated",
        "Unknown token: need one of the token file, as `authorization: Bearer TOKEN`",
      );
    }
    return { peer: peer.text, identity: found.identity, role: found.role, known: true };
  }
  if (peer.certificate !== undefined) return certified(peer.text, peer.certificate);
  const trusted = peer.local && tokens === undefined && !policy.clientCertificates;
  const role = trusted ? "operator" : anonymousRole;
  return { peer: peer.text, identity: "", role, known: peer.local };
}

/** Undefined when the caller may call the method, else why not and what would be needed. */
export function refusal(
  method: ServedMethod,
  caller: Caller,
  policy: AccessPolicy,
): MaglevError | undefined {
  const { needs } = method;
  if (needs === "anyone" || ROLES.indexOf(caller.role) >= ROLES.indexOf(needs)) return undefined;
  const anonymous = caller.identity === "";
  const who = anonymous ? "an anonymous caller" : JSON.stringify(caller.identity);
  const has = caller.role === "none" ? "no role" : `role ${caller.role}`;
  // Credentials would help only where some can be had.
  const unproved = anonymous && policy.tokens !== undefined;
  return new MaglevError(
    unproved ? "unauthenticated" : "permission-denied",
    `${method.name} needs role ${needs}; ${who} from ${caller.peer} has ${has}: ` +
      remedy(needs, anonymous, policy),
  );
}

function remedy(needs: "viewer" | "operator", anonymous: boolean, policy: AccessPolicy): string {
  if (policy.tokens !== undefined) {
    return `present a token with role ${needs} as \`authorization: Bearer TOKEN\``;
  }
  if (policy.clientCertificates) {
    return anonymous
      ? "present a client certificate"
      : `present a client certificate without OU=viewer`;
  }
  return "call from maglevd's own host, or have --grpc-tokens or --grpc-client-ca configured";
}

function bearerToken(header: string): string | undefined {
  return /^bearer +(\S+) *$/i.exec(header)?.[1];
}

function certified(peer: string, certificate: CertificateSubject): Caller {
  const { commonName, organizationalUnits } = certificate;
  const viewer = organizationalUnits.includes("viewer");
  return {
    peer,
    identity: `certificate ${JSON.stringify(commonName)}`,
    role: viewer ? "viewer" : "operator",
    known: true,
  };
}

/** An address as the system gives it, without the IPv6 clothes of an IPv4 address. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** True for 127.0.0.0/8 and ::1, with or without IPv6 clothes. */
export function isLoopback(address: string): boolean {
  const ip = parseIp(plainAddress(address));
  if (ip === undefined) return false;
  return ip.family === 4 ? ip.bytes[0] === 127 : ip.text === "::1";
}
