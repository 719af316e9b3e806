/**
 * The worker that reads one configuration. Reading a file of 10,000 servers takes 0.2 to 0.3 s, and
 * seconds when it is outside the common subset of YAML or has errors. Meanwhile the main thread has
 * to act on verdicts. Started and terminated by config_in_worker.ts.
 *
 * It also reads the text in force again, and returns only what differs. So the garbage of reading
 * and comparing is the worker's, and ends with it.
 */
import { finish } from "../async/steps.ts";
import { configOf } from "../config/load.ts";
import type { BackendConfig, Config, FrontendConfig } from "../config/model.ts";
import { reuseEqual } from "../config/reuse.ts";
import { type ConfigResult, readConfig } from "./config.ts";

/** Message to the worker: the file to read, then a request for each further reply. */
export type ReadRequest =
  | {
    readonly kind: "read";
    readonly path: string;
    readonly vppApiAddr: string;
    /** The text of the configuration in force. */
    readonly inForce: Uint8Array<ArrayBuffer> | undefined;
  }
  | { readonly kind: "more" };

/** Sections that come in parts. */
export type Section = "backends" | "frontends";

/**
 * Message from the worker. Backends and frontends come before the result, in parts and in the order
 * of the file; the configuration of the result is without them. One message with all of them would hold
 * the main thread up until it is copied, and so would messages that wait for it in a row.
 */
export type ReadReply =
  /** All of it is as in force. */
  | { readonly kind: "same"; readonly section: Section }
  /** A number stands for the definition that has this place, from 0, in the section in force. */
  | { readonly kind: "backends"; readonly part: readonly (BackendConfig | number)[] }
  | { readonly kind: "frontends"; readonly part: readonly (FrontendConfig | number)[] }
  | { readonly kind: "result"; readonly result: ConfigResult };

/** Backends of one message; copying them takes 1 to 3 ms. */
const BACKENDS = 1000;
/** Frontends of one message. */
const FRONTENDS = 100;

let replies: Iterator<ReadReply> | undefined;

self.onmessage = async ({ data }: MessageEvent<ReadRequest>) => {
  if (data.kind === "read") replies = inParts(await read(data));
  const next = replies?.next();
  if (next?.done !== false) return;
  const reply = next.value;
  const moved = reply.kind === "result" && reply.result.kind === "ok"
    ? [reply.result.text.buffer]
    : [];
  self.postMessage(reply, moved);
};

interface Reading {
  readonly result: ConfigResult;
  /** The configuration in force, whose objects stand for what is equal in `result`. */
  readonly inForce: Config | undefined;
}

async function read(
  { path, vppApiAddr, inForce }: ReadRequest & { readonly kind: "read" },
): Promise<Reading> {
  const result = await readConfig(path, { vppApiAddr });
  if (result.kind === "error" || inForce === undefined) return { result, inForce: undefined };
  if (isSameText(result.text, inForce)) return { result, inForce: result.config };
  const before = await configOf(inForce, { vpp: vppApiAddr !== "" });
  if (before === undefined) return { result, inForce: undefined };
  const config = finish(reuseEqual(result.config, before));
  return { result: { ...result, config }, inForce: before };
}

function isSameText(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function* inParts({ result, inForce }: Reading): Generator<ReadReply> {
  if (result.kind === "error") {
    yield { kind: "result", result };
    return;
  }
  const { config } = result;
  if (config.backends === inForce?.backends) yield { kind: "same", section: "backends" };
  else {
    for (const part of slices(placed(config.backends, inForce?.backends), BACKENDS)) {
      yield { kind: "backends", part };
    }
  }
  if (config.frontends === inForce?.frontends) yield { kind: "same", section: "frontends" };
  else {
    for (const part of slices(placed(config.frontends, inForce?.frontends), FRONTENDS)) {
      yield { kind: "frontends", part };
    }
  }
  const rest = { ...config, backends: new Map(), frontends: new Map() };
  yield { kind: "result", result: { ...result, config: rest } };
}

/** The definitions in order, with their place in force where they are the same object. */
function placed<T extends object>(
  next: ReadonlyMap<string, T>,
  inForce: ReadonlyMap<string, T> | undefined,
): readonly (T | number)[] {
  const places = new Map([...inForce?.values() ?? []].map((value, place) => [value, place]));
  return [...next.values()].map((value) => places.get(value) ?? value);
}

function* slices<T>(items: readonly T[], length: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += length) yield items.slice(at, at + length);
}
