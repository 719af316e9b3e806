/**
 * Metrics that are counted when an event happens: messages to and from VPP, synchronisations, calls
 * of the API. They are few series, so prom-client keeps and writes them (docs/design.md gives the
 * reason why it does not write the others). Only parts of it are imported: the whole package loads
 * a web client, clustering and OpenTelemetry, and adds 60 ms to the start.
 */
import type {
  Counter as CounterOf,
  Gauge as GaugeOf,
  Histogram as HistogramOf,
  Registry as RegistryOf,
} from "prom-client";
import untypedCounter from "prom-client/lib/counter.js";
import untypedGauge from "prom-client/lib/gauge.js";
import untypedHistogram from "prom-client/lib/histogram.js";
import untypedRegistry from "prom-client/lib/registry.js";
import { invariant } from "../base/assert.ts";
import type { ApiObserver } from "../vpp/ports.ts";
import type { SyncReport } from "../vpp/sync/report.ts";
import { type EventName, familyOf, isOfVpp } from "./families.ts";

const Counter: typeof CounterOf = untypedCounter;
const Gauge: typeof GaugeOf = untypedGauge;
const Histogram: typeof HistogramOf = untypedHistogram;
const Registry: typeof RegistryOf = untypedRegistry;

/** A method of the API: a row of the table of served methods. */
export interface ObservedMethod {
  /** With its package: `maglev.Maglev`. */
  readonly service: string;
  readonly name: string;
  readonly kind: "unary" | "client_stream" | "server_stream" | "bidi_stream";
}

/** Most messages, and errors of messages, with series of their own; VPP has 160 errors. */
const MAX_API_MESSAGES = 500;
const MAX_API_ERRORS = 1000;
/** Label of all further ones. */
const OTHER = "other";

/** One message in one direction; counts are since the last scrape. */
interface ApiCount {
  readonly msg: string;
  readonly direction: "send" | "recv";
  success: number;
  failure: number;
}

/** One error of one message; the count is since the last scrape. */
interface ApiErrorCount {
  readonly labels: { readonly msg: string; readonly error: string };
  count: number;
}

/**
 * Results that are not errors: `ignored` is a message that VPP sent without a request.
 */
const SUCCESSES: ReadonlySet<string> = new Set(["ok", "ignored"]);

/** The metrics that prom-client keeps. */
export class EventMetrics {
  /** Families of VPP, and all others. */
  readonly #vpp = new Registry();
  readonly #registry = new Registry();
  readonly #api = this.#counter("maglev_vpp_api_total");
  readonly #apiErrors = this.#counter("maglev_vpp_api_errors_total");
  readonly #apiCounts = new Map<string, ApiCount>();
  readonly #apiErrorCounts = new Map<string, ApiErrorCount>();
  readonly #sync = this.#counter("maglev_vpp_lbsync_total");
  readonly #syncDuration = this.#histogram("maglev_vpp_lbsync_duration_seconds");
  readonly #started = this.#counter("grpc_server_started_total");
  readonly #handled = this.#counter("grpc_server_handled_total");
  readonly #received = this.#counter("grpc_server_msg_received_total");
  readonly #sent = this.#counter("grpc_server_msg_sent_total");
  readonly #handling = this.#histogram("grpc_server_handling_seconds");
  /** Messages sent since the last scrape: each watcher gets one at each event. */
  readonly #sentSince = new Map<ObservedMethod, number>();
  readonly #reloadOk = this.#gauge("maglev_config_last_reload_successful");

  /**
   * Counts messages of VPP. There are thousands per second, so prom-client gets the sums at a
   * scrape.
   */
  readonly apiObserver: ApiObserver = {
    message: (msg, direction, result) => {
      const count = this.#apiCount(msg, direction);
      if (SUCCESSES.has(result)) {
        count.success++;
      } else {
        count.failure++;
        this.#apiError(count.msg, result).count++;
      }
    },
  };

  constructor() {
    this.#reloadOk.set(1);
  }

  /**
   * Makes the series of these replies, at 0: \`rate()\` sees a failure only where the series was
   * there before it.
   */
  announceReplies(names: readonly string[]): void {
    for (const name of names) this.#apiCount(name, "recv");
  }

  /** Counts a finished synchronisation. */
  synchronised({ scope, counts, durationMs }: SyncReport): void {
    for (const [kind, count] of Object.entries(counts)) {
      if (count > 0) this.#sync.inc({ scope, kind }, count);
    }
    this.#syncDuration.observe({ scope }, durationMs / 1000);
  }

