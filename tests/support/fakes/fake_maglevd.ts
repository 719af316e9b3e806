/**
 * A maglevd in memory, as a client sees it: a world that a test changes, streams that it pushes
 * events into, and faults. Answers come within the same turn unless a method is held.
 */
import { MaglevError } from "../../../src/base/errors.ts";
import {
  BackendInfo,
  type Event,
  FleetInfo,
  FrontendInfo,
  type HealthCheckInfo,
  PoolInfo,
  StatusInfo,
  VPPInfo,
  VPPLBCounters,
  VPPLBState,
} from "../../../src/grpc/gen/maglev.ts";
import type {
  CallOptions,
  MaglevClient,
  RequestOf,
  ResponseOf,
  UnaryMethod,
  WatchOptions,
} from "../../../src/grpc/client/client.ts";
import type {
  Fingerprints,
  GetFingerprintsRequest,
  WatchRequest,
} from "../../../src/grpc/gen/maglev.ts";
import { create, encode } from "../../../src/grpc/messages/codec.ts";
import { Maglev } from "../../../src/grpc/messages/maglev.ts";
import type { MethodInfo } from "../../../src/grpc/messages/methods.ts";

/** A call that was made. */
export interface FakeCall {
  readonly method: UnaryMethod;
  readonly request: object;
  readonly user: string | undefined;
}

type Answers = { [M in UnaryMethod]: (request: Partial<RequestOf<M>>) => ResponseOf<M> };

interface Stream {
  readonly request: Partial<WatchRequest>;
  readonly queue: Event[];
  wake: () => void;
  end: MaglevError | undefined;
}

export const MS = 1_000_000n;

/** A backend that is up; `fields` in its place. */
export function fakeBackend(name: string, fields: Partial<BackendInfo> = {}): BackendInfo {
  return create(BackendInfo, {
    name,
    address: "10.0.0.1",
    state: "up",
    enabled: true,
    healthcheck: "check",
    sinceUnixNs: 1_000_000n * MS,
    counter: 4,
    rise: 2,
    fall: 3,
    ...fields,
  });
}

/** A frontend that is up; the backends of its pools by name with their weight, all in force. */
export function fakeFrontend(
  name: string,
  pools: Readonly<Record<string, Readonly<Record<string, number>>>>,
  fields: Partial<FrontendInfo> = {},
): FrontendInfo {
  return create(FrontendInfo, {
    name,
    address: "192.0.2.1",
    protocol: "tcp",
    port: 80,
    state: "up",
    activePool: Object.keys(pools)[0] ?? "",
    pools: Object.entries(pools).map(([pool, backends]) =>
      create(PoolInfo, {
        name: pool,
        backends: Object.entries(backends).map(([backend, weight]) => ({
          name: backend,
          weight,
          effectiveWeight: weight,
          state: "up",
          intent: undefined,
          held: false,
          slowStartStep: 0,
          encap: undefined,
        })),
      })
    ),
    ...fields,
  });
}

export class FakeMaglevd {
  backends: BackendInfo[] = [];
  frontends: FrontendInfo[] = [];
  healthchecks: HealthCheckInfo[] = [];
  status = create(StatusInfo, { ready: true, vpp: "off", warmup: "off", configHash: "aa" });
  lb = create(VPPLBState);
  fleet = create(FleetInfo, { store: "off" });
  counters = create(VPPLBCounters);
  role = "operator";
  /** Nothing listens. */
  isRefused = false;
  /** It takes calls and does not answer. */
  isHung = false;
  readonly calls: FakeCall[] = [];
  readonly #streams = new Set<Stream>();
  readonly #answers: Answers;
  readonly #held = new Map<UnaryMethod, PromiseWithResolvers<void>>();
  /** Answers to GetFingerprints; undefined: an older version. */
  fingerprints: MaglevClient["fingerprints"] | undefined;
  /** Calls of GetFingerprints: the VIPs of each, as texts. */
  readonly compared: string[][] = [];
  /** Connections that are open. */
  connections = 0;

  constructor(answers: Partial<Answers> = {}) {
    this.#answers = { ...this.#own(), ...answers };
  }

  /** Replaces an answer. */
  answer<M extends UnaryMethod>(method: M, answer: Answers[M]): void {
    this.#answers[method] = answer;
  }

