/** The half of the dashboard's server that follows the maglevds; see ports.ts. */
import { MaglevError } from "../../base/errors.ts";
import type { NamedServer } from "../../base/lb_names.ts";
import { notFound } from "../../base/nearest.ts";
import type { Clock, Prng } from "../../base/ports.ts";
import { type Endpoint, explain } from "../../grpc/client/failures.ts";
import type { FleetServer } from "../../grpc/client/fleet/read.ts";
import type {
  Audience,
  EncodedState,
  Hub,
  MaglevdActions,
  SubscribeOptions,
  TimelineQuery,
} from "../ports.ts";
import {
  type BackendDetails,
  type BackendExplanation,
  type DashboardEvent,
  type FrontendExplanation,
  type History,
  type MaglevdState,
  MAX_RESULTS,
  type Problem,
  type State,
  TIMELINE_PAGE,
  type TimelinePage,
} from "../protocol.ts";
import { actionsOf } from "./actions.ts";
import { StateEncoder } from "./encoded_state.ts";
import { EventBus } from "./event_bus.ts";
import {
  ACTION_MS,
  ANSWER_MS,
  type Connect,
  type Connection,
  wrongAnswer,
} from "./follow/connection.ts";
import { FleetReader } from "./fleet/fleet_reader.ts";
import { MaglevdFollower } from "./follow/maglevd_follower.ts";
import { backendFor, maglevdFor } from "./model/audience.ts";
import { DETAILS_BOUNDS, MAX_DETAILS_PENDING } from "./model/bounds.ts";
import { backendOf, transitionsOf } from "./model/convert.ts";
import { backendExplanationOf, frontendExplanationOf, timelineOf } from "./model/diagnosis.ts";
import { problemsOf, sortedProblems } from "./model/problems.ts";

/** Of calls that browsers cause. */
const CALL = { deadlineMs: ACTION_MS, bounds: DETAILS_BOUNDS };

export interface HubOptions {
  /** Names are unique; see parseServers(). */
  readonly servers: readonly NamedServer[];
  readonly connect: Connect;
  /** How maglevds are connected to, for sentences about failures. */
  readonly security: Pick<Endpoint, "tls" | "token">;
  /** Version and commit of the dashboard. */
  readonly version: string;
  readonly clock: Clock;
  readonly prng: Prng;
}

/** A hub; it connects when it is started. */
export function createHub(options: HubOptions): Hub {
  return new DashboardHub(options);
}

/** What a browser asks a maglevd for. */
interface Question {
  /** What it is about, which must be there. */
  readonly of?: { readonly kind: "backend" | "frontend"; readonly object: string };
  readonly audience: Audience;
}

class DashboardHub implements Hub {
  readonly epoch: string;
  readonly names: readonly string[];
  readonly #options: HubOptions;
  readonly #bus: EventBus;
  readonly #followers: ReadonlyMap<string, MaglevdFollower>;
  readonly #actions: ReadonlyMap<string, MaglevdActions>;
  readonly #encoders: Readonly<Record<Audience, StateEncoder>>;
  /** Undefined: there is nothing to compare. */
  readonly #fleet: FleetReader | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    const { servers, clock, prng } = options;
    this.epoch = randomText(prng);
    this.names = servers.map(({ name }) => name);
    this.#bus = new EventBus({ epoch: this.epoch, clock });
    this.#followers = new Map(
      servers.map((server) => [server.name, this.#followerOf(server)]),
    );
    this.#actions = new Map(
      [...this.#followers].map((
        [name, follower],
      ) => [name, actionsOf(follower, options.security, () => this.#fleetPeers(name))]),
    );
    this.#encoders = { viewer: this.#encoder("viewer"), operator: this.#encoder("operator") };
    this.#fleet = servers.length < 2 ? undefined : new FleetReader({
      servers: () => servers.map((server) => this.#fleetServer(server)),
      clock,
      isWatched: () => this.#bus.isHeard,
      changed: (fleet) => this.#bus.emit({ type: "fleet", t_ms: clock.wallMs(), fleet }),
    });
  }

