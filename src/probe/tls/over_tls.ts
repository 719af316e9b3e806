/** Talks over a TLS connection: opens it, and closes it with the verdict of the stage it reached. */
import type { Talk } from "../conversation.ts";
import type { Verdict } from "../outcome.ts";
import type { Cancellation } from "../prober.ts";
import { securedVerdict } from "./outcome.ts";
import { handshake, type TlsTarget } from "./tls.ts";

/** Talks over a TLS connection to the target. Keeps the expiry of its certificate. */
export async function overTls(
  target: TlsTarget,
  talk: Talk,
  cancellation: Cancellation,
): Promise<Verdict> {
  const { stream, verdict: secured } = await handshake(target, cancellation);
  if (stream === undefined) return secured;
  cancellation.release = () => stream.close();
  const verdict = cancellation.cancelled
    ? talk.timedOut()
    : await talk.run(stream).catch((error) =>
      cancellation.cancelled ? talk.timedOut() : securedVerdict(error, target)
    );
  cancellation.release = undefined;
  stream.close();
  const { certificateExpiryMs, certificateName } = secured;
  return certificateExpiryMs === undefined || certificateName === undefined
    ? verdict
    : { ...verdict, certificateExpiryMs, certificateName };
}
