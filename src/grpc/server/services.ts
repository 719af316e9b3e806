/** Assigns a handler to every method, and registers them with the library. */
import { asBuffer } from "../calls/buffer.ts";
import type { Buffer } from "node:buffer";
import type * as grpc from "@grpc/grpc-js";
import { invariant } from "../../base/assert.ts";
import {
  action,
  type ActionHandler,
  type CallEnvironment,
  type Handler,
  type Parsed,
  parser,
  type StreamHandler,
  unary,
} from "../calls/calls.ts";
import * as backend from "../handlers/backend.ts";
import * as config from "../handlers/config.ts";
import * as explain from "../handlers/diagnosis/explain.ts";
import * as fleet from "../handlers/fleet/fleet.ts";
import * as rollout from "../handlers/fleet/rollout.ts";
import * as frontend from "../handlers/frontend.ts";
import * as healthcheck from "../handlers/healthcheck.ts";
import { getFingerprints } from "../handlers/diagnosis/fingerprints.ts";
import { listHistory } from "../handlers/diagnosis/history.ts";
import * as intent from "../handlers/intent.ts";
import { LbStateReader } from "../handlers/lb_state_reader.ts";
import { getStatus } from "../handlers/status.ts";
import { getVersion } from "../handlers/version.ts";
import * as vpp from "../handlers/vpp.ts";
import { watchEvents } from "../handlers/watch.ts";
import type { HealthService } from "./health.ts";
import { METHODS, type ServedMethod } from "../calls/methods.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";
import { setLameduck } from "../handlers/intent.ts";
import { encode } from "../messages/codec.ts";
import { Maglev } from "../messages/maglev.ts";
import type { MethodInfo } from "../messages/methods.ts";
import { Health, ServerReflection, ServerReflectionAlpha } from "../messages/standard.ts";
import { bidiStream, serverStream } from "../calls/stream_calls.ts";
import { reflect } from "./reflection.ts";

/** Parts of the server that the services use. */
export interface ServiceOptions {
  readonly daemon: DaemonApi;
  readonly health: HealthService;
  readonly reflection: boolean;
  readonly environment: CallEnvironment;
}

/** Registers everything with `server`. */
export function addServices(server: grpc.Server, options: ServiceOptions): void {
  const { daemon, health, reflection, environment } = options;
  const served = new Registrar(server, environment);
  served.unary(Maglev.GetVersion, getVersion(daemon));
  served.unary(Maglev.GetStatus, getStatus(daemon));
  served.unary(Maglev.ListFrontends, frontend.listFrontends(daemon));
  served.unary(Maglev.GetFrontend, frontend.getFrontend(daemon));
  served.unary(Maglev.ListBackends, backend.listBackends(daemon));
  served.unary(Maglev.GetBackend, backend.getBackend(daemon));
  served.unary(Maglev.ListHealthChecks, healthcheck.listHealthChecks(daemon));
  served.unary(Maglev.GetHealthCheck, healthcheck.getHealthCheck(daemon));
  served.action(Maglev.PauseBackend, backend.actOnBackend("pause", daemon));
  served.action(Maglev.ResumeBackend, backend.actOnBackend("resume", daemon));
  served.action(Maglev.EnableBackend, backend.actOnBackend("enable", daemon));
  served.action(Maglev.DisableBackend, backend.actOnBackend("disable", daemon));
  served.action(Maglev.ClearBackend, backend.clearBackend(daemon));
  served.action(Maglev.DrainBackend, backend.drainBackend(daemon));
  served.action(Maglev.SetLameduck, setLameduck(daemon));
  served.action(Maglev.SetFrontendPoolBackendWeight, frontend.setWeight(daemon));
  served.unary(Maglev.ListIntents, intent.listIntents(daemon));
  served.action(Maglev.CancelIntent, intent.cancelIntent(daemon));
  served.unary(Maglev.GetFleet, fleet.getFleet(daemon));
  served.action(Maglev.AdoptIntent, fleet.adoptIntent(daemon));
  served.action(Maglev.RestoreFleet, fleet.restoreFleet(daemon));
  served.action(Maglev.ForgetFleet, fleet.forgetFleet(daemon));
  served.action(Maglev.StartRollout, rollout.beginRollout(daemon));
  served.action(Maglev.StepRollout, rollout.stepRollout(daemon));
  served.stream(Maglev.WatchEvents, watchEvents(daemon));
  served.unary(Maglev.CheckConfig, config.checkConfig(daemon));
  served.action(Maglev.ReloadConfig, config.reloadConfig(daemon));
  served.unary(Maglev.PlanConfig, config.planConfig(daemon));
  served.unary(Maglev.PlanBackend, config.planBackend(daemon));
  const reader = new LbStateReader(daemon);
  served.unary(Maglev.ExplainBackend, explain.explainBackend(daemon, reader));
  served.unary(Maglev.ExplainFrontend, explain.explainFrontend(daemon, reader));
  served.unary(Maglev.ListHistory, listHistory(daemon));
  served.stream(Maglev.GetFingerprints, getFingerprints(daemon, reader));
  served.unary(Maglev.GetVPPInfo, vpp.getVppInfo(daemon));
  served.unary(Maglev.GetVPPLBState, vpp.getVppLbState(daemon, reader));
  served.action(Maglev.SyncVPPLBState, vpp.syncVppLbState(daemon));
  served.unary(Maglev.GetVPPLBCounters, vpp.getVppLbCounters(daemon));
  served.unary(Health.Check, health.check);
  served.unary(Health.List, health.list);
  served.stream(Health.Watch, health.watch);
  if (reflection) {
    served.bidi(ServerReflection.ServerReflectionInfo, reflect);
    served.bidi(ServerReflectionAlpha.ServerReflectionInfo, reflect);
  }
  const forgotten = Object.values(Maglev).filter(({ path }) => !served.paths.has(path));
  invariant(forgotten.length === 0, `methods without handlers: ${forgotten.map((m) => m.name)}`);
}

