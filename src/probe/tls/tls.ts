/**
 * TLS of the probes: makes a connection and a handshake over node:tls, and judges the certificate.
 * Of Deno's TLS interfaces only node:tls is fast and frees its descriptor immediately.
 *
 * The library is configured not to reject certificates: it would destroy the connection before the
 * certificate is visible, and the expiry matters most for a certificate that is not accepted. The
 * library's finding is judged here (certificate.ts).
 *
 * The connection is made before the TLS socket: in Deno 2.9.6 a TLS socket that never gets its
 * connection is never freed, nor its 175 KB of authorities (measured at a closed port).
 *
 * Without a `server-name` and without a name in `host` SNI is not sent, because RFC 6066 does not
 * allow addresses there; the certificate must then carry the backend's address.
 */
import type { Duplex } from "node:stream";
import { connect, type SecureContext, type TLSSocket } from "node:tls";
import { invariant } from "../../base/assert.ts";
import { wallMsOf } from "../../base/instant.ts";
import type { TlsParams } from "../../config/model.ts";
import { certificateProblem, WRONG_NAME } from "./certificate.ts";
import { chainProblem } from "./chain_problem.ts";
import { connectFailure } from "../net/connect_failure.ts";
import { wasEstablished } from "../established.ts";
import { NodeStream, openSocket } from "../net/node_stream.ts";
import {
  CONNECT_TIMED_OUT,
  HANDSHAKE_TIMED_OUT,
  printable,
  SECURED,
  type Verdict,
} from "../outcome.ts";
import { CertificateMemory, type Expiry, firstExpiry, leaveUnread } from "./peer_certificate.ts";
import type { Cancellation, Probe, ProbeSpec } from "../prober.ts";
import { ScopedSocket } from "../net/scoped_socket.ts";
import { shownCertificates } from "./diagnosis.ts";
import { handshakeVerdict, isBeyondLibrary, unusableVerdict } from "./outcome.ts";
import { ownProblem } from "./own_certificate.ts";
import { trusting } from "./trust.ts";

/** The prepared TLS parameters, shared by all probes of a target. */
export interface TlsTarget {
  readonly spec: ProbeSpec;
  /** SNI; empty: none. */
  readonly serverName: string;
  /** Name or address that the certificate must carry. */
  readonly identity: string;
  readonly verify: boolean;
  /** Protocols offered (ALPN); empty: none. */
  readonly alpn: readonly string[];
  readonly showsCertificate: boolean;
  /** Why the client certificate is not valid now; undefined: nothing is wrong with it. */
  readonly ownProblem: () => string | undefined;
  /** PEM of the authorities of `ca-file`; undefined: the system's count. */
  readonly caPem: string | undefined;
  readonly secureContext: SecureContext;
  readonly memory: CertificateMemory;
  /** Bytes that are sent before the handshake. */
  readonly preface: Uint8Array;
}

/** The result of a handshake. */
export interface Handshake {
  /** The connection, if it may be used; the receiver closes it. */
  readonly stream: NodeStream | undefined;
  /** SECURED with a stream, otherwise the failure. Includes the expiry of a certificate seen. */
  readonly verdict: Verdict;
}

/** Prepares TLS with a target. `preface` is sent before the handshake. */
export function tlsTargetOf(
  spec: ProbeSpec,
  params: TlsParams,
  preface: Uint8Array = new Uint8Array(0),
): TlsTarget {
  const { serverName, insecureSkipVerify, alpn, ca, client } = params;
  const identity = serverName === "" ? spec.address.replace(/%.*$/, "") : serverName;
  return {
    spec,
    serverName,
    identity,
    verify: !insecureSkipVerify,
    alpn,
    showsCertificate: client !== undefined,
    ownProblem: () => client && ownProblem(client, wallMsOf(new Date())),
    caPem: ca?.pem,
    secureContext: trusting({
      ...(insecureSkipVerify || ca === undefined ? {} : { ca }),
      ...(client === undefined ? {} : { client }),
    }),
    memory: new CertificateMemory(identity),
    preface,
  };
}

