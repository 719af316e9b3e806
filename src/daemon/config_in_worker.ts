/** Reads a configuration without blocking the main thread. */
import { MaglevError } from "../base/errors.ts";
import { type ConfigResult, readConfig } from "./config.ts";
import type { ReadRequest } from "./config_worker.ts";

/**
 * Longest file that is read in the calling thread, in bytes. That takes some 30 ms; a worker takes
 * twice as long to start.
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
  const done = Promise.withResolvers<ConfigResult>();
  const abort = () => done.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  worker.onmessage = ({ data }: MessageEvent<ConfigResult>) => done.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    done.reject(new MaglevError("internal", `reading ${path} failed: ${event.message}`));
  };
  const request: ReadRequest = { path, vppApiAddr };
  worker.postMessage(request);
  try {
    return await done.promise;
  } finally {
    signal.removeEventListener("abort", abort);
    worker.terminate();
  }
}
