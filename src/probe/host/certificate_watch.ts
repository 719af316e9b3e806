/**
 * Reports client certificates that expire while the daemon runs, once a day each. When a file is
 * read, at the start and at a reload, the configuration itself warns; so a certificate is reported
 * here only after its days left have changed.
 */
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import { clientCertificatesOf, validityProblem } from "../../config/client_certificates.ts";
import type { Config } from "../../config/model.ts";

/** Pause between two looks. */
export const LOOK_MS = 3_600_000;

const DAY_MS = 86_400_000;

export interface CertificateWatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The configuration in force. */
  readonly config: () => Pick<Config, "healthchecks">;
}

export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  /** Whole days left at the last look, by file and end; negative after the end. */
  #daysLeft: ReadonlyMap<string, number> = new Map();
  #timer: Timer | undefined;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#look();
    this.#timer = this.#options.clock.after(LOOK_MS, () => this.start());
  }

  /** Idempotent. */
  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { clock, logger, config } = this.#options;
    const nowMs = clock.wallMs();
    const daysLeft = new Map<string, number>();
    for (const client of clientCertificatesOf(config())) {
      const { certPath, validUntilMs } = client;
      const key = `${certPath} ${validUntilMs}`;
      const days = Math.floor((validUntilMs - nowMs) / DAY_MS);
      daysLeft.set(key, days);
      const before = this.#daysLeft.get(key);
      if (before === undefined || before === days) continue;
      const problem = validityProblem(client, nowMs);
      if (problem === undefined) continue;
      const record = {
        file: certPath,
        message: `a certificate in it ${problem}; renew it and reload`,
      };
      if (days < 0) logger.error("client-certificate-expires", record);
      else logger.warn("client-certificate-expires", record);
    }
    this.#daysLeft = daysLeft;
  }
}