  start(): void {
    for (const follower of this.#followers.values()) follower.start();
    this.#fleet?.start();
  }

  async stop(): Promise<void> {
    const followers = this.#followers.values().map((follower) => follower.stop());
    await Promise.all([...followers, this.#fleet?.stop()]);
    this.#bus.close();
  }

  state(audience: Audience): State {
    return {
      epoch: this.epoch,
      seq: this.#bus.seq,
      now_ms: this.#options.clock.wallMs(),
      version: this.#options.version,
      maglevds: [...this.#followers.values()].map(({ model }) =>
        maglevdFor(model.state(), audience)
      ),
      ...(this.#fleet?.fleet === undefined ? {} : { fleet: this.#fleet.fleet }),
    };
  }

  encodedState(audience: Audience): Promise<EncodedState> {
    return this.#encoders[audience].get();
  }

  maglevd(name: string, audience: Audience): MaglevdState | undefined {
    const model = this.#followers.get(name)?.model;
    return model === undefined ? undefined : maglevdFor(model.state(), audience);
  }

  /** Nothing in it is for operators only. */
  problems(_audience: Audience): readonly Problem[] {
    const nowMs = this.#options.clock.wallMs();
    return sortedProblems(
      [...this.#followers.values()].map(({ model }) =>
        problemsOf(model.state(), {
          nowMs,
          notes: model.notes,
          isSettled: (frontend) => model.isSettled(frontend),
        })
      ),
    );
  }

  history(name: string, results = MAX_RESULTS): History | undefined {
    return this.#followers.get(name)?.history(results);
  }

  async backend(
    name: string,
    backend: string,
    audience: Audience,
  ): Promise<BackendDetails | MaglevError> {
    const of = { kind: "backend", object: backend } as const;
    return await this.#asked(name, { of, audience }, async (follower, connection) => {
      const info = await connection.call("GetBackend", { name: backend }, CALL);
      if (info.name !== backend) return wrongAnswer(info.name);
      const flaps = follower.model.histories.flapsOf(backend);
      return {
        backend: backendFor(backendOf(info, flaps), audience),
        transitions: transitionsOf(info.transitions),
        history: follower.historyOf(backend),
      };
    });
  }

  async explainBackend(
    name: string,
    backend: string,
    audience: Audience,
  ): Promise<BackendExplanation | MaglevError> {
    const of = { kind: "backend", object: backend } as const;
    return await this.#asked(name, { of, audience }, async (_, connection) => {
      const answer = await connection.call("ExplainBackend", { name: backend }, CALL);
      return answer.name === backend
        ? backendExplanationOf(answer, audience)
        : wrongAnswer(answer.name);
    });
  }