/** Registers methods with their handlers, by the table of methods. */
class Registrar {
  readonly paths = new Set<string>();
  readonly #server: grpc.Server;
  readonly #environment: CallEnvironment;

  constructor(server: grpc.Server, environment: CallEnvironment) {
    this.#server = server;
    this.#environment = environment;
  }

  unary<Req, Res>(info: MethodInfo<Req, Res>, handler: Handler<Req, Res>): void {
    this.#add(info, unary(served(info), handler, this.#environment));
  }

  action<Req, Res>(info: MethodInfo<Req, Res>, handler: ActionHandler<Req, Res>): void {
    const method = served(info);
    invariant(
      method.changes,
      `${info.name} is an action, but the table of methods has it as a read`,
    );
    this.#add(info, action(method, handler, this.#environment));
  }

  stream<Req, Res>(info: MethodInfo<Req, Res>, handler: StreamHandler<Req>): void {
    this.#add(info, serverStream(served(info), handler, this.#environment));
  }

  bidi<Req, Res>(info: MethodInfo<Req, Res>, handler: (request: Req) => Res): void {
    this.#add(info, bidiStream(served(info), handler, this.#environment));
  }

  #add<Req, Res>(info: MethodInfo<Req, Res>, handler: grpc.UntypedHandleCall): void {
    const { name, path, request, requestStream, responseStream } = info;
    this.paths.add(path);
    const definition: grpc.MethodDefinition<Parsed<Req>, Buffer> = {
      path,
      requestStream,
      responseStream,
      requestSerialize: (parsed) => {
        invariant(parsed.ok, "a server writes no requests");
        return asBuffer(encode(request, parsed.message));
      },
      // Handlers receive valid and invalid requests, and return bytes: an event for a hundred
      // watchers is encoded once.
      requestDeserialize: parser(info),
      responseSerialize: (bytes) => bytes,
      responseDeserialize: (bytes) => bytes,
    };
    this.#server.addService({ [name]: definition }, { [name]: handler });
  }
}

function served<Req, Res>(
  info: MethodInfo<Req, Res>,
): ServedMethod & { readonly info: MethodInfo<Req, Res> } {
  const method = METHODS.get(info.path);
  invariant(method !== undefined, `${info.path} is not in the table of methods`);
  return { ...method, info };
}
