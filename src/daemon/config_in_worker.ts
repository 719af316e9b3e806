/** Reads a configuration without blocking the main thread. */
import { MaglevError } from "../base/errors.ts";
import { type ConfigResult, readConfig } from "./config.ts";
import type { BackendConfig, FrontendConfig } from "../config/model.ts";
import type { ReadReply, ReadRequest } from "./config_worker.ts";

/**
 * Longest file that is read in the calling thread, in bytes. That takes 2 ms, and up to 30 ms when
 * the file is outside the common subset of YAML; a worker takes 60 ms to start.
 */
export const SHORT_BYTES = 16_384;

export interface ReadOptions {
  readonly vppApiAddr: string;
  /** Size of the file in bytes; 0: unknown. */
  readonly size: number;
  /** Ends the reading: rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** readConfig(), in a worker unless the file is short. */
export async function readConfigInWorker(
  path: string,
  options: ReadOptions,
): Promise<ConfigResult> {
  const { vppApiAddr, size, signal } = options;
  signal.throwIfAborted();
  if (size <= SHORT_BYTES) return await readConfig(path, { vppApiAddr });
  const url = new URL("./config_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module", name: "config" });
  const send = (request: ReadRequest) => worker.postMessage(request);
  const done = Promise.withResolvers<ConfigResult>();
  const abort = () => done.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const parts = new Parts();
  worker.onmessage = ({ data }: MessageEvent<ReadReply>) => {
    if (data.kind === "result") {
      done.resolve(parts.complete(data.result));
      return;
    }
    parts.add(data);
    send({ kind: "more" });
  };
  worker.onerror = (event) => {
    event.preventDefault();
    done.reject(new MaglevError("internal", `reading ${path} failed: ${event.message}`));
  };
  send({ kind: "read", path, vppApiAddr });
  try {
    return await done.promise;
  } finally {
    signal.removeEventListener("abort", abort);
    worker.terminate();
  }
}

/** Puts a configuration together that comes in parts. */
class Parts {
  readonly #backends = new Map<string, BackendConfig>();
  readonly #frontends = new Map<string, FrontendConfig>();

  add(reply: Exclude<ReadReply, { kind: "result" }>): void {
    if (reply.kind === "backends") {
      for (const each of reply.part) this.#backends.set(each.name, each);
    } else for (const each of reply.part) this.#frontends.set(each.name, each);
  }

  complete(result: ConfigResult): ConfigResult {
    if (result.kind === "error") return result;
    const config = { ...result.config, backends: this.#backends, frontends: this.#frontends };
    return { ...result, config };
  }
}
