/**
 * Authenticates and authorises callers. A caller has one role: none, viewer (may read) or operator
 * (may change things). It follows from a token, without one from a certificate of the configured
 * authority, without both from the caller's address. PURE.
 *
 *     credentials                          role
 *     a token of the file                  the role in its line
 *     a client certificate                 operator; viewer when its subject has OU=viewer
 *     none, from this host                 operator, while neither tokens nor a client CA are configured
 *     none otherwise                       --grpc-anonymous-role
 *
 * A call with a token that is not in the file is refused, even with a valid certificate. Callers
 * from this host use a unix socket, have a loopback address, or have the address that they called.
 */
import { type Role, ROLES } from "./methods.ts";
import { parseIp, plainAddress } from "../../base/address.ts";
import { MaglevError } from "../../base/errors.ts";
import type { ServedMethod } from "./methods.ts";
import type { TokenTable } from "./tokens.ts";
import { identityOf } from "./user_name.ts";

/** The rules that give callers their roles. */
export interface AccessPolicy {
  /** Undefined: no token file is configured. */
  readonly tokens: TokenTable | undefined;
  /** True when clients must show a certificate. */
  readonly clientCertificates: boolean;
  /** Of a caller without credentials. */
  readonly anonymousRole: Role;
}

/** The subject of a client's certificate, which was verified. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizationalUnits: readonly string[];
}

/** The other end of a connection. */
export interface Peer {
  /** `192.0.2.1:4711`, or `unix`. */
  readonly text: string;
  /** True for unix sockets and for addresses of this host. */
  readonly local: boolean;
  /** User of a unix socket, from the kernel; undefined: unknown. */
  readonly user?: string | undefined;
  readonly certificate: CertificateSubject | undefined;
}

/** A caller and its role. */
export interface Caller {
  readonly peer: string;
  /** See user_name.ts; empty: unknown. */
  readonly identity: string;
  /** True without token and certificate. */
  readonly anonymous: boolean;
  readonly role: Role;
  /** Of this host, or with credentials. */
  readonly trusted: boolean;
}

/** The metadata of a call by which its caller is identified. */
export interface Shown {
  readonly authorization: readonly string[];
  /** Of USER_HEADER. */
  readonly user: readonly string[];
}

/** Returns the caller of a call. The error is `unauthenticated`. */
export function identify(
  peer: Peer,
  { authorization, user }: Shown,
  policy: AccessPolicy,
): Caller | MaglevError {
  const { tokens, anonymousRole } = policy;
  const caller = (proved: string, role: Role): Caller => ({
    peer: peer.text,
    identity: identityOf(proved, user, peer.user),
    role,
    anonymous: false,
    trusted: true,
  });
  if (tokens !== undefined && authorization.length > 0) {
    const token = authorization.length === 1 ? bearerToken(authorization[0]!) : undefined;
    const found = token === undefined ? undefined : tokens.find(token);
    if (found === undefined) {
      return new MaglevError(
        "unauthenticated",
        "unknown token: need one from the token file, as `authorization: Bearer TOKEN`",
      );
    }
    return caller(found.identity, found.role);
  }
  if (peer.certificate !== undefined) {
    const { commonName, organizationalUnits } = peer.certificate;
    const viewer = organizationalUnits.includes("viewer");
    return caller(`certificate ${JSON.stringify(commonName)}`, viewer ? "viewer" : "operator");
  }
  const trusted = peer.local && tokens === undefined && !policy.clientCertificates;
  return anonymousCaller(peer, user, trusted ? "operator" : anonymousRole);
}

/** A caller without credentials. `user`: values of USER_HEADER. */
export function anonymousCaller(peer: Peer, user: readonly string[], role: Role): Caller {
  const proved = peer.user === undefined ? "" : `user ${JSON.stringify(peer.user)}`;
  const identity = identityOf(proved, user, peer.user);
  return { peer: peer.text, identity, role, anonymous: true, trusted: peer.local };
}

/** The error for a caller that may not call the method, with the fix; undefined when it may. */
export function refusal(
  method: ServedMethod,
  caller: Caller,
  policy: AccessPolicy,
): MaglevError | undefined {
  const { needs } = method;
  if (needs === "anyone" || ROLES.indexOf(caller.role) >= ROLES.indexOf(needs)) return undefined;
  const { anonymous, identity } = caller;
  const who = identity === "" ? "an anonymous caller" : JSON.stringify(identity);
  const has = caller.role === "none" ? "no role" : `role ${caller.role}`;
  // Only where tokens are configured would credentials help.
  const unproved = anonymous && policy.tokens !== undefined;
  return new MaglevError(
    unproved ? "unauthenticated" : "permission-denied",
    `${method.name} needs role ${needs}; ${who} from ${caller.peer} has ${has}: ` +
      remedy(needs, anonymous, policy),
  );
}

function remedy(needs: "viewer" | "operator", anonymous: boolean, policy: AccessPolicy): string {
  if (policy.tokens !== undefined) {
    return `present a token with role ${needs} as \`authorization: Bearer TOKEN\`; ` +
      "maglevd's --grpc-tokens names the file of tokens";
  }
  if (policy.clientCertificates) {
    const shown = anonymous ? "a client certificate" : "a client certificate without OU=viewer";
    return `present ${shown}, of the authority that maglevd's --grpc-client-ca names`;
  }
  return "call from maglevd's own host, or start maglevd with " +
    `--grpc-anonymous-role=${needs} or with --grpc-tokens`;
}

function bearerToken(header: string): string | undefined {
  return /^bearer +(\S+) *$/i.exec(header)?.[1];
}

/**
 * Reports whether the other end of a connection is on this host: it has a loopback address, or the
 * same address as this end, which Linux gives to a caller of one of its own addresses.
 */
export function isThisHost(remote: string, local: string): boolean {
  return isLoopback(remote) || (remote !== "" && plainAddress(remote) === plainAddress(local));
}

/** True for 127.0.0.0/8 and ::1, IPv4-mapped ones included. */
function isLoopback(address: string): boolean {
  const ip = parseIp(plainAddress(address));
  if (ip === undefined) return false;
  return ip.family === 4 ? ip.packed.charCodeAt(0) === 127 : ip.text === "::1";
}
