/**
 * A certificate and its key in files: read and judged together, so that a bad one is an error with
 * its name, and not a line for each handshake. Certificate and key may stand in one file.
 */
import type { Clock, Timer } from "../../base/ports.ts";
import { MaglevError } from "../../base/errors.ts";
import { fileProblem, readRegularText } from "../read_file.ts";
import { type KeyPair, keyPairOf, type PemFile } from "../../base/tls/key_pair.ts";

/** Paths. */
export interface KeyPairPaths {
  readonly cert: string;
  readonly key: string;
}

/** Most of a file that is read. */
const MAX_BYTES = 1024 * 1024;

/** Reads a file of PEM. @throws {MaglevError} `failed-precondition`, with the path */
export async function readPem(path: string): Promise<PemFile> {
  try {
    return { path, text: await readRegularText(path, { maxBytes: MAX_BYTES }) };
  } catch (error) {
    const reason = fileProblem(error);
    throw new MaglevError("failed-precondition", `cannot use ${path}: ${reason}`, { path });
  }
}

/** Reads the pair and judges it. @throws {MaglevError} `failed-precondition` */
export async function readKeyPair({ cert, key }: KeyPairPaths): Promise<KeyPair> {
  return keyPairOf(await readPem(cert), await readPem(key));
}

/** How often the files are read, in milliseconds. */
export const WATCH_INTERVAL_MS = 10_000;

export interface KeyPairWatchOptions {
  readonly paths: KeyPairPaths;
  /** The pair that is in use. */
  readonly current: KeyPair;
  readonly clock: Clock;
  /**
   * Takes a new pair that fits together. What it throws is reported like a pair that does not fit,
   * and the pair is offered again at the next look.
   */
  readonly renewed: (pair: KeyPair) => void;
  /** The files hold no usable pair; called once for each different reason in a row. */
  readonly refused: (error: MaglevError) => void;
}

/**
 * Reads the files every WATCH_INTERVAL_MS. A renewal writes two files, one after the other: in
 * between they do not fit, and the old pair stays in use. Contents are compared, not times, because
 * a file may be replaced by a link or by one with an older time.
 */
export class KeyPairWatch {
  readonly #options: KeyPairWatchOptions;
  #current: KeyPair;
  #lastReason: string | undefined;
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: KeyPairWatchOptions) {
    this.#options = options;
    this.#current = options.current;
  }

  start(): void {
    this.#timer = this.#options.clock.after(WATCH_INTERVAL_MS, () => {
      this.#looking = this.#look().then(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  /** Resolves when a look that is under way has ended. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      const pair = await readKeyPair(this.#options.paths);
      if (this.#stopped) return;
      if (pair.cert !== this.#current.cert || pair.key !== this.#current.key) {
        this.#options.renewed(pair);
        this.#current = pair;
      }
      this.#lastReason = undefined;
    } catch (error) {
      const known = MaglevError.from(error, "failed-precondition");
      if (this.#stopped || known.message === this.#lastReason) return;
      this.#lastReason = known.message;
      this.#options.refused(known);
    }
  }
}
