/**
 * PURE. Takes out of the page's objects what only operators may see. The same object comes back
 * when there is nothing to take out, so most of it is encoded once for all.
 *
 * An intent loses who made it. A log record keeps only attributes of a known harmless name, because
 * another record, or one of a later maglevd, may carry a peer, an identity or the path of a file.
 */
import type { Audience } from "../../ports.ts";
import type {
  Backend,
  DashboardEvent,
  Frontend,
  Intent,
  MaglevdState,
  MaglevdStatus,
  Pool,
  TimelineRecord,
} from "../../protocol.ts";

export function backendFor(backend: Backend, audience: Audience): Backend {
  return audience === "operator" ? backend : withoutBy(backend);
}

export function frontendFor(frontend: Frontend, audience: Audience): Frontend {
  if (audience === "operator") return frontend;
  const pools = mapped(frontend.pools, poolForViewers);
  return pools === frontend.pools ? frontend : { ...frontend, pools };
}

export function maglevdFor(state: MaglevdState, audience: Audience): MaglevdState {
  if (audience === "operator") return state;
  const frontends = mapped(state.frontends, (frontend) => frontendFor(frontend, audience));
  const backends = mapped(state.backends, withoutBy);
  const status = statusForViewers(state);
  return frontends === state.frontends && backends === state.backends && status === state
    ? state
    : { ...status, frontends, backends };
}

export function eventFor(event: DashboardEvent, audience: Audience): DashboardEvent {
  if (audience === "operator") return event;
  switch (event.type) {
    case "backend": {
      const backend = withoutBy(event.backend);
      return backend === event.backend ? event : { ...event, backend };
    }
    case "frontend": {
      const frontend = frontendFor(event.frontend, audience);
      return frontend === event.frontend ? event : { ...event, frontend };
    }
    case "maglevd-state": {
      const state = maglevdFor(event.state, audience);
      return state === event.state ? event : { ...event, state };
    }
    case "maglevd-status": {
      const status = statusForViewers(event.status);
      return status === event.status ? event : { ...event, status };
    }
    case "log": {
      const attributes = harmless(event.msg, event.attributes);
      return attributes === event.attributes ? event : { ...event, attributes };
    }
    default:
      return event;
  }
}

/** A record of the history, which is one of the log that was kept. */
export function recordFor(record: TimelineRecord, audience: Audience): TimelineRecord {
  return audience === "operator"
    ? record
    : { ...record, attributes: harmless(record.event, record.attributes) };
}

/** The attributes that viewers may see; the same object when these are all. */
function harmless(
  msg: string,
  attributes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const all = Object.entries(attributes);
  const kept = all.filter(([key, value]) => isHarmless(msg, { key, value }));
  return kept.length === all.length ? attributes : Object.fromEntries(kept);
}

function poolForViewers(pool: Pool): Pool {
  const backends = mapped(pool.backends, withoutBy);
  return backends === pool.backends ? pool : { ...pool, backends };
}

function statusForViewers<T extends MaglevdStatus>(status: T): T {
  if (status.lameduck?.by === undefined) return status;
  return { ...status, lameduck: anonymous(status.lameduck) };
}

function withoutBy<
  T extends { readonly intent?: Intent; readonly scheduled?: readonly Intent[] },
>(object: T): T {
  const intent = object.intent && anonymous(object.intent);
  const scheduled = object.scheduled && mapped(object.scheduled, anonymous);
  if (intent === object.intent && scheduled === object.scheduled) return object;
  return {
    ...object,
    ...(intent === undefined ? {} : { intent }),
    ...(scheduled === undefined ? {} : { scheduled }),
  };
}

function anonymous(intent: Intent): Intent {
  if (intent.by === undefined) return intent;
  const { by: _, ...rest } = intent;
  return rest;
}

/** `items` with `change` applied to each; `items` itself when none changed. */
function mapped<T>(items: readonly T[], change: (item: T) => T): readonly T[] {
  let changed: T[] | undefined;
  for (const [at, item] of items.entries()) {
    const other = change(item);
    if (other === item) continue;
    changed ??= [...items];
    changed[at] = other;
  }
  return changed ?? items;
}

/** Attributes of log records that viewers may see; numbers and truth values always. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...["backend", "frontend", "pool", "healthcheck", "name", "netns", "lack", "where"],
  ...["from", "to", "state", "layer", "code", "detail", "ok", "type", "kind", "cause"],
  ...["method", "result", "reason", "before", "after", "weight", "until", "since"],
  ...["vip", "prefix", "protocol", "address", "server", "encap", "flush", "change", "scope"],
  ...["trigger", "version", "stage", "rule", "phase", "family"],
]);
/** Who did it; a user may have a number for a name. */
const PERSONAL: ReadonlySet<string> = new Set(["identity", "peer", "user", "by"]);
/** Sentences, in records that are about health and VPP; elsewhere they name files and peers. */
const SENTENCES: ReadonlySet<string> = new Set(["err", "message"]);
const ABOUT_HEALTH = /^(vpp|prober|probe|backend|frontend|events)-/;

function isHarmless(
  msg: string,
  { key, value }: { readonly key: string; readonly value: string },
): boolean {
  if (PERSONAL.has(key)) return false;
  if (SENTENCES.has(key)) return ABOUT_HEALTH.test(msg);
  if (key === "address") return ABOUT_HEALTH.test(msg);
  return HARMLESS.has(key) || /^(-?\d{1,15}(\.\d{1,9})?|true|false)$/.test(value);
}
