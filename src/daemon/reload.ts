/**
 * Reload on request: reads the file, and puts it in force only when nothing is wrong with it. One
 * reload at a time; requests during one make one more, however many they are.
 */
import type { Logger } from "../base/ports.ts";
import { configSize, readConfig, type Readout } from "./config.ts";
import type { DescriptorBudget } from "./engine.ts";
import type { Daemon } from "./wire.ts";

export interface ReloaderOptions {
  readonly path: string;
  readonly vppApiAddr: string;
  readonly daemon: Daemon;
  readonly logger: Logger;
  readonly descriptors: DescriptorBudget;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  #running = false;
  #again: string | undefined;
  #closed = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** Asks for a reload; `by` says who, for the log. */
  request(by: string): void {
    if (this.#closed) return;
    if (this.#running) {
      this.#again = by;
      return;
    }
    this.#running = true;
    this.#reload(by).finally(() => {
      this.#running = false;
      const again = this.#again;
      this.#again = undefined;
      if (again !== undefined) this.request(again);
    });
  }

  /** No reload begins or takes effect from now on. */
  close(): void {
    this.#closed = true;
  }

  async #reload(by: string): Promise<void> {
    const { path, vppApiAddr, daemon, logger, descriptors } = this.#options;
    const readout = await readConfig(path, { vppApiAddr });
    if (this.#closed) return;
    for (const { fields } of readout.warnings) logger.warn("config-warning", fields);
    const problem = readout.kind === "ok" ? descriptors.problem(readout.config) : undefined;
    if (readout.kind === "error" || problem !== undefined) {
      this.#refuse(by, readout, problem);
      return;
    }
    daemon.reload(readout.config);
    logger.info("config-reload", { file: path, by, ok: true, ...configSize(readout.config) });
  }

  #refuse(by: string, readout: Readout, problem: string | undefined): void {
    const { path, logger } = this.#options;
    const errors = readout.kind === "error"
      ? readout.errors.map(({ fields }) => fields)
      : [{ file: path, message: problem }];
    for (const fields of errors) logger.error("config-error", fields);
    logger.warn("config-reload", { file: path, by, ok: false, errors: errors.length });
  }
}
