/** The HTTP probe: an exchange (exchange.ts) over a TCP connection of its own. */
import { invariant } from "../../base/assert.ts";
import { proxyHeader } from "../net/proxy_header.ts";
import { overTcp } from "../net/over_tcp.ts";
import type { Probe, ProbeSpec } from "../prober.ts";
import { exchangeOf } from "./exchange.ts";
import { exchangeProbe } from "./following.ts";

const HTTP_PORT = 80;

/** A Prober for type `http`. */
export function httpProber(spec: ProbeSpec): Probe {
  const { params } = spec.healthcheck;
  invariant(params.type === "http", `httpProber() got a target of type ${params.type}`);
  const preface = proxyHeader(params.proxyProtocol);
  const exchange = exchangeOf(spec, { params, defaultPort: HTTP_PORT, preface });
  return exchangeProbe(exchange, (talk, cancellation) => overTcp(spec, talk, cancellation));
}
