/**
 * The thread that reads one configuration: parsing a file of 10,000 servers takes seconds, in which
 * the main thread has verdicts to act on. Started, asked and ended by config_in_worker.ts.
 */
import { readConfig } from "./config.ts";

/** What it is asked. */
export interface ReadRequest {
  readonly path: string;
  readonly vppApiAddr: string;
}

self.onmessage = async ({ data }: MessageEvent<ReadRequest>) => {
  self.postMessage(await readConfig(data.path, { vppApiAddr: data.vppApiAddr }));
};
