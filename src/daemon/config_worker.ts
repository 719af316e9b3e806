/**
 * The worker that reads one configuration. Reading a file of 10,000 servers takes 0.2 to 0.3 s, and
 * seconds when it is outside the common subset of YAML or has errors. Meanwhile the main thread has
 * to act on verdicts. Started and terminated by config_in_worker.ts.
 */
import type { BackendConfig, FrontendConfig } from "../config/model.ts";
import { type ConfigResult, readConfig } from "./config.ts";

/** Message to the worker: the file to read, then a request for each further reply. */
export type ReadRequest =
  | { readonly kind: "read"; readonly path: string; readonly vppApiAddr: string }
  | { readonly kind: "more" };

/**
 * Message from the worker. Backends and frontends come before the result, in parts and in the order
 * of the file; the configuration of the result is without them. One message with all of them would hold
 * the main thread up until it is copied, and so would messages that wait for it in a row.
 */
export type ReadReply =
  | { readonly kind: "backends"; readonly part: readonly BackendConfig[] }
  | { readonly kind: "frontends"; readonly part: readonly FrontendConfig[] }
  | { readonly kind: "result"; readonly result: ConfigResult };

/** Backends of one message; copying them takes 1 to 3 ms. */
const BACKENDS = 1000;
/** Frontends of one message. */
const FRONTENDS = 100;

let replies: Iterator<ReadReply> | undefined;

self.onmessage = async ({ data }: MessageEvent<ReadRequest>) => {
  if (data.kind === "read") {
    replies = inParts(await readConfig(data.path, { vppApiAddr: data.vppApiAddr }));
  }
  const next = replies?.next();
  if (next?.done === false) self.postMessage(next.value);
};

function* inParts(result: ConfigResult): Generator<ReadReply> {
  if (result.kind === "error") {
    yield { kind: "result", result };
    return;
  }
  const { config } = result;
  for (const part of slices([...config.backends.values()], BACKENDS)) {
    yield { kind: "backends", part };
  }
  for (const part of slices([...config.frontends.values()], FRONTENDS)) {
    yield { kind: "frontends", part };
  }
  const rest = { ...config, backends: new Map(), frontends: new Map() };
  yield { kind: "result", result: { ...result, config: rest } };
}

function* slices<T>(items: readonly T[], length: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += length) yield items.slice(at, at + length);
}
