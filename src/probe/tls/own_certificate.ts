/**
 * PURE. The client certificate that probes show. One that has expired is refused by each server that
 * requires one, which is the fault of this host.
 */
import type { WallMs } from "../../base/instant.ts";
import { validityProblem } from "../../config/client_certificates.ts";
import type { ClientCertificate } from "../../config/model.ts";

/** Why the certificate is not valid at `nowMs`; undefined: it is. */
export function ownProblem(client: ClientCertificate, nowMs: WallMs): string | undefined {
  const { certPath, validFromMs, validUntilMs } = client;
  if (nowMs >= validFromMs && nowMs <= validUntilMs) return undefined;
  return `a certificate in ${certPath} ${validityProblem(client, nowMs)}; renew it and reload`;
}
