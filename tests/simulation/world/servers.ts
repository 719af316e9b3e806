/** The servers that are probed: each answers, refuses, hangs or is late, by the trace. */
import type { Verdict } from "../../../src/probe/outcome.ts";
import { CONNECT_TIMED_OUT, CONNECTED, failed, inconclusive } from "../../../src/probe/outcome.ts";
import type { Probe, ProbeSpec } from "../../../src/probe/prober.ts";
import type { HealthcheckConfig } from "../../../src/config/model.ts";
import { inFamily } from "./configs.ts";
import { READY, type Report, wordsOf } from "./agents.ts";
import type { Dice } from "./dice.ts";
import type { ProcessClock } from "./time.ts";
import { passes, SOUND_TUNNEL, type Tunnel } from "./tunnels.ts";

/**
 * - `ok`: answers in milliseconds
 * - `slow`: answers shortly before the timeout
 * - `refuse`: refuses the connection
 * - `hang`: never answers
 * - `late`: answers shortly after the timeout
 * - `picky`: refuses connections from the source address of one of the checks
 */
export type Behaviour = "ok" | "slow" | "refuse" | "hang" | "late" | "picky";

export const BEHAVIOURS: readonly Behaviour[] = ["ok", "slow", "refuse", "hang", "late", "picky"];

/** `slow` and `late` are so far from the timeout. */
const MARGIN_MS = 40;

/** Nothing answers through the tunnel. */
const DEAF = failed("L3ENCAP", "no answer through the tunnel");
/** What answers through the tunnel does not arrive. */
const FILTERED = inconclusive("connect", { lack: "interface", detail: "rp_filter is strict" });

/** The answers of one server to one check. */
export interface Answers {
  /** When the last probe began that was not answered in time; undefined: none. */
  badMs: number | undefined;
  /** Probes in a row that were not answered in time. */
  bad: number;
  /** Probes in a row that were answered in time. */
  good: number;
}

export class Servers {
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #records = new Map<string, Answers>();
  readonly #changedMs = new Map<string, number>();
  readonly #agents = new Map<
    string,
    { readonly report: Report | undefined; readonly atMs: number }
  >();
  readonly #tunnels = new Map<string, { readonly tunnel: Tunnel; readonly atMs: number }>();
  readonly #dice: Dice;
  /** The host of the prober lacks ports: probes are void. */
  lack = false;
  /** The host of the prober is cut off: nothing answers it. */
  isCutOff = false;
  /** The host of the prober drops what comes from a VIP (rp_filter): probes of tunnels are void. */
  filters = false;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** `address`: the server's IPv4 address. */
  set(address: string, behaviour: Behaviour, nowMs: number): void {
    for (const family of [4, 6] as const) {
      this.#behaviours.set(inFamily(address, family), behaviour);
      this.#changedMs.set(inFamily(address, family), nowMs);
    }
  }

  /** The agent of a server reports this from now on; undefined: it does not answer. */
  setAgent(address: string, report: Report | undefined, atMs: number): void {
    for (const family of [4, 6] as const) {
      this.#agents.set(inFamily(address, family), { report, atMs });
    }
  }

  /** The report of a server's agent, and since when it is this one. */
  agentOf(address: string): { readonly report: Report | undefined; readonly atMs: number } {
    return this.#agents.get(address) ?? { report: READY, atMs: 0 };
  }

  /** The tunnel to a server is this one from now on. */
  setTunnel(address: string, tunnel: Tunnel, atMs: number): void {
    for (const family of [4, 6] as const) {
      this.#tunnels.set(inFamily(address, family), { tunnel, atMs });
    }
  }

  /** The tunnel to a server, and since when it is this one. */
  tunnelTo(address: string): { readonly tunnel: Tunnel; readonly atMs: number } {
    return this.#tunnels.get(address) ?? { tunnel: SOUND_TUNNEL, atMs: 0 };
  }

