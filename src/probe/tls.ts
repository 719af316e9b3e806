/**
 * TLS of the probes: a connection and a handshake over node:tls (the only one of Deno's ways that
 * is quick and frees its descriptor at once), and the verdict on the certificate.
 *
 * The library is never told to reject: it would destroy the connection before the certificate
 * could be seen, and the expiry is wanted above all of a certificate that is not accepted. What it
 * found is judged here (certificate.ts).
 *
 * With neither a `server-name` nor a name in `host` there is no SNI (RFC 6066 allows no addresses
 * there), and the certificate must carry the backend's address.
 */
import { Socket } from "node:net";
import {
  checkServerIdentity,
  connect,
  type ConnectionOptions,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import { invariant } from "../base/assert.ts";
import type { TlsParams } from "../config/model.ts";
import { certificateProblem, expiryMs } from "./certificate.ts";
import { NodeStream } from "./node_stream.ts";
import {
  CONNECT_TIMED_OUT,
  connectVerdict,
  HANDSHAKE_TIMED_OUT,
  SCOPED,
  SECURED,
  type Verdict,
} from "./outcome.ts";
import { type Cancellation, type Probe, type ProbeSpec, sourceOf } from "./prober.ts";
import { handshakeVerdict } from "./tls_outcome.ts";
import { trusting } from "./trust.ts";

/** What of the TLS part of a probe stays the same over its probes. */
export interface TlsTarget {
  readonly spec: ProbeSpec;
  /** SNI; empty: none. */
  readonly serverName: string;
  /** Name or address that the certificate must carry. */
  readonly identity: string;
  readonly verify: boolean;
  readonly secureContext: SecureContext;
}

/** What a handshake ended with. */
export interface Handshake {
  /** The connection, when it may be used; to be closed by who gets it. */
  readonly stream: NodeStream | undefined;
  /** SECURED with a stream, else the failure. Holds the expiry when a certificate was seen. */
  readonly verdict: Verdict;
}

/** Prepares TLS with a target. */
export function tlsTargetOf(spec: ProbeSpec, params: TlsParams): TlsTarget {
  const { serverName, insecureSkipVerify, ca } = params;
  return {
    spec,
    serverName,
    identity: serverName === "" ? spec.address.replace(/%.*$/, "") : serverName,
    verify: !insecureSkipVerify,
    secureContext: trusting(insecureSkipVerify ? undefined : ca),
  };
}

/** A Prober for type `tcp` with `ssl`. */
export function tlsProber(spec: ProbeSpec): Probe {
  const { params } = spec.healthcheck;
  invariant(params.type === "tcp" && params.ssl, "a TLS prober was given a target without ssl");
  const target = tlsTargetOf(spec, params);
  return async (cancellation) => {
    const { stream, verdict } = await handshake(target, cancellation);
    stream?.close();
    return verdict;
  };
}

/** Connects and completes the handshake. Never rejects; without a stream nothing is left open. */
export function handshake(target: TlsTarget, cancellation: Cancellation): Promise<Handshake> {
  return new Promise((resolve) => {
    if (cancellation.cancelled) return resolve(without(CONNECT_TIMED_OUT));
    if (target.spec.address.includes("%")) return resolve(without(SCOPED));
    let connected = false;
    let seen: PeerCertificate | undefined;
    const socket = open(target, (certificate) => seen = certificate);
    const fail = (verdict: Verdict) => {
      cancellation.release = undefined;
      socket.destroy();
      resolve(without(verdict));
    };
    cancellation.release = () => fail(connected ? HANDSHAKE_TIMED_OUT : CONNECT_TIMED_OUT);
    socket.on("connect", () => connected = true);
    // Stays for the socket's life: an error with no listener would end the thread.
    socket.on("error", (error) => {
      fail(connected ? handshakeVerdict(error) : connectVerdict(error, sourceOf(target.spec)));
    });
    socket.on("secureConnect", () => {
      const verdict = judge(target, { socket, seen });
      if (!verdict.ok) return fail(verdict);
      cancellation.release = undefined;
      resolve({ stream: new NodeStream(socket), verdict });
    });
  });
}

/** Begins to connect. `onTrusted` gets the certificate when its chain was found good. */
function open(target: TlsTarget, onTrusted: (certificate: PeerCertificate) => void): TLSSocket {
  const { spec, serverName, identity, verify, secureContext } = target;
  const source = sourceOf(spec);
  const options: ConnectionOptions & { autoSelectFamily: boolean; localAddress?: string } = {
    host: spec.address,
    port: spec.healthcheck.port,
    autoSelectFamily: false,
    secureContext,
    rejectUnauthorized: false,
    checkServerIdentity: (_, certificate) => {
      onTrusted(certificate);
      return verify ? checkServerIdentity(identity, certificate) : undefined;
    },
  };
  if (serverName !== "") options.servername = serverName;
  if (source !== undefined) options.localAddress = source;
  try {
    return connect(options);
  } catch (error) {
    // What is refused before there is a socket is told like all else.
    const socket = new Socket() as TLSSocket;
    queueMicrotask(() => socket.destroy(error instanceof Error ? error : new Error(`${error}`)));
    return socket;
  }
}

/** The verdict on a completed handshake. */
function judge(
  { verify, identity }: TlsTarget,
  { socket, seen }: { readonly socket: TLSSocket; readonly seen: PeerCertificate | undefined },
): Verdict {
  const certificate = seen ?? socket.getPeerCertificate() ?? {};
  const expiry = expiryMs(certificate);
  const error = socket.authorized ? "" : `${socket.authorizationError}`;
  const problem = verify
    ? certificateProblem({ certificate, error, name: identity, nowMs: Date.now() })
    : undefined;
  const verdict = problem ?? SECURED;
  return expiry === undefined ? verdict : { ...verdict, certificateExpiryMs: expiry };
}

function without(verdict: Verdict): Handshake {
  return { stream: undefined, verdict };
}
