/**
 * Streams of events: the present state, then the checker's events and the log's records in the
 * order in which they happen, through one bounded feed.
 */
import { MaglevError } from "../../base/errors.ts";
import type { LogLevel, Timer } from "../../base/ports.ts";
import { replayOf, WATCH_CAPACITY, type WatchItem } from "../../checker/events.ts";
import { ProbeActivity } from "../../checker/probe_activity.ts";
import { Feed } from "../../async/feed.ts";
import type { StreamHandler } from "../calls/calls.ts";
import { milliseconds } from "./convert.ts";
import { eventBytes, levelOf, type WatchEvent } from "./events.ts";
import type { WatchRequest } from "../gen/maglev.ts";
import { type QuotaLimits, StreamQuota, tooManyWatchers } from "../calls/quota.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";

/** Maximum number of watchers; each makes every event cost more. */
export const WATCHERS: QuotaLimits = { trusted: 256, untrusted: 128 };

/** Events that a watcher selected. */
interface Wanted {
  readonly log: LogLevel | undefined;
  /** Undefined: none; empty: of all names. */
  readonly backends: ReadonlySet<string> | undefined;
  /** Of these backends probes are summed up; empty: of all. */
  readonly backendNames: ReadonlySet<string>;
  readonly frontends: ReadonlySet<string> | undefined;
  /** Milliseconds between two sums; undefined: none. */
  readonly activityMs: number | undefined;
}

/** Bounds of the time between two sums, in milliseconds. */
const ACTIVITY_MS = { least: 100, most: 60_000 } as const;

/** Streams of Event. */
export function watchEvents(daemon: DaemonApi): StreamHandler<WatchRequest> {
  const quota = new StreamQuota(WATCHERS);
  return (request, { caller }) => {
    const wanted = wantedOf(request);
    if (wanted instanceof MaglevError) return wanted;
    const leave = quota.take(caller);
    if (leave === undefined) return tooManyWatchers(caller, WATCHERS);
    return bytesOf(openFeed(wanted, daemon, leave), daemon);
  };
}

function wantedOf(request: WatchRequest): Wanted | MaglevError {
  const level = levelOf(request.logLevel);
  if (level === undefined) {
    return new MaglevError(
      "invalid-argument",
      `cannot watch at level ${JSON.stringify(request.logLevel)}: need debug, info, warn or error`,
    );
  }
  const activityMs = milliseconds(request.activityEveryNs);
  const isAsked = request.activityEveryNs !== 0n;
  if (isAsked && (activityMs < ACTIVITY_MS.least || activityMs > ACTIVITY_MS.most)) {
    return new MaglevError(
      "invalid-argument",
      `Cannot sum up activity every ${activityMs} ms: need ${ACTIVITY_MS.least} to ` +
        `${ACTIVITY_MS.most} ms`,
    );
  }
  const all = !request.log && !request.backend && !request.frontend && !isAsked;
  const backendNames = new Set(request.backendNames);
  return {
    activityMs: isAsked ? activityMs : undefined,
    backendNames,
    log: all || request.log ? level : undefined,
    backends: all || request.backend ? backendNames : undefined,
    frontends: all || request.frontend ? new Set(request.frontendNames) : undefined,
  };
}

/** Subscribes to everything at the instant of the replay's snapshot. */
function openFeed(wanted: Wanted, daemon: DaemonApi, onClose: () => void): Feed<WatchEvent> {
  const { checker, broadcaster, clock } = daemon;
  const wants = (event: Exclude<WatchItem, { readonly kind: "dropped" }>) => {
    const ofBackend = event.kind === "backend" ||
      (event.kind === "policy" && event.change.frontend === undefined);
    const names = ofBackend ? wanted.backends : wanted.frontends;
    const name = event.kind === "policy"
      ? event.change.frontend ?? event.change.backend ?? ""
      : event.name;
    return names !== undefined && (names.size === 0 || names.has(name));
  };
  const replay = replayOf(checker.snapshot(), {
    backends: wanted.backends !== undefined,
    frontends: wanted.frontends !== undefined,
    nowMs: clock.wallMs(),
  });
  const feed: Feed<WatchEvent> = new Feed<WatchEvent>({
    replay: filtered(replay, (item) => item.kind === "dropped" || wants(item)),
    capacity: WATCH_CAPACITY,
    lost: (count) => ({ kind: "dropped", count }),
    onClose: () => {
      unsubscribe();
      stopSums();
      tap?.close();
      onClose();
    },
  });
  const unsubscribe = checker.subscribe((event) => {
    if (event.kind === "program" || event.kind === "reload" || event.kind === "lameduck") return;
    if (wants(event)) feed.push(event);
  });
  const tap = wanted.log === undefined ? undefined : broadcaster.subscribe(wanted.log, () => {
    // Taken immediately, so that records and events keep their order; only the feed is bounded.
    for (const record of tap?.take().records ?? []) feed.push({ kind: "log", record });
  });
  const stopSums = sumUp(wanted, daemon, feed);
  return feed;
}

/** Sums of activity into the feed, until the returned function is called. */
function sumUp(
  { activityMs, backendNames }: Wanted,
  { checker, vpp, clock }: DaemonApi,
  feed: Pick<Feed<WatchEvent>, "push">,
): () => void {
  if (activityMs === undefined) return () => {};
  const probes = new ProbeActivity(
    checker,
    (name) => backendNames.size === 0 || backendNames.has(name),
  );
  const totals = () => ({ sent: vpp?.calls.sent ?? 0, errors: vpp?.calls.errors ?? 0 });
  let before = totals();
  const arm = (): Timer =>
    clock.after(activityMs, () => {
      timer = arm();
      const now = totals();
      const activity = {
        probes: probes.take(),
        vppCalls: now.sent - before.sent,
        vppErrors: now.errors - before.errors,
      };
      before = now;
      const { length } = activity.probes;
      if (length + activity.vppCalls + activity.vppErrors > 0) {
        feed.push({ kind: "activity", activity });
      }
    });
  let timer = arm();
  return () => timer.cancel();
}

function* filtered<T>(items: Iterable<T>, keep: (item: T) => boolean): Generator<T> {
  for (const item of items) if (keep(item)) yield item;
}

/** The feed as bytes. return() closes the feed, even while next() is waiting for an item. */
function bytesOf(feed: Feed<WatchEvent>, { clock }: DaemonApi): AsyncIterableIterator<Uint8Array> {
  const encoded = (result: IteratorResult<WatchEvent>): IteratorResult<Uint8Array> =>
    result.done === true
      ? { done: true, value: undefined }
      : { done: false, value: eventBytes(result.value, clock.wallMs()) };
  return {
    next: () => feed.next().then(encoded),
    async return() {
      await feed.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
