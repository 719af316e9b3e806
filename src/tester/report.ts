/**
 * PURE. The lines of `--output json` and `--log`: one JSON object each, of a kind that `type` names. Keys
 * are in snake case, times are UTC with milliseconds, durations are milliseconds (`_ms`), shares are
 * percent. docs/maglevt.md describes them.
 */
import { type BlindSpan, lengthOf, type Outage, type OutageEvent } from "./record/outages.ts";
import type { NoteKind } from "./record/notes.ts";
import { counted, shortDuration } from "./record/texts.ts";
import type { VipRecord } from "./record/vip_record.ts";
import type { ProberFigures } from "./prober_figures.ts";
import type { Broken } from "./rules.ts";
import { placeOf, serverOf, type Vip } from "./targets.ts";

export type JsonLine = Readonly<Record<string, unknown>>;

/** UTC text of an instant of the timeline. */
export type Utc = (atMs: number) => string;

/** A configuration file that was read. */
export interface ReadConfig {
  readonly path: string;
  /** SHA-256 of its text. */
  readonly hash: string;
}

/** The first line: what is probed, and how. */
export function startLine(options: {
  readonly time: string;
  readonly version: string;
  readonly host: string;
  readonly configs: readonly ReadConfig[];
  readonly settings: JsonLine;
  readonly vips: readonly Vip[];
}): JsonLine {
  const { vips, ...rest } = options;
  return { type: "start", ...rest, vips: vips.map(vipJson) };
}

function vipJson({ name, address, port, protocol, probing, servers }: Vip): JsonLine {
  const probe = probing.kind === "get" ? (probing.tls ? "https" : "http") : probing.kind;
  return {
    vip: name,
    address: address.text,
    port,
    protocol,
    probe,
    ...(probing.kind === "none" ? { reason: probing.reason } : {}),
    ...(probing.kind === "get" ? { host: probing.host, server_name: probing.serverName } : {}),
    servers: servers.map(({ name, address, share }) => ({
      name,
      address,
      wanted_percent: percent(share),
    })),
  };
}

/** A line per second: the window of each VIP. */
export function secondLine(options: {
  readonly time: string;
  readonly elapsedMs: number;
  readonly prober: ProberFigures;
  readonly inFlight: number;
  readonly paused: boolean;
  readonly nowMs: number;
  readonly vips: readonly (readonly [Vip, VipRecord])[];
}): JsonLine {
  const { time, elapsedMs, prober, inFlight, paused, nowMs, vips } = options;
  return {
    type: "second",
    time,
    elapsed_ms: Math.round(elapsedMs),
    paused,
    prober: { ...proberJson(prober), in_flight: inFlight },
    vips: vips.map(([vip, record]) => {
      const { current, longest } = record.outages;
      const percentiles = record.window.percentiles();
      return {
        vip: vip.name,
        sent: record.sent,
        failed: record.failed,
        last: record.last,
        ok_percent: percent(record.window.okShare),
        p50_ms: rounded(percentiles?.p50Ms),
        p99_ms: rounded(percentiles?.p99Ms),
        outage_ms: current === undefined ? null : rounded(nowMs - current.beginMs),
        longest_outage_ms: longest === undefined ? 0 : rounded(lengthOf(longest)),
        servers: Object.fromEntries(
          [...record.window.shares()].map(([server, share]) => [server, percent(share)]),
        ),
      };
    }),
  };
}

function proberJson({ sent, notSent, standstills, standstillMs, lateness }: ProberFigures) {
  return {
    sent,
    not_sent: notSent,
    late_p99_ms: rounded(lateness.percentile(0.99)),
    late_max_ms: rounded(lateness.maxMs),
    standstills,
    standstill_ms: rounded(standstillMs),
  };
}

/** An outage that began or ended, or a blind span. */
export function eventLine(vip: Vip, event: OutageEvent, utc: Utc): JsonLine {
  if (event.kind === "blind") {
    return { type: "blind", vip: vip.name, ...blindJson(event.span, utc) };
  }
  const state = event.kind === "outage-begin" ? "begin" : "end";
  return { type: "outage", state, vip: vip.name, ...outageJson(event.outage, utc) };
}

/** Equal errors of a VIP within a second. */
export function errorLine(
  vip: Vip,
  error: { kind: NoteKind; text: string; count: number; firstMs: number; lastMs: number },
  utc: Utc,
): JsonLine {
  const { kind, text, count, firstMs, lastMs } = error;
  const [first, last] = [utc(firstMs), utc(lastMs)];
  return { type: "error", vip: vip.name, kind, text, count, first, last };
}

/** Something that the operator did: `mark`, `pause`, `resume`, `reset`. */
export function actionLine(type: "mark" | "pause" | "resume" | "reset", time: string): JsonLine {
  return { type, time };
}

