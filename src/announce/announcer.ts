/**
 * Keeps the file of announced prefixes in line with the frontends. The routing daemon reads the
 * file; this program runs nothing.
 *
 * The file found at the start is left as it is until all frontends are known, because a restart of
 * maglevd must not move routes.
 */
import { orLate } from "../async/deadline.ts";
import type { Clock, Logger, Timer } from "../base/ports.ts";
import { MaglevError } from "../base/errors.ts";
import { earliest, later, type MonotonicMs, NEVER_MS } from "../base/instant.ts";
import type { AnnounceFileConfig } from "../config/model.ts";
import { permissionText } from "../base/permission.ts";
import { ReplacedFile } from "../system/replaced_file.ts";
import { type FolderIo, StateFile } from "../system/state_file.ts";
import { announcedOf, type Border, frozen, judge, type Standings } from "./border.ts";
import { announcedIn, announceText } from "./file_text.ts";

/** The rest of the daemon, at the present instant. */
export interface AnnounceSource {
  /** Undefined: nothing is announced, and no file is written. */
  settings(): AnnounceFileConfig | undefined;
  /** The frontends with `announce`. */
  borders(): readonly Border[];
  /** When servers and VPP count as known, at the latest. */
  knownByMs(): MonotonicMs;
  /** True while VPP is on and cannot be reached, or was not programmed since. */
  vppAway(): boolean;
  /** True while an operator keeps all prefixes withdrawn. */
  isLameduck(): boolean;
}

export interface AnnouncerOptions {
  readonly source: AnnounceSource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly folder: (path: string) => FolderIo;
}

/** How long VPP may be away before `on-vpp-away: withdraw` withdraws, in milliseconds. */
export const VPP_AWAY_MS = 5000;

/** How long the file found may take to be read, and the file before it to be closed. */
export const OPEN_DEADLINE_MS = 5000;
/** Time in which the process is stopped counts as one such part at most. */
const OPEN_PART_MS = 500;

const MAX_BYTES = 4 << 20;

/** The file in use. */
interface Open {
  readonly settings: AnnounceFileConfig;
  readonly file: ReplacedFile;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  #open: Open | undefined;
  /** Files that are not in use any longer, and whose last write has not ended. */
  readonly #closing = new Set<Open>();
  #standings: Standings = new Map();
  /** Latched: the first decision does not wait again. */
  #known = false;
  /** Prefixes in the file found. */
  #found: ReadonlySet<string> = new Set();
  /** Frontend → its prefix is announced. */
  #announced = new Map<string, boolean>();
  /** Frontend → its prefix. */
  #prefixes = new Map<string, string>();
  #awaySinceMs: MonotonicMs | undefined;
  #timer: Timer | undefined;
  #phase: "idle" | "opening" | "running" | "stopped" = "idle";
  readonly #stopping = new AbortController();
  /** The end of #reopen(). */
  #opened: Promise<void> | undefined;
  /** The update that is due at the end of the turn. */
  #soon: Promise<void> | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** True when the prefix of a frontend is announced; undefined: it has no `announce`. */
  announced(frontend: string): boolean | undefined {
    return this.#announced.get(frontend);
  }

  /** True while the file could not be written as it should be; undefined: there is no file. */
  get stale(): boolean | undefined {
    return this.#open?.file.stale;
  }

