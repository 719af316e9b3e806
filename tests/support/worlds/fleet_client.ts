/** The load balancers of fleet_world.ts behind maglevc's door: their handler's own pages. */
import assert from "node:assert/strict";
import { MaglevError } from "../../../src/base/errors.ts";
import type { Clock } from "../../../src/base/ports.ts";
import type { FleetServer } from "../../../src/grpc/client/fleet/read.ts";
import type { CallContext } from "../../../src/grpc/calls/calls.ts";
import type { DaemonApi } from "../../../src/grpc/calls/daemon_api.ts";
import type { MaglevClient } from "../../../src/grpc/client/client.ts";
import {
  BackendInfo,
  Fingerprints,
  FleetInfo,
  type GetFingerprintsRequest,
} from "../../../src/grpc/gen/maglev.ts";
import { backendInfo } from "../../../src/grpc/handlers/convert.ts";
import { getFingerprints } from "../../../src/grpc/handlers/diagnosis/fingerprints.ts";
import { LbStateReader } from "../../../src/grpc/handlers/lb_state_reader.ts";
import { create, decode } from "../../../src/grpc/messages/codec.ts";
import type { PastTable } from "../../../src/vpp/sync/past/table_past.ts";
import type { RecentDrift } from "../../../src/vpp/sync/past/recent_drifts.ts";
import { FakeClock } from "../fakes/fake_clock.ts";
import { RecordingLogger } from "../fakes/recording_logger.ts";
import type { FleetLb } from "./fleet_world.ts";
import { PluginLb } from "./plugin_lb.ts";

/** A daemon whose VPP is the plugin of `lb`. */
export function daemonOf(
  lb: FleetLb,
  { clock = new FakeClock(), drifts = [], tables = [] }: {
    readonly clock?: Clock;
    /** The tables that VPP had, of every VIP. */
    readonly tables?: readonly PastTable[];
    readonly drifts?: readonly RecentDrift[];
  } = {},
): DaemonApi {
  const state = {
    kind: "connected",
    lb: new PluginLb(lb.plugin, lb.can),
    info: { version: "26.10-rc0", weights: lb.can.weights },
  };
  const reconciler = {
    lbState: () => ({ conf: undefined, vips: [] }),
    vip: () => undefined,
    weightTime: () => undefined,
    weightChanges: 0,
    released: () => true,
    withheld: () => [],
    recentDrifts: () => drifts,
    tables: () => tables,
  };
  return {
    checker: { snapshot: () => lb.snapshot },
    vpp: { connection: { state }, reconciler },
    config: {
      inForce: () => ({ file: "", hash: "9f3c".repeat(16), loadedAtMs: lb.sinceMs }),
    },
    clock,
    logger: new RecordingLogger(),
  } as unknown as DaemonApi;
}

export const CALLER = {
  caller: { trusted: true },
  signal: new AbortController().signal,
} as unknown as CallContext;

type Handler = ReturnType<typeof getFingerprints>;

/** One for each daemon: its readings of VPP are shared. */
const handlers = new WeakMap<DaemonApi, Handler>();

/** The handler of a daemon. */
export function handlerOf(daemon: DaemonApi): Handler {
  const handler = handlers.get(daemon) ?? getFingerprints(daemon, new LbStateReader(daemon));
  handlers.set(daemon, handler);
  return handler;
}

/** The pages that this daemon sends. */
export async function pagesOf(
  daemon: DaemonApi,
  request: Partial<GetFingerprintsRequest> = {},
): Promise<Fingerprints[]> {
  const pages = handlerOf(daemon)({ vips: [], past: false, ...request }, CALLER);
  assert.ok(!(pages instanceof MaglevError), String(pages));
  const found: Fingerprints[] = [];
  for await (const page of pages) found.push(decode(Fingerprints, page));
  return found;
}

/** A server that answers as `daemon` would; `change` may rewrite a page or a backend. */
export function fleetServer(
  lb: FleetLb,
  options: {
    readonly daemon?: DaemonApi;
    readonly change?: <T>(message: T) => T;
    /** Its part in a fleet with a store; default: none. */
    readonly store?: Partial<FleetInfo>;
  } = {},
): FleetServer {
  const { daemon = daemonOf(lb), change = (message) => message, store = { store: "off" } } =
    options;
  const client = {
    async *fingerprints(request: Partial<GetFingerprintsRequest> = {}) {
      for (const page of await pagesOf(daemon, request)) yield change(page);
    },
    call(method: string) {
      if (method === "GetFleet") return Promise.resolve(change(create(FleetInfo, store)));
      const { snapshot } = lb;
      const backends = [...snapshot.backends.values()].map((backend): BackendInfo =>
        change(backendInfo(backend, {
          snapshot,
          transitions: false,
          blind: undefined,
          drain: undefined,
          clock: new FakeClock(),
        }))
      );
      return Promise.resolve({ backendNames: backends.map(({ name }) => name), backends });
    },
  } as unknown as MaglevClient;
  return {
    name: lb.lb,
    endpoint: { server: `${lb.lb}:9090`, tls: false, token: false, timeoutMs: 10_000 },
    ask: (call) => call(client),
  };
}

/** A server whose calls fail. */
export function failingServer(lb: string, error: MaglevError): FleetServer {
  return {
    name: lb,
    endpoint: { server: `${lb}:9090`, tls: false, token: false, timeoutMs: 10_000 },
    ask: () => Promise.reject(error),
  };
}
