/**
 * Secure contexts: one for each set of certificate authorities, shared by all checks that use it. A
 * context holds only the set. Name, verification and addresses belong to each connection, so that
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

/** By the certificates in PEM; empty: the system's. */
const contexts = new Map<string, SecureContext>();

/** The context for a check that verifies against `ca`, or against the system's authorities. */
export function trusting(ca: TlsParams["ca"]): SecureContext {
  const key = ca?.pem ?? "";
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const made = key === "" ? systemContext() : createSecureContext({ ca: key });
  if (contexts.size >= MAX_KEPT) contexts.delete(contexts.keys().next().value!);
  contexts.set(key, made);
  return made;
}

function systemContext(): SecureContext {
  const made = createSecureContext();
  const inner: { addCACert(pem: string): void } = made.context;
  inner.addCACert("# none\n");
  return made;
}
