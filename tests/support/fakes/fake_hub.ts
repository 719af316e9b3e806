/** A hub with two maglevds that never change by themselves; it records what is asked of it. */
import { gzipSync } from "node:zlib";
import { MaglevError } from "../../../src/base/errors.ts";
import type {
  Actor,
  Audience,
  EncodedState,
  Hub,
  MaglevdActions,
  SentEvent,
  SubscribeOptions,
  TimelineQuery,
} from "../../../src/dashboard/ports.ts";
import type {
  ActionAnswer,
  Backend,
  BackendDetails,
  BackendExplanation,
  DashboardEvent,
  ExplainLink,
  FrontendExplanation,
  History,
  MaglevdState,
  PlanAnswer,
  Problem,
  State,
  TimelinePage,
} from "../../../src/dashboard/protocol.ts";

/** A name that only percent-encoding brings through a path. */
export const ODD_NAME = "rack 2/é";
/** What only operators may see. */
export const SECRET = "alice from 192.0.2.77";

const BACKEND: Backend = {
  name: "nginx0",
  address: "10.0.0.1",
  state: "paused",
  healthcheck: "web",
  since_ms: 1_700_000_000_000,
  counter: 4,
  rise: 2,
  fall: 3,
  intent: { kind: "pause", since_ms: 1_700_000_000_000, reason: "update" },
  carried: false,
  flaps: 0,
};

const PLAN: PlanAnswer = { ok: true, states: [], vips: [], vips_unchanged: 1, command: "maglevc" };

/** One action or plan. */
export interface Asked {
  readonly maglevd: string;
  readonly method: keyof MaglevdActions;
  readonly request: unknown;
  readonly user: string;
}

export class FakeHub implements Hub {
  readonly epoch = "e1";
  readonly names: readonly string[] = ["lb1", ODD_NAME];
  readonly asked: Asked[] = [];
  /** Calls to maglevd for a backend's details. */
  backendCalls = 0;
  /** What the next actions are refused with. */
  refusal: MaglevError | undefined;
  readonly subscribers = new Set<SubscribeOptions>();
  /** Names shown, as often as they are. */
  readonly shown: string[] = [];
  /** Servers of the state, so that it can be large. */
  backendCount = 1;
  version = 1;

  start(): void {}

  stop(): Promise<void> {
    return Promise.resolve();
  }

  state(audience: Audience): State {
    return {
      epoch: this.epoch,
      seq: this.version,
      now_ms: 1_700_000_000_000,
      version: "0.1.0",
      maglevds: this.names.map((name) => this.#maglevd(name, audience)),
    };
  }

  encodedState(audience: Audience): Promise<EncodedState> {
    const gzip = gzipSync(JSON.stringify(this.state(audience)));
    return Promise.resolve({ gzip, etag: `"${this.epoch}-${this.version}-${audience}"` });
  }

  maglevd(name: string, audience: Audience): MaglevdState | undefined {
    return this.names.includes(name) ? this.#maglevd(name, audience) : undefined;
  }

  problems(): readonly Problem[] {
    return [{ maglevd: "lb1", severity: "warning", kind: "backend", message: "nginx0 is paused" }];
  }

  /** The number of results that were asked for stands in the code of the one that it has. */
  history(name: string, results = 0): History | undefined {
    if (!this.names.includes(name)) return undefined;
    const backends = { b: { results: [{ at_ms: 1, ok: true, code: `${results}` }], strip: "" } };
    return { end_ms: 1_700_000_000_000, slot_ms: 10_000, backends, vips: {} };
  }

  backend(
    _name: string,
    backend: string,
    audience: Audience,
  ): Promise<BackendDetails | MaglevError> {
    this.backendCalls++;
    if (backend !== BACKEND.name) {
      return Promise.resolve(new MaglevError("not-found", `no backend ${backend}`));
    }
    return Promise.resolve({
      backend: backendFor(audience),
      transitions: [],
      history: { results: [], strip: "" },
    });
  }

  explainBackend(
    _name: string,
    name: string,
    audience: Audience,
  ): Promise<BackendExplanation | MaglevError> {
    return Promise.resolve(
      name === BACKEND.name
        ? { name, state: "paused", links: [linkFor(audience)], places: [] }
        : new MaglevError("not-found", `no backend ${name}`),
    );
  }

  explainFrontend(
    _name: string,
    name: string,
    audience: Audience,
  ): Promise<FrontendExplanation | MaglevError> {
    return Promise.resolve(
      name === "web"
        ? { name, state: "up", links: [linkFor(audience)], servers: [] }
        : new MaglevError("unimplemented", "lb1 is too old for it"),
    );
  }

  /** The query stands in the attributes of the one record. */
  timeline(_name: string, query: TimelineQuery, audience: Audience): Promise<TimelinePage> {
    const by = audience === "viewer" ? {} : { peer: SECRET };
    const attributes = { query: JSON.stringify(query), ...by };
    const record = { id: 7, at_ms: 1_700_000_000_000, event: "operator-action", attributes };
    return Promise.resolve({ records: [record], next_before: 7 });
  }

  subscribe(options: SubscribeOptions): () => void {
    this.subscribers.add(options);
    if (options.since?.epoch === "") options.listener(resync());
    return () => void this.subscribers.delete(options);
  }

  show(name: string): () => void {
    this.shown.push(name);
    return () => void this.shown.splice(this.shown.indexOf(name), 1);
  }

  /** Sends to all subscribers. */
  publish(sent: SentEvent): void {
    for (const { listener } of this.subscribers) listener(sent);
  }

  actions(maglevd: string): MaglevdActions | undefined {
    if (!this.names.includes(maglevd)) return undefined;
    const done = <T>(answer: T) =>
    (method: keyof MaglevdActions) =>
    (
      request: unknown,
      { user }: Actor,
    ): Promise<T | MaglevError> => {
      this.asked.push({ maglevd, method, request, user });
      return Promise.resolve(this.refusal ?? answer);
    };
    const acted = done<ActionAnswer>({ ok: true, backend: BACKEND });
    return {
      act: acted("act"),
      drain: acted("drain"),
      setWeight: acted("setWeight"),
      sync: acted("sync"),
      cancel: acted("cancel"),
      plan: done<PlanAnswer>(PLAN)("plan"),
    };
  }

  #maglevd(name: string, audience: Audience): MaglevdState {
    return {
      name,
      address: "10.0.0.1:9090",
      connected: name === "lb1",
      connection_since_ms: 1_700_000_000_000,
      role: "operator",
      version: "0.1.0",
      frontends: [],
      backends: Array.from({ length: this.backendCount }, () => backendFor(audience)),
      healthchecks: [],
      vpp: { state: "off" },
    };
  }
}

function backendFor(audience: Audience): Backend {
  return audience === "viewer"
    ? BACKEND
    : { ...BACKEND, intent: { ...BACKEND.intent!, by: SECRET } };
}

function linkFor(audience: Audience): ExplainLink {
  const link = { kind: "intent", text: "paused by an operator: update", decides: true };
  return audience === "viewer" ? link : { ...link, by: SECRET };
}

/** A replayed event as it goes out. */
export function sentEvent(event: DashboardEvent, id: string): SentEvent {
  const text = `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
  return { event, seq: Number(id.split("-")[1]), bytes: new TextEncoder().encode(text) };
}

function resync(): SentEvent {
  const event = { type: "resync", t_ms: 1_700_000_000_000 } as const;
  const text = `event: resync\ndata: ${JSON.stringify(event)}\n\n`;
  return { event, seq: undefined, bytes: new TextEncoder().encode(text) };
}
