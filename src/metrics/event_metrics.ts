/**
 * What is counted when it happens: messages to and from VPP, synchronisations, calls of the API.
 * These are few series, so prom-client keeps and writes them (see docs/design.md for why it does
 * not the others). It is imported in parts: the whole brings in a web client, clustering and
 * OpenTelemetry, and takes 60 ms and more of the start.
 */
import type {
  Counter as CounterOf,
  Histogram as HistogramOf,
  Registry as RegistryOf,
} from "prom-client";
import untypedCounter from "prom-client/lib/counter.js";
import untypedHistogram from "prom-client/lib/histogram.js";
import untypedRegistry from "prom-client/lib/registry.js";
import { invariant } from "../base/assert.ts";
import type { ApiObserver } from "../vpp/ports.ts";
import type { SyncReport } from "../vpp/sync_report.ts";
import { type EventName, familyOf } from "./families.ts";

const Counter: typeof CounterOf = untypedCounter;
const Histogram: typeof HistogramOf = untypedHistogram;
const Registry: typeof RegistryOf = untypedRegistry;

/** A method of the API: a row of the table of those that are served. */
export interface ObservedMethod {
  /** With its package: `maglev.Maglev`. */
  readonly service: string;
  readonly name: string;
  readonly kind: "unary" | "client_stream" | "server_stream" | "bidi_stream";
}

/** Series of messages that may differ; VPP has some 30 messages and 160 errors. */
const MAX_API_SERIES = 1000;

interface ApiCount {
  readonly labels: { readonly msg: string; readonly direction: string; readonly result: string };
  /** Since the last scrape. */
  count: number;
}

/** The metrics that prom-client keeps. */
export class EventMetrics {
  readonly #registry = new Registry();
  readonly #api = this.#counter("maglev_vpp_api_total");
  readonly #apiCounts = new Map<string, ApiCount>();
  readonly #sync = this.#counter("maglev_vpp_lbsync_total");
  readonly #syncDuration = this.#histogram("maglev_vpp_lbsync_duration_seconds");
  readonly #started = this.#counter("grpc_server_started_total");
  readonly #handled = this.#counter("grpc_server_handled_total");
  readonly #received = this.#counter("grpc_server_msg_received_total");
  readonly #sent = this.#counter("grpc_server_msg_sent_total");
  readonly #handling = this.#histogram("grpc_server_handling_seconds");

  /** Counts messages of VPP; thousands at a time, so prom-client is told the sums at a scrape. */
  readonly apiObserver: ApiObserver = {
    message: (msg, direction, result) => {
      const key = `${direction} ${msg} ${result}`;
      let entry = this.#apiCounts.get(key);
      if (entry === undefined) {
        const known = this.#apiCounts.size < MAX_API_SERIES;
        if (!known && result !== "other") return this.apiObserver.message(msg, direction, "other");
        entry = { labels: { msg, direction, result }, count: 0 };
        this.#apiCounts.set(key, entry);
      }
      entry.count++;
    },
  };

  /** Counts a finished synchronisation. */
  synchronised({ scope, counts, durationMs }: SyncReport): void {
    for (const [kind, count] of Object.entries(counts)) {
      if (count > 0) this.#sync.inc({ scope, kind }, count);
    }
    this.#syncDuration.observe({ scope }, durationMs / 1000);
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
    this.#sent.inc(labelsOf(method));
  }

  /** All of it in Prometheus' text format. */
  async text(): Promise<string> {
    for (const entry of this.#apiCounts.values()) {
      if (entry.count > 0) this.#api.inc(entry.labels, entry.count);
      entry.count = 0;
    }
    return await this.#registry.metrics();
  }

  #counter(name: EventName): CounterOf {
    const { help, labels, type } = familyOf(name);
    invariant(type === "counter", `${name} is no counter`);
    return new Counter({
      name,
      help,
      labelNames: Object.keys(labels),
      registers: [this.#registry],
    });
  }

  #histogram(name: EventName): HistogramOf {
    const { help, labels, buckets } = familyOf(name);
    invariant(buckets !== undefined, `${name} is no histogram`);
    return new Histogram({
      name,
      help,
      labelNames: Object.keys(labels),
      buckets: [...buckets],
      registers: [this.#registry],
    });
  }
}

function labelsOf({ service, name, kind }: ObservedMethod) {
  return { grpc_service: service, grpc_method: name, grpc_type: kind };
}
