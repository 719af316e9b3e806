/**
 * PURE. Turns of the event loop that a probe needs until its verdict. Each step of a probe waits for
 * a turn, so a prober whose turns are long takes time from the server in each of them. So a time-out
 * is judged by the sum of as many stalls as the probe had turns.
 */
import { type HealthcheckConfig, isTls, type ProbeParams } from "../config/model.ts";
import type { Verdict } from "./outcome.ts";

/** A TLS handshake. */
const TLS_TURNS = 5;
/** A request and its answer. */
const HTTP1_TURNS = 2;
/** The same with the server's settings and their acknowledgement. */
const HTTP2_TURNS = 4;

/** Turns in which lateness may have made this failure. Only time-outs add up. */
export function turnsUntil({ code }: Verdict, { params }: HealthcheckConfig): number {
  if (params.type === "icmp" || !code.endsWith("TOUT")) return 1;
  const secured = isTls(params) ? 1 + TLS_TURNS : 1;
  const whole = secured + talkTurns(params);
  // Most probes that follow redirects follow one.
  const earlier = "redirects" in params && params.redirects !== undefined ? whole : 0;
  return earlier + (code === "L7TOUT" ? whole : code === "L6TOUT" ? secured : 1);
}

function talkTurns(params: ProbeParams): number {
  switch (params.type) {
    case "icmp":
    case "encap":
    case "udp":
      return 0;
    case "dns":
      // Over UDP a truncated answer leads to a connection.
      return params.transport === "udp" ? 1 + HTTP1_TURNS : HTTP1_TURNS;
    case "tcp":
      return params.steps?.length ?? 0;
    case "agent":
      return 1;
    case "http":
    case "https":
      return params.http2 ? HTTP2_TURNS : HTTP1_TURNS;
    case "grpc":
      return HTTP2_TURNS;
  }
}
