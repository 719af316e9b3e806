/** PURE. The result codes of probes: the table of docs/healthchecks.md. */
import type { ResultCode } from "../../src/health/state.ts";

/** Codes that a probe can have; the others of ResultCode are of operators and static servers. */
export type ProbeCode = Extract<ResultCode, `L${string}`>;

export interface CodeMeaning {
  readonly passes: boolean;
  readonly meaning: string;
  /** Where to look first. */
  readonly look: string;
}

function passes(meaning: string): CodeMeaning {
  return { passes: true, meaning, look: "" };
}

function fails(meaning: string, look: string): CodeMeaning {
  return { passes: false, meaning, look };
}

export const RESULT_CODES: Readonly<Record<ProbeCode, CodeMeaning>> = {
  L3ENCAP: fails(
    "no answer through VPP's tunnel (`encap` of a pool); the text has the source that was used",
    "GRE on the server, the VIP on its loopback, `rp_filter`, filters on the way",
  ),
  L4OK: passes("the connection was accepted (`tcp`, or `encap` with it)"),
  L4TOUT: fails(
    "no connection within `timeout`",
    "host down, a firewall that drops, `timeout` too short",
  ),
  L4CON: fails(
    "the connection was refused, or the network reports the server unreachable",
    "process not running, wrong port, routing",
  ),
  L6OK: passes("the TLS handshake was completed (`tcp` with `ssl`)"),
  L6TOUT: fails("no complete TLS handshake within `timeout`", "an overloaded server, wrong port"),
  L6RSP: fails(
    "the TLS handshake failed, or the certificate was refused",
    "the text names the cause: expired, name, authority, protocol",
  ),
  L7OK: passes(
    "an accepted response (`http`, `https`), `SERVING` (`grpc`), an echo reply (`icmp`, or `encap` with it), all `steps` done (`tcp`)",
  ),
  L7TOUT: fails(
    "no complete response within `timeout`; no echo reply",
    "an overloaded server; for `icmp` a host that is down",
  ),
  L7RSP: fails(
    "the response is cut, malformed or refused after the connection",
    "wrong protocol on the port, a crash while it answers",
  ),
  L7STS: fails(
    "a complete response with an unexpected status, or a body or step that does not match",
    "the service's own log; `response-code`, `response-regexp`",
  ),
};
