/**
 * Keeps the service manager informed: started, reloading, stopping, and one line of status that
 * `systemctl status` shows. The start never waits for VPP or the end of the warm-up: with VPP away
 * the unit would be restarted in a loop, and probes would begin from nothing each time.
 */
import type { Clock, Logger, Timer } from "../base/ports.ts";
import type { ServiceManager } from "../system/service_manager.ts";
import type { Readiness, ReadinessSource } from "./readiness.ts";

/** How often the status is compared with the one that was sent. */
const INTERVAL_MS = 1000;
/** Longest status; systemd cuts a longer one. */
const MAX_STATUS = 200;
/** `systemctl reload` has ended by then, with success: it only sends the signal. */
const REFUSED = "the last reload was refused (see config-error in the log); ";

export interface ServiceStatusOptions {
  readonly manager: ServiceManager;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The daemon as the service manager sees it. */
export class ServiceStatus {
  readonly #options: ServiceStatusOptions;
  #source: ReadinessSource | undefined;
  #timer: Timer | undefined;
  /** Line that was not sent, because the service manager was busy. */
  #unsent: string | undefined;
  #sentStatus = "";
  /** True while the older configuration is in force, because the last reload was refused. */
  #refused = false;
  /** True when no service manager can be reached. */
  #off = false;

  constructor(options: ServiceStatusOptions) {
    this.#options = options;
  }

  /** The daemon serves; its status is sent at each change from now on. */
  started(source: ReadinessSource): void {
    this.#source = source;
    this.#send("READY=1");
    this.#schedule();
  }

  /** A reload has begun. */
  reloading(): void {
    this.#send("RELOADING=1");
  }

  /** The reload has ended; `ok`: the file is in force. */
  reloaded(ok: boolean): void {
    this.#refused = !ok;
    this.#send("READY=1");
  }

  /** Nothing is sent after this. */
  stopping(): void {
    this.#timer?.cancel();
    this.#send("STOPPING=1");
    this.#off = true;
  }

  #tick(): void {
    if (this.#unsent !== undefined || this.#status() !== this.#sentStatus) this.#send(this.#unsent);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#off) return;
    this.#timer = this.#options.clock.after(INTERVAL_MS, () => this.#tick());
  }

  #send(line: string | undefined): void {
    if (this.#off) return;
    const status = this.#status();
    const lines = [...line === undefined ? [] : [line], `STATUS=${status}`];
    const result = this.#options.manager.notify(...lines);
    this.#unsent = result === "busy" ? line : undefined;
    if (result === "sent") {
      this.#sentStatus = status;
    } else if (result !== "busy") {
      this.#off = true;
      if (result !== "none") this.#warn(result.problem);
    }
  }

  #status(): string {
    if (this.#source === undefined) return "starting";
    return `${this.#refused ? REFUSED : ""}${statusLine(this.#source.readiness())}`;
  }

  #warn(problem: string): void {
    const message = `cannot notify the service manager: ${problem}; the unit needs Type=notify`;
    this.#options.logger.warn("config-warning", { message });
  }
}

/** One line: "ready", or all that is missing. */
export function statusLine({ ready, reasons }: Readiness): string {
  if (ready) return "ready";
  // deno-lint-ignore no-control-regex
  const text = `not ready: ${reasons.join("; ")}`.replace(/[\x00-\x1f\x7f]+/g, " ");
  return text.length <= MAX_STATUS ? text : `${text.slice(0, MAX_STATUS - 1)}…`;
}
