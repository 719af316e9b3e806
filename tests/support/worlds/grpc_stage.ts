/** A stage with a running maglevd and an independent client of its gRPC. */
import type { Daemon } from "../servers/daemon.ts";
import {
  GrpcClient,
  type Json,
  missingForGrpcClient,
  part,
  type Target,
} from "../judges/grpc_client.ts";
import { onStage, type Stage } from "./stage.ts";

/** The servers of the stage: b0, b1, b2. */
export const SERVERS = ["127.0.42.1", "127.0.42.2", "127.0.42.3"];

/** web: b0 and b1, in reserve b2. api: b1. */
export const FRONTENDS = {
  web: {
    address: "192.0.2.1",
    pools: { main: { b0: 100, b1: 50 }, spare: { b2: 70 } },
    extra: 'description: "The web"',
  },
  api: { address: "192.0.2.2", port: 443, pools: { main: { b1: 100 } } },
};

export interface GrpcStage extends Stage {
  readonly daemon: Daemon;
  readonly client: GrpcClient;
  /** `127.0.0.1:12345`. */
  readonly address: string;
}

export interface GrpcStageOptions {
  readonly grpcAddr?: string;
  readonly flags?: string[];
  readonly files?: string[];
  readonly logLevel?: "debug" | "info";
  readonly vppApiAddr?: string;
  readonly metricsAddr?: string;
  /** `startup-min-delay` and `startup-max-delay`; default 0s. */
  readonly warmUp?: string;
  /** How the client connects; default plainly. */
  readonly target?: Partial<Target>;
}

/** Where the daemon listens, by its log. */
export async function grpcAddress(daemon: Daemon): Promise<string> {
  const line = await daemon.seen(({ msg }) => msg === "grpc-listen");
  return String(line.address);
}

/** Runs `fn` when every backend is up. */
export async function onGrpcStage(
  options: GrpcStageOptions,
  fn: (stage: GrpcStage) => Promise<void>,
): Promise<void> {
  await onStage(SERVERS, async (stage) => {
    const { target, warmUp, grpcAddr = "127.0.0.1:0", ...rest } = options;
    await stage.configure(FRONTENDS, warmUp === undefined ? {} : { warmUp });
    const daemon = stage.start({ grpcAddr, ...rest });
    const address = await grpcAddress(daemon);
    for (const name of ["b0", "b1", "b2"]) await daemon.transition(name, "up");
    await using client = await GrpcClient.start({ target: address, ...target });
    await fn({ ...stage, daemon, client, address });
  });
}

/** A test with an external client, skipped with the reason where it is missing. */
export function grpcTest(name: string, fn: () => Promise<void>): void {
  const missing = missingForGrpcClient();
  const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
  Deno.test({ name: name + reason, ignore: missing !== undefined, fn });
}

/**
 * Log records of operators' actions, without fields that differ in each run, once there are
 * `count`: the reply to a call may arrive before its record.
 */
export async function actionsSeen(
  daemon: Daemon,
  count: number,
): Promise<Record<string, unknown>[]> {
  if (actionsOf(daemon).length < count) {
    await daemon.seen(() => actionsOf(daemon).length >= count);
  }
  return actionsOf(daemon);
}

/** Those that were read up to now. */
export function actionsOf(daemon: Daemon): Record<string, unknown>[] {
  return daemon.lines.filter(({ msg }) => msg === "operator-action").map((line) => {
    const { time: _, level: _level, msg: _msg, peer: _peer, ...rest } = line;
    return rest;
  });
}

/** The texts at `path` of every element of a list in a message. */
export function texts(message: Json | undefined, list: string, ...path: string[]): string[] {
  const items = part(message, list);
  return Array.isArray(items) ? items.map((item) => String(part(item, ...path))) : [];
}
