/** The HTTPS probe: an exchange (exchange.ts) over a TLS connection of its own. */
import { invariant } from "../../base/assert.ts";
import { type Exchange, exchange, exchangeOf } from "./exchange.ts";
import { ANSWER_TIMED_OUT, type Verdict } from "../outcome.ts";
import type { Cancellation, Probe, ProbeSpec } from "../prober.ts";
import { handshake, type TlsTarget, tlsTargetOf } from "../tls/tls.ts";
import { securedVerdict } from "../tls/outcome.ts";

const HTTPS_PORT = 443;

/** A Prober for type `https`. */
export function httpsProber(spec: ProbeSpec): Probe {
  const { params } = spec.healthcheck;
  invariant(params.type === "https", `httpsProber() got a target of type ${params.type}`);
  const target = tlsTargetOf(spec, params);
  const prepared = exchangeOf(spec, { params, defaultPort: HTTPS_PORT });
  return (cancellation) => probeHttps(target, prepared, cancellation);
}

async function probeHttps(
  target: TlsTarget,
  prepared: Exchange,
  cancellation: Cancellation,
): Promise<Verdict> {
  const { stream, verdict: secured } = await handshake(target, cancellation);
  if (stream === undefined) return secured;
  cancellation.release = () => stream.close();
  const verdict = cancellation.cancelled
    ? ANSWER_TIMED_OUT
    : await exchange(stream, prepared).catch((error) =>
      cancellation.cancelled ? ANSWER_TIMED_OUT : securedVerdict(error, target)
    );
  cancellation.release = undefined;
  stream.close();
  const { certificateExpiryMs, certificateName } = secured;
  return certificateExpiryMs === undefined || certificateName === undefined
    ? verdict
    : { ...verdict, certificateExpiryMs, certificateName };
}
