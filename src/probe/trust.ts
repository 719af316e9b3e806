/**
 * Who is trusted: one secure context for each set of certificate authorities, shared by all checks
 * that use it. A context holds nothing but the set: name, verification and addresses are given
 * with each connection, so nothing of one check can reach another.
 *
 * No session is ever resumed: a resumed session shows the certificate of the first handshake, not
 * the one the server has now, and skips verification. Deno's node:tls (2.9.6) keeps sessions of
 * its own accord, by server name, for connections that use its default authorities and nothing
 * else; a context with a certificate of its own is verified afresh each time. So each has one: for
 * the system's authorities, one of them that is there anyway.
 *
 * The system's authorities are those that Deno was started with: its own copy of Mozilla's, or,
 * with DENO_TLS_CA_STORE=system in its environment, those of /etc/ssl.
 */
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { invariant } from "../base/assert.ts";
import type { TlsParams } from "../config/model.ts";

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

/** The context of checks that verify nothing: a single authority is the least to carry about. */
export function trustingAnybody(): SecureContext {
  return trusting({ path: "", pem: anyAuthority() });
}

function systemContext(): SecureContext {
  const made = createSecureContext();
  const inner: { addCACert(pem: string): void } = made.context;
  inner.addCACert(anyAuthority());
  return made;
}

function anyAuthority(): string {
  const pem = rootCertificates[0];
  invariant(pem !== undefined, "the runtime has no certificate authorities");
  return pem;
}
