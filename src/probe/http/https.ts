/** The HTTPS probe: an exchange (exchange.ts) over a TLS connection of its own. */
import { invariant } from "../../base/assert.ts";
import { proxyHeader } from "../net/proxy_header.ts";
import { overTls } from "../tls/over_tls.ts";
import type { Probe, ProbeSpec } from "../prober.ts";
import { tlsTargetOf } from "../tls/tls.ts";
import { exchangeOf } from "./exchange.ts";
import { exchangeProbe } from "./following.ts";

const HTTPS_PORT = 443;

/** A Prober for type `https`. */
export function httpsProber(spec: ProbeSpec): Probe {
  const { params } = spec.healthcheck;
  invariant(params.type === "https", `httpsProber() got a target of type ${params.type}`);
  const target = tlsTargetOf(spec, params, proxyHeader(params.proxyProtocol));
  const exchange = exchangeOf(spec, { params, defaultPort: HTTPS_PORT });
  return exchangeProbe(exchange, (talk, cancellation) => overTls(target, talk, cancellation));
}
