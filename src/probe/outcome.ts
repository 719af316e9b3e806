/**
 * PURE. Verdicts of finished probes, and the conversion of errors into verdicts. os_errors.ts
 * decides whether an error of the operating system is about the server or about this host.
 */
import type { WallMs } from "../base/instant.ts";
import type { Layer, ResultCode } from "../health/state.ts";
import type { Lack } from "./lack.ts";
import { errorCode, OS_ERRORS, printable, textField, wordsOf } from "./os_errors.ts";

export { errorCode, printable };

/** The verdict of one probe; the scheduler adds the duration unless the probe measured it. */
export interface Verdict {
  readonly ok: boolean;
  readonly layer: Layer;
  readonly code: ResultCode;
  /** For people; empty when the code is sufficient. Printable characters only. */
  readonly detail: string;
  /** True when the prober itself failed, so that the result does not count for the server. */
  readonly inconclusive: boolean;
  /** A pass without an answer: it proves nothing where a failure would not. */
  readonly isSilent?: true;
  /** The lack because of which the prober failed. */
  readonly lack?: Lack;
  /** Duration in milliseconds, if it was measured nearer to the wire. */
  readonly durationMs?: number;
  /**
   * Earliest end of validity (Unix time in milliseconds) among the certificates that the server
   * showed, and the name of that certificate.
   */
  readonly certificateExpiryMs?: WallMs;
  readonly certificateName?: string;
}

/** True for a pass by an answer, which is beyond doubt. */
export function isProof({ ok, isSilent }: Verdict): boolean {
  return ok && isSilent !== true;
}

/** The stage that a probe had reached. */
export type Stage = "connect" | "answer";

/** A TCP connection was made: a plain TCP probe passes. */
export const CONNECTED: Verdict = {
  ok: true,
  layer: "L4",
  code: "L4OK",
  detail: "",
  inconclusive: false,
};

/** `code` of the error for a scoped address that cannot be combined with a source address. */
export const SCOPED_CODE = "MAGLEV_SCOPED";

/** `code` of an error about an interface that this host does not have; its message names it. */
export const NO_INTERFACE_CODE = "MAGLEV_NO_INTERFACE";

/**
 * Verdict of every probe of `fe80::1%eth0` over TCP from a source address: in Deno 2.9.6
 * node:net does not support zones, and Deno.connect does not support source addresses. Without a
 * configured one the kernel chooses a suitable source.
 */
export const SCOPED: Verdict = inconclusive("connect", {
  lack: "source-address",
  detail: "an address with a zone (%) can be probed from a source address by ICMP and UDP only",
});

/** The timeout expired before there was a connection. */
export const CONNECT_TIMED_OUT: Verdict = failed("L4TOUT", "no connection within the timeout");

/** A TLS handshake was completed: a TCP probe with `ssl` passes. */
export const SECURED: Verdict = {
  ok: true,
  layer: "L6",
  code: "L6OK",
  detail: "",
  inconclusive: false,
};

/** The timeout expired after the connection and before the end of the TLS handshake. */
export const HANDSHAKE_TIMED_OUT: Verdict = failed(
  "L6TOUT",
  "no complete TLS handshake within the timeout",
);

/** The timeout expired after the connection and before the end of the answer. */
export const ANSWER_TIMED_OUT: Verdict = failed("L7TOUT", "no complete answer within the timeout");

/** An accepted HTTP answer. */
export function answered(status: number): Verdict {
  return { ok: true, layer: "L7", code: "L7OK", detail: `status ${status}`, inconclusive: false };
}

/** A failure; the layer follows from the code. */
export function failed(code: ResultCode, detail: string): Verdict {
  return { ok: false, layer: code.slice(0, 2) as Layer, code, detail, inconclusive: false };
}

/** An inconclusive verdict: the prober lacked something, so the server is not at fault. */
export function inconclusive(
  stage: Stage,
  { lack, detail }: { readonly lack: Lack; readonly detail: string },
): Verdict {
  const [layer, code] = stage === "connect" ? ["L4", "L4CON"] as const : ["L7", "L7RSP"] as const;
  return { ok: false, layer, code, detail, inconclusive: true, lack };
}

const NOT_CAPABLE = {
  lack: "permission",
  detail: "maglevd was started without the permission to connect there (--allow-net)",
} as const;

