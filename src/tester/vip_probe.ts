/**
 * Probes one VIP over the network: a GET over plain TCP or TLS, or a connect. Uses the parts of
 * maglevd's probes, so that both judge the same behaviour alike.
 */
import { BUILD } from "../base/version.ts";
import type { IpAddress } from "../base/address.ts";
import type { HealthcheckConfig } from "../config/model.ts";
import { answerVerdict, wasEstablished } from "../probe/established.ts";
import { converse } from "../probe/http/exchange.ts";
import { statusAccepted, type StatusRanges } from "../probe/http/match.ts";
import { httpRequest } from "../probe/http/request.ts";
import { HttpResponse } from "../probe/http/response.ts";
import type { ByteStream } from "../probe/net/byte_stream.ts";
import { connectFailure } from "../probe/net/connect_failure.ts";
import { connect, tcpProber } from "../probe/net/tcp.ts";
import { ANSWER_TIMED_OUT, CONNECT_TIMED_OUT, type Verdict } from "../probe/outcome.ts";
import type { Cancellation, ProbeSpec } from "../probe/prober.ts";
import { securedVerdict } from "../probe/tls/outcome.ts";
import type { TlsTarget } from "../probe/tls/tls.ts";
import type { ProbeResult } from "./record/vip_record.ts";
import type { Vip } from "./targets.ts";

/** The probe of one VIP. */
export interface VipProbe {
  /**
   * Runs one probe, without measuring its latency. Never rejects; frees everything it opened, but
   * for connections kept alive.
   */
  run(cancellation: Cancellation): Promise<ProbeResult>;
  /** Closes connections kept alive; no probe runs. */
  close(): void;
}

export interface VipProbeOptions {
  readonly uri: string;
  /** Name of the response header that names the server; empty: none. */
  readonly header: string;
  readonly codes: StatusRanges;
  /** Verify certificates. */
  readonly verify: boolean;
  readonly keepalive: boolean;
  readonly sources: readonly IpAddress[];
}

/** The part of the probes that makes connections over TLS. */
type Tls = typeof import("../probe/tls/tls.ts");

/** The probes of the VIPs; none for those that are not probed. */
export async function vipProbes(
  vips: readonly Vip[],
  options: VipProbeOptions,
): Promise<ReadonlyMap<Vip, VipProbe>> {
  // node:tls would delay the start of a run without it.
  const needsTls = vips.some(({ probing }) => probing.kind === "get" && probing.tls);
  const tls = needsTls ? await import("../probe/tls/tls.ts") : undefined;
  const probes = new Map<Vip, VipProbe>();
  for (const vip of vips) {
    const probe = vipProbe(vip, options, tls);
    if (probe !== undefined) probes.set(vip, probe);
  }
  return probes;
}

function vipProbe(vip: Vip, options: VipProbeOptions, tls: Tls | undefined): VipProbe | undefined {
  const spec = specOf(vip, options.sources);
  switch (vip.probing.kind) {
    case "none":
      return undefined;
    case "connect": {
      const probe = tcpProber(spec);
      return {
        run: async (cancellation) => resultOf(await probe(cancellation)),
        close() {},
      };
    }
    case "get":
      return new Getter({ spec, probing: vip.probing, options, tls });
  }
}

/** The VIP as a target of maglevd's probes, which take their source addresses from a healthcheck. */
function specOf({ address, port }: Vip, sources: readonly IpAddress[]): ProbeSpec {
  const healthcheck: HealthcheckConfig = {
    name: "",
    port,
    intervalMs: 0,
    fastIntervalMs: 0,
    downIntervalMs: 0,
    timeoutMs: 0,
    rise: 1,
    fall: 1,
    probeIpv4Src: sources.find(({ family }) => family === 4),
    probeIpv6Src: sources.find(({ family }) => family === 6),
    params: { type: "icmp" },
  };
  return { address: address.text, healthcheck };
}

/** The result of a probe that failed, or of a connect. */
function resultOf({ ok, code, detail, inconclusive }: Verdict): ProbeResult {
  if (ok) return { kind: "ok", latencyMs: undefined, status: 0, server: undefined };
  if (inconclusive) return { kind: "void", reason: detail };
  const error = code.endsWith("TOUT") ? "timeout" : "net-err";
  return { kind: "failed", error, text: detail, status: 0 };
}

interface GetterOptions {
  readonly spec: ProbeSpec;
  readonly probing: Extract<Vip["probing"], { kind: "get" }>;
  readonly options: VipProbeOptions;
  /** Not undefined if `probing` needs it. */
  readonly tls: Tls | undefined;
}