  of(address: string): Behaviour {
    return this.#behaviours.get(address) ?? "ok";
  }

  /** Since when the server behaves as it does. */
  sinceMs(address: string): number {
    return this.#changedMs.get(address) ?? 0;
  }

  /** The answers to a check; those through the tunnel to a VIP are counted by themselves. */
  record(address: string, { name, params }: Pick<HealthcheckConfig, "name" | "params">): Answers {
    const via = params.type === "encap" ? ` ${params.vip.text} ${params.vipPort}` : "";
    const key = `${address} ${name}${via}`;
    let record = this.#records.get(key);
    if (record === undefined) {
      this.#records.set(key, record = { badMs: undefined, bad: 0, good: 0 });
    }
    return record;
  }

  /** True when a probe that begins now is answered in time. */
  answers({ address, healthcheck }: ProbeSpec): boolean {
    if (this.isCutOff) return false;
    const { params } = healthcheck;
    if (params.type === "encap" && !this.#passes(address, params.vip.text)) return false;
    const behaviour = this.of(address);
    return behaviour === "ok" || behaviour === "slow" ||
      (behaviour === "picky" && healthcheck.probeIpv4Src === undefined);
  }

  /** The probe of a target, as run by a worker of this process. */
  probe(spec: ProbeSpec, clock: ProcessClock): Probe {
    return (cancellation) => {
      if (this.lack) {
        return clock.pause(0.1).then(() =>
          inconclusive("connect", { lack: "ports", detail: "no local port is free" })
        );
      }
      const { params } = spec.healthcheck;
      if (params.type === "agent") return this.#ask(spec, clock);
      const isTunnel = params.type === "encap";
      if (isTunnel && this.filters) return clock.pause(0.1).then(() => FILTERED);
      const answers = this.answers(spec);
      const record = this.record(spec.address, spec.healthcheck);
      if (answers) record.good++, record.bad = 0;
      else record.bad++, record.good = 0, record.badMs = clock.monotonicMs();
      const isLost = this.isCutOff || (isTunnel && !this.#passes(spec.address, params.vip.text));
      const behaviour = isLost ? "hang" : this.of(spec.address);
      const silence = isTunnel ? DEAF : CONNECT_TIMED_OUT;
      const { timeoutMs } = spec.healthcheck;
      const { promise, resolve } = Promise.withResolvers<Verdict>();
      const quickMs = this.#dice.between(0.2, 4);
      const end = (delayMs: number, verdict: Verdict) => {
        let isCancelled = false;
        // An answer that waits in the socket does not count after the probe was cancelled.
        clock.event(delayMs, () => isCancelled ? undefined : resolve(verdict));
        cancellation.release = () => {
          isCancelled = true;
          clock.event(0.05, () => resolve(silence));
        };
      };
      if (behaviour === "hang") end(10_000, silence);
      else if (behaviour === "slow") end(timeoutMs - MARGIN_MS, CONNECTED);
      else if (behaviour === "late") end(timeoutMs + MARGIN_MS, CONNECTED);
      else end(quickMs, answers ? CONNECTED : failed("L4CON", "connection refused"));
      return promise;
    };
  }

  /** True when packets of VPP reach the service of a server. */
  #passes(address: string, vip: string): boolean {
    return passes(this.tunnelTo(address).tunnel, vip);
  }

  /** Asks the agent of a server. */
  #ask({ address, healthcheck: { timeoutMs } }: ProbeSpec, clock: ProcessClock): Promise<Verdict> {
    const { report } = this.agentOf(address);
    const ms = this.#dice.between(0.2, 4);
    if (this.isCutOff) return clock.pause(timeoutMs).then(() => CONNECT_TIMED_OUT);
    return clock.pause(ms).then((): Verdict =>
      report === undefined
        ? failed("L4CON", "connection refused")
        : { ok: true, layer: "L7", code: "L7OK", detail: wordsOf(report), inconclusive: false }
    );
  }
}
