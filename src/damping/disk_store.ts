/**
 * Keeps penalties in the state directory. The daemon starts and goes on with any fault of the disk:
 * without the file penalties begin at 0.
 */
import { orLate } from "../async/deadline.ts";
import { MaglevError } from "../base/errors.ts";
import { permissionText } from "../base/permission.ts";
import type { Clock, Logger, Timer } from "../base/ports.ts";
import { ReplacedFile } from "../system/replaced_file.ts";
import { type FolderIo, folderIo, StateFile } from "../system/state_file.ts";
import { decodePenalties, encodePenalties, MAX_DAMPING_FILE_BYTES } from "./file.ts";
import type { KeptPenalty } from "./kept.ts";

/** Name of the file in the state directory. */
export const DAMPING_FILE = "damping.json";
/** How long a start waits for the disk. */
export const READ_DEADLINE_MS = 5000;
/** Least time between two savings. */
export const SAVE_EVERY_MS = 1000;

export interface PenaltyStoreOptions {
  /** The state directory. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: the file system's. */
  readonly io?: FolderIo;
}

/** A store, and the penalties that it had. */
export interface OpenedPenalties {
  readonly kept: readonly KeptPenalty[];
  /**
   * Replaces what is kept by what `penalties` returns; returns before it is written. It is called
   * immediately, but once in SAVE_EVERY_MS at most, because there may be thousands of penalties.
   */
  save(penalties: () => readonly KeptPenalty[]): void;
  /** Writes what is due, and waits for the write in progress. */
  close(): Promise<void>;
}

/** Reads the file, if any; never rejects. An unusable file is a warning, and is overwritten. */
export async function openPenalties(options: PenaltyStoreOptions): Promise<OpenedPenalties> {
  const { folder, clock, logger } = options;
  const io = options.io ?? folderIo(folder);
  const file = new StateFile({
    io,
    name: DAMPING_FILE,
    maxBytes: MAX_DAMPING_FILE_BYTES,
    maxKept: 0,
  });
  const unusable = (err: string) => {
    logger.warn("damping-unusable", { file: `${folder}/${DAMPING_FILE}`, err });
    return { kept: [], text: undefined };
  };
  const { kept, text } = await orLate(readKept(file, unusable), {
    clock,
    deadlineMs: READ_DEADLINE_MS,
    late: () => unusable(`reading it took longer than ${READ_DEADLINE_MS / 1000} s`),
  });
  const replaced = new ReplacedFile({
    write: (content) => file.write(new TextEncoder().encode(content)),
    clock,
    onFailure(reason) {
      if (reason === undefined) logger.info("damping-stored", { folder });
      else logger.error("damping-not-stored", { folder, err: reason });
    },
  }, text);
  return { kept, ...savingOf(replaced, clock) };
}

/** Saves the newest penalties, not more often than SAVE_EVERY_MS. */
function savingOf(file: ReplacedFile, clock: Clock): Pick<OpenedPenalties, "save" | "close"> {
  let due: (() => readonly KeptPenalty[]) | undefined;
  let timer: Timer | undefined;
  const saveDue = () => {
    timer = undefined;
    if (due === undefined) return;
    file.set(encodePenalties(due()));
    due = undefined;
    timer = clock.after(SAVE_EVERY_MS, saveDue);
  };
  return {
    save(penalties) {
      due = penalties;
      if (timer === undefined) saveDue();
    },
    close() {
      timer?.cancel();
      saveDue();
      timer?.cancel();
      return file.close();
    },
  };
}

interface Read {
  readonly kept: readonly KeptPenalty[];
  /** The text on disk; undefined: it is unusable. */
  readonly text: string | undefined;
}

async function readKept(file: StateFile, unusable: (err: string) => Read): Promise<Read> {
  try {
    const bytes = await file.read();
    // A missing file need not be written before there is a penalty.
    if (bytes === undefined) return { kept: [], text: encodePenalties([]) };
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const decoded = decodePenalties(text);
    return decoded.kind === "ok" ? { kept: decoded.penalties, text } : unusable(decoded.message);
  } catch (error) {
    const reason = error instanceof TypeError ? "invalid UTF-8" : MaglevError.from(error).message;
    return unusable(permissionText(error) ?? reason);
  }
}
