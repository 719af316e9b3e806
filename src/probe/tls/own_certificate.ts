/**
 * PURE. The client certificate that probes show. One that has expired is refused by each server that
 * requires one, which is the fault of this host.
 */
import { X509Certificate } from "node:crypto";
import { type WallMs, wallMsOf } from "../../base/instant.ts";
import type { ClientCertificate } from "../../config/model.ts";

/** Why the certificate is not valid at `nowMs`; undefined: it is. */
export function ownProblem(
  { cert, certPath }: ClientCertificate,
  nowMs: WallMs,
): string | undefined {
  const { validFrom, validTo } = new X509Certificate(cert);
  const [fromMs, toMs] = [validFrom, validTo].map((text) => wallMsOf(new Date(text)));
  const date = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  if (nowMs > toMs!) return `${certPath} expired on ${date(toMs!)}; renew it and reload`;
  return nowMs < fromMs! ? `${certPath} is not valid before ${date(fromMs!)}` : undefined;
}