/** The verdict for an error thrown while connecting or talking. */
export function verdictOf(error: unknown, stage: Stage): Verdict {
  if (textField(error, "name") === "NotCapable") {
    return inconclusive(stage, NOT_CAPABLE);
  }
  const code = errorCode(error);
  if (code === "ETIMEDOUT") {
    return stage === "connect" ? failed("L4TOUT", "connection timed out") : ANSWER_TIMED_OUT;
  }
  if (code === NO_INTERFACE_CODE) {
    return inconclusive(stage, { lack: "interface", detail: wordsOf(error) });
  }
  const known = OS_ERRORS[code];
  if (known?.lack !== undefined) {
    return inconclusive(stage, { lack: known.lack, detail: known.text });
  }
  if (stage === "answer") {
    return failed("L7RSP", `${wordsOf(error)} before the answer was complete`);
  }
  if (known !== undefined) return failed("L4CON", known.text);
  // Not in the table: the error may be the prober's own, so it must not take a server down.
  const detail = `the prober met an unknown error: ${wordsOf(error)}`;
  return inconclusive("connect", { lack: "prober", detail });
}

/** A failed connection attempt. */
export interface Attempt {
  /** The configured source address; undefined: the system chooses. */
  readonly source: string | undefined;
  readonly family: 4 | 6;
  /**
   * Looks up a route to the target, from `source` or from any address. Returns the errno name with
   * which this host refuses; empty: there is a route; undefined: unknown.
   */
  readonly route: (source: string | undefined) => string | undefined;
}

/**
 * The verdict for an error thrown while connecting. Some errors have two meanings, which only a
 * route lookup distinguishes: node:net of Deno 2.9.6 reports EINVAL for EADDRNOTAVAIL and EACCES
 * for EPERM, and a router's ICMPv6 "prohibited" is EACCES as well.
 */
export function connectVerdict(error: unknown, attempt: Attempt): Verdict {
  const { source, family, route } = attempt;
  const code = errorCode(error);
  const call = textField(error, "syscall");
  if (code === SCOPED_CODE) return SCOPED;
  if (source !== undefined && call === "bind" && (code === "EINVAL" || code === "EADDRNOTAVAIL")) {
    return sourceMissing(source);
  }
  if (code === "EADDRNOTAVAIL" || (code === "EINVAL" && call !== "")) return unplaced(attempt);
  if (code === "EACCES" && family === 6 && call !== "bind" && route(source) === "") {
    return failed("L4CON", "administratively prohibited by the server or a router (ICMPv6)");
  }
  const verdict = verdictOf(error, "connect");
  // A raw socket does not check its source first: the kernel reports what its routes make of it.
  if (source === undefined || call !== "" || verdict.inconclusive) return verdict;
  if (route(source) === "EADDRNOTAVAIL") return sourceMissing(source);
  return code === "EINVAL" && route(undefined) === "" ? sourceUnfit(source) : verdict;
}

/** The reason why the kernel found no local address and port for the connection. */
function unplaced({ source, route }: Attempt): Verdict {
  const refusal = route(source);
  if (refusal === undefined || refusal === "") return noPort(source);
  if (refusal === "EADDRNOTAVAIL") return source === undefined ? NO_ADDRESS : sourceMissing(source);
  if (source !== undefined && route(undefined) === "") return sourceUnfit(source);
  return verdictOf({ code: refusal }, "connect");
}

const NO_ADDRESS = inconclusive("connect", {
  lack: "family",
  detail: "this host has no address from which the target's address family can be probed",
});

function noPort(source: string | undefined): Verdict {
  const where = source === undefined ? "" : ` at source address ${source}`;
  const detail = `no local port is free${where} (widen net.ipv4.ip_local_port_range)`;
  return inconclusive("connect", { lack: "ports", detail });
}

/** Void: the configured source address is not on this host. */
export function sourceMissing(source: string): Verdict {
  const detail = `source address ${source} is not on this host`;
  return inconclusive("connect", { lack: "source-address", detail });
}

function sourceUnfit(source: string): Verdict {
  const detail = `the target cannot be reached from source address ${source}`;
  return inconclusive("connect", { lack: "source-address", detail });
}
