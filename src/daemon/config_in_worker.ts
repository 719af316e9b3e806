/** Reads a configuration without blocking the main thread. */
import { MaglevError } from "../base/errors.ts";
import { type ConfigResult, readConfig } from "./config.ts";
import type { BackendConfig, Config, FrontendConfig } from "../config/model.ts";
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
  /** What the file is compared with; the result has its objects where both are equal. */
  readonly inForce?: InForce | undefined;
  /** Ends the reading: rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** A configuration, and the text that it was read from. */
export interface InForce {
  readonly config: Config;
  readonly text: Uint8Array<ArrayBuffer>;
}

/** readConfig(), in a worker unless the file is short. */
export async function readConfigInWorker(
  path: string,
  options: ReadOptions,
): Promise<ConfigResult> {
  const { vppApiAddr, size, signal, inForce } = options;
  signal.throwIfAborted();
  if (size <= SHORT_BYTES) return await readConfig(path, { vppApiAddr });
  const url = new URL("./config_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module", name: "config" });
  const send = (request: ReadRequest) => worker.postMessage(request);
  const done = Promise.withResolvers<ConfigResult>();
  const abort = () => done.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const parts = new Parts(inForce?.config);
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
  send({ kind: "read", path, vppApiAddr, inForce: inForce?.text });
  try {
    return await done.promise;
  } finally {
    signal.removeEventListener("abort", abort);
    worker.terminate();
  }
}

/** Puts a configuration together that comes in parts. */
class Parts {
  readonly #backends: SectionParts<BackendConfig>;
  readonly #frontends: SectionParts<FrontendConfig>;

  constructor(inForce: Config | undefined) {
    this.#backends = new SectionParts(inForce?.backends ?? new Map());
    this.#frontends = new SectionParts(inForce?.frontends ?? new Map());
  }

  add(reply: Exclude<ReadReply, { kind: "result" }>): void {
    if (reply.kind === "backends") this.#backends.add(reply.part);
    else if (reply.kind === "frontends") this.#frontends.add(reply.part);
    else if (reply.section === "backends") this.#backends.keepAll();
    else this.#frontends.keepAll();
  }

  complete(result: ConfigResult): ConfigResult {
    if (result.kind === "error") return result;
    const [backends, frontends] = [this.#backends.complete, this.#frontends.complete];
    return { ...result, config: { ...result.config, backends, frontends } };
  }
}

class SectionParts<T extends { readonly name: string }> {
  readonly #inForce: ReadonlyMap<string, T>;
  readonly #places: readonly T[];
  readonly #next = new Map<string, T>();
  #keepsAll = false;

  constructor(inForce: ReadonlyMap<string, T>) {
    this.#inForce = inForce;
    this.#places = [...inForce.values()];
  }

  add(part: readonly (T | number)[]): void {
    for (const each of part) {
      const value = typeof each === "number" ? this.#places[each]! : each;
      this.#next.set(value.name, value);
    }
  }

  keepAll(): void {
    this.#keepsAll = true;
  }

  get complete(): ReadonlyMap<string, T> {
    return this.#keepsAll ? this.#inForce : this.#next;
  }
}
