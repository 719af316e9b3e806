/**
 * The worker that reads one configuration. Parsing a file of 10,000 servers takes seconds, in which
 * the main thread has to act on verdicts. Started and terminated by config_in_worker.ts.
 */
import { readConfig } from "./config.ts";

/** Message to the worker. */
export interface ReadRequest {
  readonly path: string;
  readonly vppApiAddr: string;
}

self.onmessage = async ({ data }: MessageEvent<ReadRequest>) => {
  self.postMessage(await readConfig(data.path, { vppApiAddr: data.vppApiAddr }));
};