  /** Why routers may follow something else than what is wanted; empty: the file is right. */
  get problem(): string {
    // A write under way is not one: each change has it, and its end is not an event.
    const failure = this.#open?.file.failure;
    if (this.#open === undefined || failure === undefined) return "";
    return `${this.#open.settings.file} is not written (${failure}): routers follow what it has`;
  }

  /** When the file is as the last update made it, also one that is due; undefined: it is already. */
  get written(): Promise<void> | undefined {
    if (this.#soon !== undefined) return this.#soon.then(() => this.written);
    return this.#phase === "opening" ? this.#opened : this.#open?.file.writing;
  }

  /** Reads the file found, then follows the frontends. */
  start(): void {
    if (this.#phase === "idle") this.#reopen();
  }

  /** Decides and begins to write before it returns. */
  update(): void {
    if (this.#phase !== "running") return;
    const { source, clock } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    const settings = source.settings();
    if (settings?.file !== this.#open?.settings.file) return this.#reopen();
    if (settings === undefined || this.#open === undefined) return;
    this.#open = { ...this.#open, settings };
    const nowMs = clock.monotonicMs();
    // Read once: some configurations have thousands of frontends.
    const borders = source.borders();
    const wakeAtMs = earliest(this.#followVpp(settings, nowMs), this.#judge(borders, nowMs));
    this.#write(borders, nowMs);
    if (wakeAtMs === NEVER_MS) return;
    this.#timer = clock.after(Math.max(0, wakeAtMs - nowMs), () => this.update());
  }

  /** Decides at the end of the present turn; many calls in a turn are one. */
  updateSoon(): void {
    if (this.#phase !== "running") return;
    this.#soon ??= Promise.resolve().then(() => {
      this.#soon = undefined;
      this.update();
    });
  }

  /** Withdraws where that is configured, and waits for the file. Idempotent. */
  async stop(): Promise<void> {
    if (this.#phase === "stopped") return;
    this.#phase = "stopped";
    this.#timer?.cancel();
    // A file that is still read is not waited for: what it has does not matter any longer.
    this.#stopping.abort();
    await this.#opened;
    if (this.#open === undefined) return;
    const { settings: { onStop, format }, file } = this.#open;
    if (onStop === "withdraw") file.set(announceText(format, []));
    await file.close();
  }

  /** When `on-vpp-away` will withdraw. */
  #followVpp({ onVppAway }: AnnounceFileConfig, nowMs: MonotonicMs): MonotonicMs {
    this.#awaySinceMs = this.#options.source.vppAway() ? this.#awaySinceMs ?? nowMs : undefined;
    if (this.#awaySinceMs === undefined || onVppAway === "keep") return NEVER_MS;
    const dueMs = later(this.#awaySinceMs, VPP_AWAY_MS);
    return nowMs < dueMs ? dueMs : NEVER_MS;
  }

  /** Decides on each prefix; when time alone may change that. */
  #judge(borders: readonly Border[], nowMs: MonotonicMs): MonotonicMs {
    const { source } = this.#options;
    if (this.#awaySinceMs !== undefined) {
      this.#standings = frozen(this.#standings, borders);
      return NEVER_MS;
    }
    const byMs = this.#known ? nowMs : source.knownByMs();
    if (nowMs < byMs) return byMs;
    this.#known = true;
    const { standings, wakeAtMs } = judge(this.#standings, borders, nowMs);
    this.#standings = standings;
    return wakeAtMs;
  }

  #write(borders: readonly Border[], nowMs: MonotonicMs): void {
    const { source } = this.#options;
    const { settings, file } = this.#open!;
    const isAway = this.#awaySinceMs !== undefined &&
      nowMs >= later(this.#awaySinceMs, VPP_AWAY_MS);
    const cause = source.isLameduck()
      ? "lameduck"
      : settings.onVppAway === "withdraw" && isAway
      ? "VPP is away"
      : undefined;
    if (!this.#known && cause === undefined) return;
    const prefixes = cause === undefined ? announcedOf(this.#standings) : [];
    file.set(announceText(settings.format, prefixes));
    this.#report(borders, { prefixes: new Set(prefixes), cause });
  }

  /** Logs each frontend whose prefix changed sides. */
  #report(
    borders: readonly Border[],
    { prefixes, cause }: {
      readonly prefixes: ReadonlySet<string>;
      readonly cause: string | undefined;
    },
  ): void {
    const { logger } = this.#options;
    const before = this.#announced;
    this.#announced = new Map();
    const prefixOf = this.#prefixes;
    this.#prefixes = new Map();
    for (const { frontend, prefix, serving, minUp } of borders) {
      const announced = prefixes.has(prefix);
      this.#announced.set(frontend, announced);
      this.#prefixes.set(frontend, prefix);
      if ((before.get(frontend) ?? this.#found.has(prefix)) === announced) continue;
      const message = `${serving} of at least ${minUp} servers have weight`;
      if (announced) logger.info("frontend-announced", { frontend, prefix, message });
      else logger.warn("frontend-withdrawn", { frontend, prefix, message: cause ?? message });
    }
    for (const [frontend, announced] of before) {
      if (!announced || this.#announced.has(frontend)) continue;
      const prefix = prefixOf.get(frontend);
      logger.warn("frontend-withdrawn", { frontend, prefix, message: "the frontend is removed" });
    }
  }

  /**
   * Changes to the configured file: closes the old one, and reads what the new one has. What is
   * announced stays so in the new file.
   */
  #reopen(): void {
    this.#phase = "opening";
    const settings = this.#options.source.settings();
    if (settings === undefined) {
      // Without the section nothing is announced after a reload; another file leaves the old one.
      this.#open?.file.set(announceText(this.#open.settings.format, []));
      this.#standings = new Map();
      this.#announced = new Map();
    }
    const old = this.#open;
    this.#open = undefined;
    // A write that hangs may replace what is read now.
    const isSettled = ![...this.#closing].some((one) => one.settings.file === settings?.file);
    const closed = old && this.#inTime(this.#close(old), old.settings, "writing");
    const found = settings && this.#inTime(this.#readFound(settings), settings, "reading");
    this.#opened = Promise.all([closed, found]).then(async ([, text]) => {
      if (settings !== undefined) this.#take(settings, { text, isSettled });
      if (this.#phase === "stopped") return;
      this.#phase = "running";
      this.update();
      await this.written;
    });
  }

  /** Waits for the last write. The same file may be in use again when it ends at last. */
  async #close(old: Open): Promise<void> {
    this.#closing.add(old);
    await old.file.close();
    this.#closing.delete(old);
    if (this.#open?.settings.file === old.settings.file) this.#open.file.overwritten();
  }

  #take(
    settings: AnnounceFileConfig,
    { text, isSettled }: { readonly text: string | undefined; readonly isSettled: boolean },
  ): void {
    const { clock, logger } = this.#options;
    const found = announcedIn(text ?? "");
    this.#found = new Set(found);
    // Announced so far, and above the border only since this program can tell.
    const standing = { announced: true, aboveSinceMs: undefined };
    this.#standings = new Map([
      ...found.map((prefix) => [prefix, standing] as const),
      ...this.#standings,
    ]);
    const { file } = settings;
    const stateFile = this.#fileAt(file);
    const onFailure = (reason: string | undefined) => {
      if (reason === undefined) logger.info("announce-written", { file });
      else logger.error("announce-failed", { file, err: reason });
    };
    const write = (content: string) => stateFile.write(new TextEncoder().encode(content));
    const known = isSettled ? text : undefined;
    this.#open = { settings, file: new ReplacedFile({ write, clock, onFailure }, known) };
  }

  /** The result of the work on a file; undefined when it takes too long, or is not waited for. */
  #inTime<T>(
    work: Promise<T>,
    { file }: AnnounceFileConfig,
    action: string,
  ): Promise<T | undefined> {
    const { clock, logger } = this.#options;
    return orLate(work, {
      clock,
      deadlineMs: OPEN_DEADLINE_MS,
      partMs: OPEN_PART_MS,
      signal: this.#stopping.signal,
      late(cause) {
        const err = `${action} it took longer than ${OPEN_DEADLINE_MS / 1000} s`;
        if (cause === "deadline") logger.warn("announce-failed", { file, err });
        return undefined;
      },
    });
  }

  /** The file's text; undefined when it is missing or cannot be read. */
  async #readFound({ file }: AnnounceFileConfig): Promise<string | undefined> {
    try {
      const bytes = await this.#fileAt(file).read();
      return bytes && new TextDecoder().decode(bytes);
    } catch (error) {
      const err = permissionText(error) ?? MaglevError.from(error).message;
      this.#options.logger.warn("announce-failed", { file, err });
      return undefined;
    }
  }

  #fileAt(path: string): StateFile {
    const slash = path.lastIndexOf("/");
    const io = this.#options.folder(path.slice(0, slash) || "/");
    return new StateFile({ io, name: path.slice(slash + 1), maxBytes: MAX_BYTES, maxKept: 0 });
  }
}