  /** A reload ended; `ok`: its file is in force. */
  reloaded(ok: boolean): void {
    this.#reloadOk.set(ok ? 1 : 0);
  }

  /** Makes the series of these methods, at 0, with every status of `codes` (`OK`, `NotFound`). */
  announce(methods: readonly ObservedMethod[], codes: readonly string[]): void {
    for (const method of methods) {
      const labels = labelsOf(method);
      for (const counter of [this.#started, this.#received, this.#sent]) counter.inc(labels, 0);
      for (const grpc_code of codes) this.#handled.inc({ ...labels, grpc_code }, 0);
      this.#handling.zero(labels);
    }
  }

  /** A call began. */
  started(method: ObservedMethod): void {
    this.#started.inc(labelsOf(method));
  }

  /** A call ended with status `code`, after so long. */
  handled(method: ObservedMethod, code: string, seconds: number): void {
    const labels = labelsOf(method);
    this.#handled.inc({ ...labels, grpc_code: code });
    this.#handling.observe(labels, seconds);
  }

  /** A message came from a client. */
  received(method: ObservedMethod): void {
    this.#received.inc(labelsOf(method));
  }

  /** A message was sent to a client. */
  sent(method: ObservedMethod): void {
    this.#sentSince.set(method, 1 + (this.#sentSince.get(method) ?? 0));
  }

  /** All of it in Prometheus' text format; without VPP integration, without VPP's families. */
  async text({ vpp }: { readonly vpp: boolean }): Promise<string> {
    for (const entry of this.#apiCounts.values()) {
      const { msg, direction } = entry;
      this.#api.inc({ msg, direction, result: "success" }, entry.success);
      // A message sent has no result: only a reply reports a refusal.
      if (direction === "recv") this.#api.inc({ msg, direction, result: "failure" }, entry.failure);
      entry.success = entry.failure = 0;
    }
    for (const entry of this.#apiErrorCounts.values()) {
      if (entry.count > 0) this.#apiErrors.inc(entry.labels, entry.count);
      entry.count = 0;
    }
    for (const [method, count] of this.#sentSince) this.#sent.inc(labelsOf(method), count);
    this.#sentSince.clear();
    const others = await this.#registry.metrics();
    return vpp ? await this.#vpp.metrics() + others : others;
  }

  #apiCount(msg: string, direction: ApiCount["direction"]): ApiCount {
    const key = `${direction} ${msg}`;
    const known = this.#apiCounts.get(key);
    if (known !== undefined) return known;
    if (this.#apiCounts.size >= MAX_API_MESSAGES && msg !== OTHER) {
      return this.#apiCount(OTHER, direction);
    }
    const entry = { msg, direction, success: 0, failure: 0 };
    this.#apiCounts.set(key, entry);
    return entry;
  }

  #apiError(msg: string, error: string): ApiErrorCount {
    const key = `${msg} ${error}`;
    const known = this.#apiErrorCounts.get(key);
    if (known !== undefined) return known;
    if (this.#apiErrorCounts.size >= MAX_API_ERRORS && error !== OTHER) {
      return this.#apiError(msg, OTHER);
    }
    const entry = { labels: { msg, error }, count: 0 };
    this.#apiErrorCounts.set(key, entry);
    return entry;
  }

  #registryOf(name: EventName): RegistryOf {
    return isOfVpp(name) ? this.#vpp : this.#registry;
  }

  #counter(name: EventName): CounterOf {
    const { help, labels, type } = familyOf(name);
    invariant(type === "counter", `${name} is not a counter`);
    return new Counter({
      name,
      help,
      labelNames: Object.keys(labels),
      registers: [this.#registryOf(name)],
    });
  }

  #gauge(name: EventName): GaugeOf {
    const { help, type } = familyOf(name);
    invariant(type === "gauge", `${name} is not a gauge`);
    return new Gauge({ name, help, registers: [this.#registryOf(name)] });
  }

  #histogram(name: EventName): HistogramOf {
    const { help, labels, buckets } = familyOf(name);
    invariant(buckets !== undefined, `${name} is not a histogram`);
    return new Histogram({
      name,
      help,
      labelNames: Object.keys(labels),
      buckets: [...buckets],
      registers: [this.#registryOf(name)],
    });
  }
}

function labelsOf({ service, name, kind }: ObservedMethod) {
  return { grpc_service: service, grpc_method: name, grpc_type: kind };
}