/** A Prober for type `tcp` with `ssl`. */
export function tlsProber(spec: ProbeSpec): Probe {
  const { params } = spec.healthcheck;
  invariant(params.type === "tcp" && params.ssl, "tlsProber() got a target without ssl");
  const target = tlsTargetOf(spec, params);
  return async (cancellation) => {
    const { stream, verdict } = await handshake(target, cancellation);
    stream?.close();
    return verdict;
  };
}

/** Connects and completes the handshake. Never rejects; without a stream nothing is left open. */
export async function handshake(
  target: TlsTarget,
  cancellation: Cancellation,
): Promise<Handshake> {
  const ended = await attempt(target, cancellation);
  if (ended !== "beyond-library") return ended;
  const { serverName, alpn } = target;
  const shown = cancellation.cancelled ? [] : await shownCertificates(
    { socket: socketTo(target), serverName, alpn },
    cancellation,
  );
  return without(withExpiry(unusableVerdict(shown), firstExpiry(shown)));
}

function socketTo({ spec, preface }: TlsTarget): Duplex {
  const socket = spec.address.includes("%") ? new ScopedSocket(spec) : openSocket(spec);
  if (preface.length > 0) socket.once("connect", () => socket.write(preface));
  return socket;
}

/** The end of a handshake; `beyond-library`: the library cannot use the certificate. */
type Attempt = Handshake | "beyond-library";

function attempt(target: TlsTarget, cancellation: Cancellation): Promise<Attempt> {
  return new Promise((resolve) => {
    if (cancellation.cancelled) return resolve(without(CONNECT_TIMED_OUT));
    const socket = socketTo(target);
    let secure: TLSSocket | undefined;
    let ended = false;
    const end = (attempt: Attempt) => {
      if (ended) return;
      ended = true;
      cancellation.release = undefined;
      if (attempt === "beyond-library" || attempt.stream === undefined) {
        (secure ?? socket).destroy();
      }
      resolve(attempt);
    };
    cancellation.release = () => end(without(secure ? HANDSHAKE_TIMED_OUT : CONNECT_TIMED_OUT));
    // Error listeners stay to the end: an error without a listener would end the thread.
    const broken = (error: unknown) =>
      end(isBeyondLibrary(error) ? "beyond-library" : without(handshakeVerdict(error, target)));
    socket.on(
      "error",
      (error) =>
        wasEstablished(error) ? broken(error) : end(without(connectFailure(error, target.spec))),
    );
    // An exception in a listener would end the thread too.
    socket.once("connect", () => {
      try {
        secure = secured(socket, target);
      } catch (error) {
        return broken(error);
      }
      const tls = secure;
      tls.on("error", broken);
      tls.on("secureConnect", () => {
        const verdict = judge(target, tls);
        end(verdict.ok ? { stream: new NodeStream(tls), verdict } : without(verdict));
      });
    });
  });
}

/** Begins TLS on a connection. */
function secured(socket: Duplex, { serverName, alpn, secureContext }: TlsTarget): TLSSocket {
  const tls = connect({
    socket,
    secureContext,
    rejectUnauthorized: false,
    // Called when the chain is valid; judge() compares the name.
    checkServerIdentity: () => undefined,
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    ...(serverName === "" ? {} : { servername: serverName }),
  });
  leaveUnread(tls);
  return tls;
}

/** The verdict on a completed handshake. */
function judge({ verify, identity, caPem, memory }: TlsTarget, socket: TLSSocket): Verdict {
  const { certificate, named, sent, expiry } = memory.of(socket);
  const chain = socket.authorized ? "" : `${socket.authorizationError}`;
  const error = chain === "" && !named ? WRONG_NAME : chain;
  const nowMs = wallMsOf(new Date());
  const problem = verify
    ? certificateProblem({
      certificate,
      error,
      name: identity,
      nowMs,
      chainProblem: () => chainProblem({ sent, caPem, nowMs }),
    })
    : undefined;
  return withExpiry(problem ?? SECURED, expiry);
}

function withExpiry(verdict: Verdict, expiry: Expiry | undefined): Verdict {
  if (expiry === undefined) return verdict;
  return { ...verdict, certificateExpiryMs: expiry.ms, certificateName: printable(expiry.of) };
}

function without(verdict: Verdict): Handshake {
  return { stream: undefined, verdict };
}