  /** Answers to this method are made now and held until the returned function is called. */
  hold(method: UnaryMethod): () => void {
    const held = Promise.withResolvers<void>();
    this.#held.set(method, held);
    return () => {
      this.#held.delete(method);
      held.resolve();
    };
  }

  count(method: UnaryMethod): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  /** Streams that are open, at this level of the log. */
  streams(logLevel: string): number {
    return [...this.#streams].filter(({ request }) => request.logLevel === logLevel).length;
  }

  /** Events that no stream has read. */
  get unread(): number {
    return [...this.#streams].reduce((sum, { queue }) => sum + queue.length, 0);
  }

  /** Sends to the streams at this level. */
  push(event: Event["event"], logLevel = "info"): void {
    for (const stream of this.#streams) {
      if (stream.request.logLevel !== logLevel) continue;
      stream.queue.push({ event });
      stream.wake();
    }
  }

  /** A record of the log. */
  log(
    msg: string,
    attributes: Readonly<Record<string, string>> = {},
    { level = "info", logLevel = "info", time = "2023-11-14T22:13:20.000Z" } = {},
  ): void {
    const pairs = Object.entries(attributes).map(([key, value]) => ({ key, value }));
    this.push({ $case: "log", value: { time, level, msg, attributes: pairs } }, logLevel);
  }

  /** A sum of probes, to the streams that want sums. */
  activity(
    probes: readonly (readonly [backend: string, ok: boolean, code: string, counter: number])[],
    { vppCalls = 0, vppErrors = 0, count = 1 } = {},
  ): void {
    const value = {
      probes: probes.map(([backend, ok, code, counter]) => ({
        ...{ backend, counter, count },
        result: { ok, layer: "L7", code, detail: "d", durationNs: 1_500_000n },
      })),
      vppCalls,
      vppErrors,
    };
    this.push({ $case: "activity", value }, "error");
  }

  /** A backend changes its state, in the world and in an event. `atMs`: Unix time. */
  transit(name: string, to: string, { atMs, code = "L4CON", ok = false }: {
    readonly atMs: number;
    readonly code?: string;
    readonly ok?: boolean;
  }): void {
    const before = this.backends.find((backend) => backend.name === name)!;
    const atUnixNs = BigInt(atMs) * MS;
    const layer = code.startsWith("L") ? code.slice(0, 2) : "";
    const result = { ok, layer, code, detail: "", durationNs: 3n * MS };
    this.change(name, { state: to, sinceUnixNs: atUnixNs, lastResult: result });
    const transition = { from: before.state, to, atUnixNs, result };
    this.push({ $case: "backend", value: { name, transition } });
  }

  change(name: string, fields: Partial<BackendInfo>): void {
    this.backends = this.backends.map((backend) =>
      backend.name === name ? { ...backend, ...fields } : backend
    );
  }

  /** Ends all streams. */
  endStreams(): void {
    for (const stream of this.#streams) {
      stream.end = new MaglevError("unavailable", "connection dropped: reset");
      stream.wake();
    }
  }

  readonly connect = (): Pick<MaglevClient, "call" | "watch" | "fingerprints" | "close"> => {
    this.connections++;
    return {
      call: (method, request = {}, options = {}) => this.#call(method, request, options),
      watch: (request = {}, options = {}) => this.#watch(request, options),
      fingerprints: (request = {}) => this.#fingerprints(request),
      close: () => void this.connections--,
    };
  };

  async #call<M extends UnaryMethod>(
    method: M,
    request: Partial<RequestOf<M>>,
    { signal, user, bounds }: CallOptions,
  ): Promise<ResponseOf<M>> {
    this.calls.push({ method, request, user });
    if (this.isRefused) throw refusal();
    const answer = this.isHung ? undefined : this.#answers[method](request);
    const wait = this.isHung ? new Promise<void>(() => {}) : this.#held.get(method)?.promise;
    if (wait !== undefined) await Promise.race([wait, aborted(signal)]);
    if (answer === undefined || signal?.aborted === true) throw cancelled();
    const { response } = Maglev[method] as MethodInfo<RequestOf<M>, ResponseOf<M>>;
    if (bounds?.bytes !== undefined && encode(response, answer).length > bounds.bytes) {
      throw new MaglevError("internal", `need at most ${bounds.bytes} bytes`);
    }
    return answer;
  }

  async *#fingerprints(
    request: Partial<GetFingerprintsRequest>,
  ): AsyncGenerator<Fingerprints, void> {
    this.compared.push((request.vips ?? []).map(({ prefix, port }) => `${prefix} ${port}`));
    if (this.isRefused) throw refusal();
    if (this.fingerprints === undefined) throw new MaglevError("unimplemented", "unknown method");
    yield* this.fingerprints(request);
  }

