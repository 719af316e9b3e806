/**
 * Who is trusted: one secure context for each set of certificate authorities, shared by all checks
 * that use it. A context holds nothing but the set: name, verification and addresses are given
 * with each connection, so nothing of one check can reach another.
 *
 * No session is ever resumed: a resumed session shows the certificate of the first handshake, not
 * the one the server has now, and skips verification. Deno's node:tls keeps sessions of its own
 * accord, and is prepared to resume them (2.9.6 was never seen to) where the default authorities
 * and nothing else are used; with authorities of its own a context verifies afresh each time. So
 * the context of the system's authorities is given one text more, in which there is no certificate.
 *
 * The system's authorities are those that Deno was started with: its own copy of Mozilla's, or,
 * with DENO_TLS_CA_STORE=system in its environment, those of /etc/ssl.
 */
import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsParams } from "../../config/model.ts";

/** Sets kept; more distinct ones are made anew for each target, which costs only memory. */
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
