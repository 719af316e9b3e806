/**
 * PURE. What an error of a TLS connection means. The library's texts are for its developers; the
 * codes are OpenSSL's names, which say more to who looks after servers.
 */
import { wordsOf } from "./os_errors.ts";
import { errorCode, failed, printable, type Verdict, verdictOf } from "./outcome.ts";

/** Alerts of the server (RFC 8446, 6.2) that say what is to be done, by the end of their code. */
const ALERTS: Readonly<Record<string, string>> = {
  PROTOCOL_VERSION: "the server speaks no TLS 1.2 or 1.3",
  HANDSHAKE_FAILURE: "the server refused the handshake (no cipher in common, or a client " +
    "certificate is required)",
  INSUFFICIENT_SECURITY: "the server refused the ciphers offered",
  CERTIFICATE_REQUIRED: "the server requires a client certificate",
  UNRECOGNIZED_NAME: "the server does not know the name in the handshake (SNI)",
  NO_APPLICATION_PROTOCOL: "the server refused the application protocol",
  INTERNAL_ERROR: "the server has an internal error",
};

/** The verdict for an error during the handshake. */
export function handshakeVerdict(error: unknown): Verdict {
  const code = errorCode(error);
  if (code.startsWith("ERR_SSL_")) return tlsVerdict(error, code);
  // Deno's node:tls tells a reset and a closed connection in the same way.
  if (code === "ECONNRESET" || code === "EPIPE") {
    return failed("L6RSP", "connection closed or reset during the TLS handshake");
  }
  const verdict = verdictOf(error, "answer");
  if (verdict.ours) return verdict;
  return failed("L6RSP", `TLS handshake failed: ${wordsOf(error)}`);
}

/** The verdict for an error after the handshake; an alert may still be about the handshake. */
export function securedVerdict(error: unknown): Verdict {
  const code = errorCode(error);
  return code.startsWith("ERR_SSL_") ? tlsVerdict(error, code) : verdictOf(error, "answer");
}

function tlsVerdict(error: unknown, code: string): Verdict {
  const alert = /_ALERT_([A-Z_]+)$/.exec(code)?.[1];
  const text = error instanceof Error ? error.message : String(error);
  const received = /^received fatal alert: (\w+)/.exec(text)?.[1];
  // Codes stand for many alerts at once where Node has no name of its own; the text is exact.
  if (received === "UnrecognizedName" || received === "UnrecognisedName") {
    return failed("L6RSP", ALERTS.UNRECOGNIZED_NAME!);
  }
  if (received !== undefined && alert !== undefined) {
    const words = alert.toLowerCase().replaceAll("_", " ");
    return failed("L6RSP", ALERTS[alert] ?? `TLS alert from the server: ${words}`);
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") {
    return failed("L6RSP", "the server's answer is no TLS");
  }
  return failed("L6RSP", printable(`TLS protocol error: ${text}`));
}