  async explainFrontend(
    name: string,
    frontend: string,
    audience: Audience,
  ): Promise<FrontendExplanation | MaglevError> {
    const of = { kind: "frontend", object: frontend } as const;
    return await this.#asked(name, { of, audience }, async (_, connection) => {
      const answer = await connection.call("ExplainFrontend", { name: frontend }, CALL);
      return answer.name === frontend
        ? frontendExplanationOf(answer, audience)
        : wrongAnswer(answer.name);
    });
  }

  async timeline(
    name: string,
    { backend = "", frontend = "", before = 0 }: TimelineQuery,
    audience: Audience,
  ): Promise<TimelinePage | MaglevError> {
    return await this.#asked(name, { audience }, async (_, connection) =>
      timelineOf(
        await connection.call("ListHistory", {
          backend,
          frontend,
          beforeId: BigInt(before),
          pageSize: TIMELINE_PAGE,
        }, CALL),
        audience,
      ));
  }

  /** Asks a maglevd because of a browser. */
  async #asked<T>(
    name: string,
    { of, audience }: Question,
    ask: (follower: MaglevdFollower, connection: Connection) => Promise<T | MaglevError>,
  ): Promise<T | MaglevError> {
    const follower = this.#followers.get(name);
    if (follower === undefined) return notFound("maglevd", name, this.names);
    const { model, connection } = follower;
    const { status } = model;
    if (connection === undefined) {
      const why = status.error ?? "connecting";
      return new MaglevError("unavailable", `${name} is not connected: ${why}`);
    }
    // No suggestion: it would take a millisecond for each of ten thousand requests.
    if (of !== undefined && !model[`${of.kind}s`].has(of.object)) {
      return notFound(of.kind, of.object, []);
    }
    const details = follower.details[audience];
    if (!details.limit.take(this.#options.clock.monotonicMs())) {
      return new MaglevError("resource-exhausted", "too many requests for details");
    }
    if (details.pending >= MAX_DETAILS_PENDING) {
      return new MaglevError("resource-exhausted", `${name} owes too many answers for details`);
    }
    details.pending++;
    try {
      return await ask(follower, connection);
    } catch (caught) {
      const error = MaglevError.from(caught);
      if (error.code === "unimplemented") {
        const version = status.version === undefined ? "" : ` ${status.version}`;
        const message = `${name} cannot answer this: its maglevd${version} is too old for it`;
        return new MaglevError(error.code, message, { cause: error });
      }
      const { security } = this.#options;
      const endpoint = { server: status.address, ...security, timeoutMs: ACTION_MS };
      return new MaglevError(error.code, explain(error, endpoint), { cause: error });
    } finally {
      details.pending--;
    }
  }

  subscribe(options: SubscribeOptions): () => void {
    if (!this.#bus.isHeard) this.#fleet?.want();
    return this.#bus.subscribe(options);
  }

  show(name: string): () => void {
    return this.#followers.get(name)?.show() ?? (() => {});
  }

  actions(name: string): MaglevdActions | undefined {
    return this.#actions.get(name);
  }

  #followerOf(server: NamedServer): MaglevdFollower {
    const { connect, security, clock, prng } = this.#options;
    let last = "";
    return new MaglevdFollower({
      server,
      connect,
      security,
      clock,
      prng,
      send: (event) => {
        const base = { maglevd: server.name, t_ms: clock.wallMs() };
        this.#bus.emit({ ...base, ...event } as DashboardEvent);
        if (event.type !== "maglevd-status") return;
        // It has come, gone, or loaded another configuration.
        const { connected, config_hash } = event.status;
        const known = `${connected} ${config_hash}`;
        if (known !== last && this.#bus.isHeard) this.#fleet?.want();
        last = known;
      },
    });
  }

  /** The followers of a maglevd's fleet, itself first; empty: it has no store that is known. */
  #fleetPeers(name: string): readonly MaglevdFollower[] {
    const stores = this.#fleet?.fleet?.stores ?? [];
    const own = stores.find(({ lb }) => lb === name);
    if (own === undefined) return [];
    const others = stores.filter(({ lb, fleet }) => lb !== name && fleet === own.fleet);
    return [own, ...others].map(({ lb }) => this.#followers.get(lb)!);
  }

  /** Calls have a deadline of ANSWER_MS; one that is not connected is not asked. */
  #fleetServer({ name, address }: NamedServer): FleetServer {
    const { connection, model: { status } } = this.#followers.get(name)!;
    const endpoint = { server: address, ...this.#options.security, timeoutMs: ANSWER_MS };
    if (connection === undefined) {
      const away = status.error ?? "not connected yet";
      return {
        name,
        endpoint,
        away,
        ask: () => Promise.reject(new MaglevError("unavailable", away)),
      };
    }
    return { name, endpoint, ask: (call) => call(connection) };
  }

  #encoder(audience: Audience): StateEncoder {
    return new StateEncoder({
      clock: this.#options.clock,
      state: () => this.state(audience),
      revision: () => {
        let sum = this.#bus.seq;
        for (const { model } of this.#followers.values()) sum += model.revision;
        return sum;
      },
      tag: audience,
    });
  }
}

/** Eight characters, so that a state of another run is recognized. */
function randomText(prng: Prng): string {
  return Array.from({ length: 8 }, () => Math.floor(prng() * 36).toString(36)).join("");
}