/** Sends GETs to one VIP. */
class Getter implements VipProbe {
  readonly #spec: ProbeSpec;
  readonly #tls: { readonly target: TlsTarget; readonly handshake: Tls["handshake"] } | undefined;
  readonly #request: Uint8Array;
  readonly #options: VipProbeOptions;
  /** Connections that can carry another request; only with keepalive. */
  readonly #idle: ByteStream[] = [];

  constructor({ spec, probing, options, tls }: GetterOptions) {
    const { host, serverName } = probing;
    this.#spec = spec;
    this.#options = options;
    if (probing.tls) {
      const insecureSkipVerify = !options.verify;
      const params = { serverName, insecureSkipVerify, alpn: ["http/1.1"] };
      this.#tls = { target: tls!.tlsTargetOf(spec, params), handshake: tls!.handshake };
    }
    this.#request = httpRequest({
      method: "GET",
      path: options.uri,
      host,
      body: "",
      headers: options.keepalive ? [["Connection", "keep-alive"]] : [],
      removedHeaders: [],
      responseCodes: options.codes,
      responseRegexp: "",
      responseRegexpNot: "",
    }, {
      address: spec.address,
      port: spec.healthcheck.port,
      defaultPort: probing.tls ? 443 : 80,
      userAgent: `maglevt/${BUILD.version}`,
    });
  }

  close(): void {
    for (const stream of this.#idle.splice(0)) stream.close();
  }

  async run(cancellation: Cancellation): Promise<ProbeResult> {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      const result = await this.#get(idle, { cancellation, used: true });
      // The server has closed it in the meantime, as it may: the probe begins again.
      if (result !== "stale") return result;
    }
    const opened = await this.#open(cancellation);
    if ("ok" in opened) return resultOf(opened);
    const result = await this.#get(opened, { cancellation, used: false });
    return result === "stale" ? resultOf(ANSWER_TIMED_OUT) : result;
  }

  /** A new connection, or the verdict on the attempt. */
  async #open(cancellation: Cancellation): Promise<ByteStream | Verdict> {
    if (this.#tls !== undefined) {
      const { stream, verdict } = await this.#tls.handshake(this.#tls.target, cancellation);
      return stream ?? verdict;
    }
    try {
      const stream = await connect(this.#spec, cancellation);
      if (!cancellation.cancelled) return stream;
      stream.close();
      return CONNECT_TIMED_OUT;
    } catch (error) {
      if (cancellation.cancelled) return CONNECT_TIMED_OUT;
      return wasEstablished(error) ? answerVerdict(error) : connectFailure(error, this.#spec);
    }
  }

  /** Sends the request. `stale`: a used connection ended before an answer. */
  async #get(
    stream: ByteStream,
    { cancellation, used }: { readonly cancellation: Cancellation; readonly used: boolean },
  ): Promise<ProbeResult | "stale"> {
    const { keepalive, codes, header } = this.#options;
    const name = header.toLowerCase();
    const response = new HttpResponse({
      head: false,
      wantsBody: () => keepalive,
      ...(name === "" ? {} : { keep: [name] }),
    });
    cancellation.release = () => stream.close();
    let error: unknown;
    try {
      await converse(used ? withoutBlankStart(stream) : stream, {
        request: this.#request,
        response,
      });
    } catch (thrown) {
      error = thrown;
    }
    cancellation.release = undefined;
    if (cancellation.cancelled) return resultOf(ANSWER_TIMED_OUT);
    if (keepalive && error === undefined && response.leavesOpen) this.#idle.push(stream);
    else stream.close();
    if (used && response.status === 0) return "stale";
    if (error !== undefined) {
      return resultOf(this.#tls ? securedVerdict(error, this.#tls.target) : answerVerdict(error));
    }
    const { status, problem } = response;
    if (problem !== "") return { kind: "failed", error: "http-err", text: problem, status: 0 };
    if (!statusAccepted(status, codes)) {
      return { kind: "failed", error: "http-err", text: `status ${status}`, status };
    }
    // An empty value names no server.
    return { kind: "ok", latencyMs: undefined, status, server: response.header(name) || undefined };
  }
}

/** `stream` without the line ends at its start: the end of a chunked body that came before. */
function withoutBlankStart(stream: ByteStream): ByteStream {
  let started = false;
  return {
    async read(buffer) {
      while (true) {
        const count = await stream.read(buffer);
        if (started || count === null) return count;
        const blank = buffer.subarray(0, count).findIndex((byte) => byte !== 0x0d && byte !== 0x0a);
        if (blank < 0) continue;
        started = true;
        buffer.copyWithin(0, blank, count);
        return count - blank;
      }
    },
    write: (bytes) => stream.write(bytes),
    close: () => stream.close(),
  };
}
