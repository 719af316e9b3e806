/**
 * Reads how a maglevd and its VPP are: every 5 s, which also shows that it still answers, and when
 * something happened. Compares the configuration file on disk once a minute.
 */
import { MaglevError } from "../../../base/errors.ts";
import type { Clock } from "../../../base/ports.ts";
import type { VppStatus } from "../../protocol.ts";
import { vppInfoOf, vppStateOf } from "../model/convert.ts";
import type { MaglevdModel } from "../model/maglevd_model.ts";
import { configOnDisk, statusPart, versionPart, withStatus } from "../model/status.ts";
import { ANSWER_MS, type Connection, LIST_MS } from "./connection.ts";
import { Periodic } from "./periodic.ts";
import { Throttle } from "./throttle.ts";

const ALIVE_MS = 5000;
const STATUS_MS = 250;
const CONFIG_MS = 60_000;
const CONFIG_LEAST_MS = 5000;

export interface StatusReaderOptions {
  readonly connection: Connection;
  readonly model: MaglevdModel;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** It does not answer. */
  readonly onError: (error: MaglevError) => void;
  /** VPP has connected. */
  readonly onVpp: () => void;
  /** It was read. */
  readonly onRead: () => void;
}

export class StatusReader {
  readonly #options: StatusReaderOptions;
  readonly #status: Throttle;
  readonly #config: Throttle;
  readonly #timers: readonly Periodic[];
  /** VPP's own description, and the connection that it is of. */
  #info: { readonly sinceMs: number | undefined; readonly part: Partial<VppStatus> } | undefined;

  constructor(options: StatusReaderOptions) {
    this.#options = options;
    const { clock } = options;
    this.#status = new Throttle({
      clock,
      everyMs: () => STATUS_MS,
      work: () => this.#readStatus(),
    });
    this.#config = new Throttle({
      clock,
      everyMs: () => CONFIG_LEAST_MS,
      rest: 20,
      work: () => this.#readConfig(),
    });
    this.#timers = [
      new Periodic(clock, ALIVE_MS, () => this.#status.want()),
      new Periodic(clock, CONFIG_MS, () => this.#config.want()),
    ];
  }

  /** Who answers, and how it is, for the first time. Rejects with MaglevError. */
  async first(): Promise<void> {
    const { connection, model, signal } = this.#options;
    const version = await connection.call("GetVersion", {}, { deadlineMs: ANSWER_MS, signal });
    const info = await connection.call("GetStatus", {}, { deadlineMs: ANSWER_MS, signal });
    const { role: _, ...status } = model.status;
    model.setStatus({ ...withStatus(status, statusPart(info)), ...versionPart(version) });
    await this.#putVpp(vppStateOf(info));
  }

  /** Something happened to it. */
  want(): void {
    this.#status.want();
  }

  /** The configuration in force, or the file, may be another one. */
  wantConfig(): void {
    this.#config.want();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.stop();
    await Promise.all([this.#status.stop(), this.#config.stop()]);
  }

  async #readStatus(): Promise<void> {
    const { connection, model, signal, onError } = this.#options;
    try {
      const info = await connection.call("GetStatus", {}, { deadlineMs: ANSWER_MS, signal });
      if (signal.aborted) return;
      const { config_hash } = model.status;
      model.setStatus(withStatus(model.status, statusPart(info)));
      if (model.status.config_hash !== config_hash) this.wantConfig();
      await this.#putVpp(vppStateOf(info));
      if (!signal.aborted) this.#options.onRead();
    } catch (error) {
      if (!signal.aborted) onError(MaglevError.from(error));
    }
  }

  async #putVpp(vpp: VppStatus): Promise<void> {
    const { model, onVpp } = this.#options;
    const wasConnected = model.vpp.state === "connected";
    if (vpp.state === "connected") await this.#readInfo(vpp.since_ms);
    else this.#info = undefined;
    model.setVpp({ ...vpp, ...this.#info?.part });
    if (vpp.state === "connected" && !wasConnected) onVpp();
  }

  /** VPP's description changes only with its connection. It may go away meanwhile. */
  async #readInfo(sinceMs: number | undefined): Promise<void> {
    if (this.#info !== undefined && this.#info.sinceMs === sinceMs) return;
    const { connection, signal } = this.#options;
    this.#info = undefined;
    try {
      const info = await connection.call("GetVPPInfo", {}, { deadlineMs: ANSWER_MS, signal });
      this.#info = { sinceMs, part: vppInfoOf(info) };
    } catch (error) {
      if (MaglevError.from(error).code !== "unavailable") throw error;
    }
  }

  /** Only operators may ask; an older maglevd does not have the hash. */
  async #readConfig(): Promise<void> {
    const { connection, model, signal } = this.#options;
    if (model.status.role !== "operator") return;
    try {
      const checked = await connection.call("CheckConfig", {}, { deadlineMs: LIST_MS, signal });
      if (signal.aborted) return;
      const { config_on_disk: _, ...status } = model.status;
      const config_on_disk = configOnDisk(checked, status.config_hash);
      model.setStatus(config_on_disk === undefined ? status : { ...status, config_on_disk });
    } catch {
      // It is not known then; whether maglevd answers at all is the status's matter.
      const { config_on_disk: _, ...status } = model.status;
      if (!signal.aborted) model.setStatus(status);
    }
  }
}