/** The last line: the whole run since the last reset. */
export function summaryLine(options: {
  readonly time: string;
  readonly elapsedMs: number;
  readonly prober: ProberFigures;
  readonly broken: readonly Broken[];
  readonly vips: readonly (readonly [Vip, VipRecord])[];
  readonly utc: Utc;
}): JsonLine {
  const { time, elapsedMs, prober, broken, vips, utc } = options;
  return {
    type: "summary",
    time,
    elapsed_ms: Math.round(elapsedMs),
    passed: broken.length === 0,
    broken: broken.map(({ rule, vip, limit, value }) => ({
      rule,
      vip,
      limit,
      value: rounded(value),
    })),
    prober: proberJson(prober),
    vips: vips.map(([vip, record]) => summaryOf(vip, record, utc)),
  };
}

function summaryOf(vip: Vip, record: VipRecord, utc: Utc): JsonLine {
  const { outages, latencies } = record;
  const { longest } = outages;
  return {
    vip: vip.name,
    place: placeOf(vip),
    sent: record.sent,
    failed: record.failed,
    lost: outages.lost,
    grace_failures: record.graceFailures,
    not_sent: record.skipped,
    ok_percent: percent(record.okShare),
    longest_outage_ms: longest === undefined ? 0 : rounded(lengthOf(longest)),
    outage_sum_ms: rounded(outages.sumMs),
    outage_count: outages.count,
    outages: outages.outages.map((outage) => outageJson(outage, utc)),
    blind_count: outages.blindCount,
    blind_sum_ms: rounded(outages.blindSumMs),
    blind: outages.blindSpans.map((span) => blindJson(span, utc)),
    p50_ms: rounded(latencies.percentile(0.5)),
    p95_ms: rounded(latencies.percentile(0.95)),
    p99_ms: rounded(latencies.percentile(0.99)),
    max_ms: rounded(latencies.maxMs),
    servers: tallyJson(vip, record, utc),
  };
}

/** The values of the header, with the share of all answers that named a server. */
function tallyJson({ servers }: Vip, { tally }: VipRecord, utc: Utc): readonly JsonLine[] {
  const entries = tally.entries();
  const sum = entries.reduce((total, { count }) => total + count, 0);
  return entries.map(({ server, count, lastMs }) => {
    const known = serverOf(server, servers);
    return {
      value: server,
      backend: known?.name ?? null,
      count,
      percent: percent(count / sum),
      wanted_percent: known === undefined ? null : percent(known.share),
      last: utc(lastMs),
    };
  });
}

function outageJson(outage: Outage, utc: Utc): JsonLine {
  const { beginMs, endMs, failures, neverUp, cut, open } = outage;
  return {
    begin: utc(beginMs),
    end: utc(endMs),
    ms: rounded(lengthOf(outage)),
    failures,
    never_up: neverUp,
    cut,
    open,
  };
}

function blindJson({ beginMs, endMs, reason }: BlindSpan, utc: Utc): JsonLine {
  return {
    begin: utc(beginMs),
    end: endMs === undefined ? null : utc(endMs),
    ms: endMs === undefined ? null : rounded(endMs - beginMs),
    reason,
  };
}

/** Milliseconds in steps of a hundredth. */
function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 100) / 100;
}

/** A share as percent in steps of a hundredth; never 100 for a share below 1. */
function percent(share: number | undefined): number | null {
  if (share === undefined) return null;
  return share === 1 ? 100 : Math.min(99.99, Math.round(share * 10_000) / 100);
}

/** The verdict of the run in one line, for standard error. */
export function verdictLine(
  broken: readonly Broken[],
  vips: readonly (readonly [Pick<Vip, "name">, VipRecord])[],
): string {
  const first = broken[0];
  if (first === undefined) return `passed: ${counted(vips.length, "VIP")}, ${outagesOf(vips)}`;
  const unit = first.rule === "min-ok" ? "%" : "ms";
  const value = first.value === undefined
    ? "no probe has a result"
    : `${rounded(first.value)}${unit}`;
  const more = broken.length === 1 ? "" : `, and ${broken.length - 1} more`;
  return `failed: ${first.rule} ${first.limit}${unit}: ${first.vip}: ${value}${more}`;
}

/** `no outage`, or `2 outages, the longest 1.43s (web)`; and VIPs of which nothing is known. */
function outagesOf(vips: readonly (readonly [Pick<Vip, "name">, VipRecord])[]): string {
  let count = 0;
  let worst: { readonly name: string; readonly ms: number } | undefined;
  for (const [{ name }, { outages }] of vips) {
    count += outages.count;
    const { longest } = outages;
    if (longest === undefined) continue;
    const ms = lengthOf(longest);
    if (worst === undefined || ms > worst.ms) worst = { name, ms };
  }
  const unknown = vips.filter(([, { sent }]) => sent === 0).length;
  return (worst === undefined
    ? "no outage"
    : `${counted(count, "outage")}, the longest ${shortDuration(worst.ms)} (${worst.name})`) +
    (unknown === 0 ? "" : `; ${counted(unknown, "VIP")} without a result`);
}
