/**
 * Secure contexts: one for each set of certificate authorities and client certificate, shared by all
 * checks that use it. A context holds only these. Name, verification and addresses belong to each connection, so that
 * checks cannot influence each other.
 *
 * Sessions are never resumed: a resumed session shows the certificate of the first handshake, not
 * the server's current one, and skips verification. Deno's node:tls keeps sessions by itself and
 * may resume them when only the default authorities are used (2.9.6 was never seen to); a context
 * with its own authorities verifies each time. So the context of the system's authorities gets one
 * additional text that contains no certificate.
 *
 * The system's authorities are those that Deno was started with: its own copy of Mozilla's, or
 * those of /etc/ssl with DENO_TLS_CA_STORE=system in its environment.
 */
import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsParams } from "../../config/model.ts";

/** Maximum of sets kept; further ones are made for each target, which costs only memory. */
const MAX_KEPT = 256;

/** By the PEM of authorities (empty: the system's), client certificate and key. */
const contexts = new Map<string, SecureContext>();

/**
 * The context for a check that verifies against `ca`, or against the system's authorities, and shows
 * the certificate of `client` to servers that require one.
 */
export function trusting({ ca, client }: Pick<TlsParams, "ca" | "client">): SecureContext {
  const pem = ca?.pem ?? "";
  const shown = client === undefined ? {} : { cert: client.cert, key: client.key };
  const key = [pem, shown.cert, shown.key].join("\0");
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const made = pem === "" ? systemContext(shown) : createSecureContext({ ...shown, ca: pem });
  if (contexts.size >= MAX_KEPT) contexts.delete(contexts.keys().next().value!);
  contexts.set(key, made);
  return made;
}

function systemContext(shown: { readonly cert?: string; readonly key?: string }): SecureContext {
  const made = createSecureContext(shown);
  const inner: { addCACert(pem: string): void } = made.context;
  inner.addCACert("# none\n");
  return made;
}
