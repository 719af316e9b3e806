/** The dashboard's own metrics, at `/metrics`. */
import type {
  Counter as CounterOf,
  CounterConfiguration,
  Gauge as GaugeOf,
  GaugeConfiguration,
  Registry as RegistryOf,
} from "prom-client";
// Parts alone: see metrics/event_metrics.ts.
import untypedCounter from "prom-client/lib/counter.js";
import untypedGauge from "prom-client/lib/gauge.js";
import untypedRegistry from "prom-client/lib/registry.js";
import type { WallMs } from "../../base/instant.ts";
import type { BuildInfo } from "../../base/version.ts";

const Counter: typeof CounterOf = untypedCounter;
const Gauge: typeof GaugeOf = untypedGauge;
const Registry: typeof RegistryOf = untypedRegistry;

/** Figures that are read at a scrape. */
export interface ScrapedFigures {
  /** Each maglevd by name: connected or not. */
  readonly connected: readonly (readonly [name: string, connected: boolean])[];
  readonly residentBytes: number;
}

export interface MetricsOptions {
  readonly build: BuildInfo;
  readonly startedMs: WallMs;
  readonly figures: () => ScrapedFigures;
}

/** Counts what happens, and writes it in Prometheus' text format. */
export class DashboardMetrics {
  readonly #registry = new Registry();
  readonly #figures: () => ScrapedFigures;
  readonly #connected = this.#gauge({
    name: "maglev_dashboard_maglevd_connected",
    help: "1: this maglevd is followed; 0: it cannot be reached.",
    labelNames: ["maglevd"],
  });
  readonly #streams = this.#gauge({
    name: "maglev_dashboard_streams",
    help: "Event streams that are open.",
  });
  readonly #opened = this.#counter({
    name: "maglev_dashboard_streams_opened_total",
    help: "Event streams that were opened.",
  });
  readonly #dropped = this.#counter({
    name: "maglev_dashboard_streams_dropped_total",
    help: "Event streams that were ended because the browser did not read.",
  });
  readonly #failedLogins = this.#counter({
    name: "maglev_dashboard_logins_failed_total",
    help: "Requests with a wrong login.",
  });
  readonly #blockedLogins = this.#counter({
    name: "maglev_dashboard_logins_blocked_total",
    help: "Requests with a login from an address that is blocked after wrong ones.",
  });
  readonly #actions = this.#counter({
    name: "maglev_dashboard_actions_total",
    help: "Actions of operators by their result, ok or the code of the error.",
    labelNames: ["action", "result"],
  });
  readonly #memory = this.#gauge({
    name: "process_resident_memory_bytes",
    help: "Memory resident.",
  });

  constructor({ build, startedMs, figures }: MetricsOptions) {
    this.#figures = figures;
    this.#gauge({
      name: "maglev_dashboard_build_info",
      help: "1; its labels say what this dashboard is.",
      labelNames: ["version", "commit", "build_date"],
    }).set({ version: build.version, commit: build.commit, build_date: build.date }, 1);
    this.#gauge({
      name: "process_start_time_seconds",
      help: "Unix time of the start.",
    }).set(startedMs / 1000);
  }

  streamOpened(): void {
    this.#opened.inc();
    this.#streams.inc();
  }

  streamEnded(slow: boolean): void {
    this.#streams.dec();
    if (slow) this.#dropped.inc();
  }

  loginFailed(): void {
    this.#failedLogins.inc();
  }

  loginBlocked(): void {
    this.#blockedLogins.inc();
  }

  /** `result` is `ok` or the code of an error. */
  action(action: string, result: string): void {
    this.#actions.inc({ action, result });
  }

  async text(): Promise<string> {
    const { connected, residentBytes } = this.#figures();
    for (const [maglevd, is] of connected) this.#connected.set({ maglevd }, is ? 1 : 0);
    this.#memory.set(residentBytes);
    return await this.#registry.metrics();
  }

  #gauge(options: GaugeConfiguration<string>): GaugeOf {
    return new Gauge({ ...options, registers: [this.#registry] });
  }

  #counter(options: CounterConfiguration<string>): CounterOf {
    return new Counter({ ...options, registers: [this.#registry] });
  }
}

/** Value of `Content-Type`. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