  async *#watch(
    request: Partial<WatchRequest>,
    { signal, onOpen }: WatchOptions,
  ): AsyncGenerator<Event, void> {
    if (this.isRefused) throw refusal();
    if (this.isHung) {
      await aborted(signal);
      throw cancelled();
    }
    const stream: Stream = { request, queue: [], wake: () => {}, end: undefined };
    const onAbort = () => stream.wake();
    signal?.addEventListener("abort", onAbort);
    this.#streams.add(stream);
    onOpen?.();
    try {
      for (;;) {
        if (signal?.aborted === true) throw cancelled();
        const event = stream.queue.shift();
        if (event !== undefined) yield event;
        else if (stream.end !== undefined) throw stream.end;
        else await new Promise<void>((resolve) => stream.wake = resolve);
      }
    } finally {
      this.#streams.delete(stream);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #own(): Answers {
    const named = <T extends { readonly name: string }>(items: readonly T[], name?: string) => {
      const found = items.find((item) => item.name === name);
      if (found === undefined) throw new MaglevError("not-found", `No object "${name}"`);
      return found;
    };
    const refused = () => {
      throw new MaglevError("unimplemented", "not in this test");
    };
    return {
      GetVersion: () => ({
        version: "1.0",
        commit: "c",
        buildDate: "",
        startedUnixNs: 500_000n * MS,
        role: this.role,
      }),
      GetStatus: () => this.status,
      ListBackends: () => ({
        backendNames: this.backends.map(({ name }) => name),
        backends: this.backends,
      }),
      GetBackend: ({ name }) => named(this.backends, name),
      ListFrontends: () => ({
        frontendNames: this.frontends.map(({ name }) => name),
        frontends: this.frontends,
      }),
      GetFrontend: ({ name }) => named(this.frontends, name),
      ListHealthChecks: () => ({ healthcheckNames: [], healthchecks: this.healthchecks }),
      GetHealthCheck: ({ name }) => named(this.healthchecks, name),
      GetVPPInfo: () => create(VPPInfo, { version: "26.10", pid: 7, weights: true }),
      GetVPPLBState: () => this.lb,
      GetVPPLBCounters: () => this.counters,
      CheckConfig: () => ({ ok: true, parseError: "", semanticError: "", issues: [], hash: "aa" }),
      PauseBackend: ({ name }) => named(this.backends, name),
      ResumeBackend: ({ name }) => named(this.backends, name),
      EnableBackend: ({ name }) => named(this.backends, name),
      DisableBackend: ({ name }) => named(this.backends, name),
      SetLameduck: ({ on }) => ({ on: on === true, intent: undefined, warning: "" }),
      ClearBackend: ({ name }) => named(this.backends, name),
      DrainBackend: ({ name }) => named(this.backends, name),
      SetFrontendPoolBackendWeight: ({ frontend }) => named(this.frontends, frontend),
      ListIntents: () => ({ intents: [] }),
      CancelIntent: refused,
      GetFleet: () => this.fleet,
      AdoptIntent: refused,
      RestoreFleet: refused,
      ForgetFleet: refused,
      StartRollout: refused,
      StepRollout: refused,
      SyncVPPLBState: refused,
      PlanBackend: refused,
      PlanConfig: refused,
      ReloadConfig: refused,
      ExplainBackend: refused,
      ExplainFrontend: refused,
      ListHistory: refused,
    };
  }
}

function refusal(): MaglevError {
  return new MaglevError(
    "unavailable",
    "No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ",
  );
}

function cancelled(): MaglevError {
  return new MaglevError("aborted", "Call cancelled");
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}
