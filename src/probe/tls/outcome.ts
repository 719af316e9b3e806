/**
 * PURE. Verdicts for errors of TLS connections. The library's messages are for its developers; its
 * codes are OpenSSL's names, which operators of servers recognize.
 */
import { unusable } from "./certificate_limits.ts";
import { answerVerdict } from "../established.ts";
import { wordsOf } from "../os_errors.ts";
import { errorCode, failed, inconclusive, printable, type Verdict, verdictOf } from "../outcome.ts";

/** The offer of the handshake: a server refuses a missing name as well as a wrong one. */
export interface Offer {
  /** SNI; empty: none was sent. */
  readonly serverName: string;
  /** ALPN; empty: none was offered. */
  readonly alpn: readonly string[];
  /** A client certificate is shown to a server that requires one. */
  readonly showsCertificate?: boolean;
  /** Why the certificate that is shown is not valid now; undefined: it is. */
  readonly ownProblem?: () => string | undefined;
}

/** Messages for alerts of the server (RFC 8446, 6.2), by the end of the code. */
const ALERTS: Readonly<Record<string, (offer: Offer) => string>> = {
  PROTOCOL_VERSION: () => "the server supports neither TLS 1.2 nor 1.3",
  HANDSHAKE_FAILURE: ({ serverName }) =>
    "the server refused the handshake (no common cipher or kind of key, or a client certificate " +
    "is required" +
    `${serverName === "" ? ", or a name (SNI), and none was sent; set server-name" : ""})`,
  INSUFFICIENT_SECURITY: () => "the server refused the ciphers offered",
  CERTIFICATE_REQUIRED: () => "the server requires a client certificate",
  UNRECOGNIZED_NAME: ({ serverName }) =>
    serverName === ""
      ? "the server requires a name in the handshake (SNI), and none was sent; set server-name, or a " +
        "name as host"
      : `the server does not recognize the name ${serverName} in the handshake (SNI)`,
  NO_APPLICATION_PROTOCOL: ({ alpn }) =>
    alpn.length === 0
      ? "the server requires an application protocol (ALPN), and none was offered; set alpn"
      : `the server supports none of the offered protocols (alpn: ${alpn.join(", ")})`,
  INTERNAL_ERROR: ({ serverName }) =>
    "the server has an internal error" +
    (serverName === "" ? " (perhaps because no name was sent; set server-name)" : ""),
};

/** Alerts about a certificate: of a client, because the prober sends none about the server's. */
const ABOUT_CERTIFICATE: readonly string[] = [
  "BAD_CERTIFICATE",
  "UNSUPPORTED_CERTIFICATE",
  "CERTIFICATE_REVOKED",
  "CERTIFICATE_EXPIRED",
  "CERTIFICATE_UNKNOWN",
  "UNKNOWN_CA",
  "ACCESS_DENIED",
];

/** The verdict for an error during the handshake. */
export function handshakeVerdict(error: unknown, offer: Offer): Verdict {
  const code = errorCode(error);
  if (code.startsWith("ERR_SSL_")) return tlsVerdict(error, code, offer);
  // Deno's node:tls reports a reset and a closed connection in the same way.
  if (["ECONNRESET", "ENOTCONN", "EPIPE"].includes(code)) {
    return failed("L6RSP", "connection closed or reset during the TLS handshake");
  }
  const verdict = verdictOf(error, "answer");
  if (verdict.inconclusive) return verdict;
  return failed("L6RSP", `TLS handshake failed: ${wordsOf(error)}`);
}

/**
 * True for an error about the certificate itself. The library is configured never to reject one, so
 * the error means that it cannot check the handshake's signature with this certificate.
 */
export function isBeyondLibrary(error: unknown): boolean {
  return /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|INVALID_PURPOSE|ERR_TLS_CERT_)/
    .test(errorCode(error));
}

/** The verdict for a server whose certificates (DER, its own first) the library cannot use. */
export function unusableVerdict([own]: readonly Uint8Array[]): Verdict {
  const reason = own === undefined
    ? "reason unknown, because the server did not show its certificate in TLS 1.2"
    : unusable(own) ?? "reason unknown, because the TLS library does not give it";
  return failed(
    "L6RSP",
    printable(`cannot use the server's certificate, not even with insecure-skip-verify: ${reason}`),
  );
}

/** The verdict for an error after the handshake; an alert may still be about the handshake. */
export function securedVerdict(error: unknown, offer: Offer): Verdict {
  const code = errorCode(error);
  return code.startsWith("ERR_SSL_") ? tlsVerdict(error, code, offer) : answerVerdict(error);
}

function tlsVerdict(error: unknown, code: string, offer: Offer): Verdict {
  const alert = /_ALERT_([A-Z_]+)$/.exec(code)?.[1];
  const text = error instanceof Error ? error.message : String(error);
  const received = /^received fatal alert: (\w+)/.exec(text)?.[1];
  // One code covers many alerts for which Node has no name; the text is exact.
  const exact = received === undefined ? undefined : EXACT[received];
  if (exact !== undefined) return failed("L6RSP", printable(ALERTS[exact]!(offer)));
  if (received !== undefined && alert !== undefined) {
    const words = alert.toLowerCase().replaceAll("_", " ");
    if (offer.showsCertificate && ABOUT_CERTIFICATE.includes(alert)) {
      const detail = `the server refuses the client certificate (${words})`;
      const problem = offer.ownProblem?.();
      if (problem === undefined) return failed("L6RSP", detail);
      // All servers that require one refuse it, and none of them is at fault.
      const reason = printable(`${detail}: ${problem}`);
      return inconclusive("answer", { lack: "certificate", detail: reason });
    }
    const known = ALERTS[alert];
    return failed("L6RSP", printable(known?.(offer) ?? `TLS alert from the server: ${words}`));
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") {
    return failed("L6RSP", "the server's answer is not TLS");
  }
  return failed("L6RSP", printable(`TLS protocol error: ${text}`));
}

/** The library's names of alerts that share a code. */
const EXACT: Readonly<Record<string, string>> = {
  UnrecognizedName: "UNRECOGNIZED_NAME",
  UnrecognisedName: "UNRECOGNIZED_NAME",
  NoApplicationProtocol: "NO_APPLICATION_PROTOCOL",
};
