/**
 * Judges the file of announced prefixes: a prefix is withdrawn soon after it falls below its border,
 * and announced only after its hysteresis above it. A new daemon leaves the file as it is until all
 * is known. PURE.
 */
import { announcedIn } from "../../../src/announce/file_text.ts";
import type { Config } from "../../../src/config/model.ts";
import type { VppView } from "../world/vpp_view.ts";
import { keyOf, type WantedVip } from "./wanted.ts";

/** The file is written within this, on a sound disk. */
const WRITTEN_MS = 300;

/** `on-vpp-away: withdraw` takes effect after this. */
const AWAY_MS = 5000;

/** What is known of a prefix. */
interface Prefix {
  readonly isAbove: boolean;
  /** Since when it is on that side without a break. */
  readonly sinceMs: number;
  /** Since when it is surely above: no VIP of it is being recreated. */
  readonly surelyMs: number;
  /** Since when it should be above; VPP follows within moments. Undefined: it should not. */
  readonly dueSinceMs: number | undefined;
  readonly hysteresisMs: number;
}

/** An instant. */
export interface AnnounceMoment {
  readonly nowMs: number;
  readonly config: Config;
  readonly wanted: ReadonlyMap<string, WantedVip>;
  /** True when the present daemon has not ended its warm-up. */
  readonly isEarly: boolean;
  /** True while VPP cannot be reached, or was not programmed since. */
  readonly isAway: boolean;
  /** True while an operator keeps all prefixes withdrawn. */
  readonly isLameduck: boolean;
  /** What VPP has; undefined when it may not be what it should have, so nothing is known. */
  readonly view: VppView | undefined;
  /** VIPs that VPP lacks for a moment, because they are being recreated. */
  readonly recreated: ReadonlySet<string>;
  /** Addresses whose VIPs VPP may refuse; their prefixes are not judged. */
  readonly blocked: ReadonlySet<string>;
  readonly file: string | undefined;
  /** Since when the disk is sound, and nothing stops the daemon. */
  readonly soundMs: number;
}

export class AnnounceJudge {
  #prefixes: ReadonlyMap<string, Prefix> = new Map();
  /** Since when VPP is known without a break. */
  #knownMs = Infinity;
  #announced: ReadonlySet<string> = new Set();
  #file: string | undefined;
  #last: AnnounceMoment | undefined;
  #awaySinceMs: number | undefined;
  /** Since when the file has `on-vpp-away: withdraw`. */
  #withdrawsMs: number | undefined;
  #lameduckSinceMs: number | undefined;
  #config: Config | undefined;
  /** When it was put in force. */
  #configMs = 0;

  /** A daemon starts with this file. */
  starting(file: string | undefined): void {
    this.#awaySinceMs =
      this.#withdrawsMs =
      this.#lameduckSinceMs =
      this.#last =
        undefined;
    this.#file = file;
    this.#announced = new Set(announcedIn(file ?? ""));
  }

  /** The first thing that is wrong. To be called at each change, and regularly. */
  look(moment: AnnounceMoment): string | undefined {
    if (this.#last !== undefined && isSame(this.#last, moment)) return undefined;
    this.#last = moment;
    const { nowMs, config, wanted, view, isEarly, isAway, recreated, file, soundMs } = moment;
    const { blocked } = moment;
    const before = this.#announced;
    const announced = file === this.#file ? before : new Set(announcedIn(file ?? ""));
    this.#file = file;
    this.#announced = announced;
    this.#lameduckSinceMs = moment.isLameduck ? this.#lameduckSinceMs ?? nowMs : undefined;
    if (this.#lameduckSinceMs !== undefined) {
      const lameduckMs = nowMs - Math.max(this.#lameduckSinceMs, soundMs);
      this.#forget();
      return lameduckMs > WRITTEN_MS && announced.size > 0
        ? `${[...announced]} is announced in lameduck`
        : undefined;
    }
    const withdraws = config.announce?.onVppAway === "withdraw";
    this.#awaySinceMs = isAway ? this.#awaySinceMs ?? nowMs : undefined;
    this.#withdrawsMs = withdraws ? this.#withdrawsMs ?? nowMs : undefined;
    const dueMs = this.#awaySinceMs === undefined || this.#withdrawsMs === undefined
      ? Infinity
      : Math.max(this.#awaySinceMs + AWAY_MS, soundMs + AWAY_MS, this.#withdrawsMs);
    if (nowMs > dueMs + WRITTEN_MS && announced.size > 0) {
      return `${[...announced]} is announced while VPP is away`;
    }
    const mayWithdraw = withdraws && isAway && announced.size === 0;
    if (isEarly && !mayWithdraw && String([...before]) !== String([...announced])) {
      return `${[...announced]} is announced before all is known, and was ${[...before]}`;
    }
    if (view === undefined || config.announce === undefined) {
      this.#forget();
      return undefined;
    }
    this.#knownMs = Math.min(this.#knownMs, nowMs);
    if (config !== this.#config) this.#configMs = nowMs;
    this.#config = config;
    const sinceMs = Math.max(this.#knownMs, soundMs);
    this.#prefixes = this.#sidesOf({ nowMs, config, wanted, view, recreated }, announced);
    const isBlocked = (prefix: string) => blocked.has(prefix.slice(0, prefix.indexOf("/")));
    for (const prefix of announced) {
      if (isBlocked(prefix)) continue;
      const side = this.#prefixes.get(prefix)!;
      const staysMs = nowMs - Math.max(side.sinceMs, sinceMs);
      if (!side.isAbove && staysMs > WRITTEN_MS) return `${prefix} is announced below its border`;
      const { dueSinceMs = this.#knownMs } = side;
      const isNew = !before.has(prefix) && dueSinceMs > this.#knownMs;
      if (isNew && nowMs - dueSinceMs < side.hysteresisMs) {
        return `${prefix} is announced ${nowMs - dueSinceMs} ms after it was below its border`;
      }
    }
    for (const [prefix, side] of this.#prefixes) {
      const dueMs = Math.max(side.surelyMs, sinceMs) + side.hysteresisMs;
      // A reload may change the border and its hysteresis.
      const isDue = side.isAbove && nowMs > Math.max(dueMs, this.#configMs) + WRITTEN_MS;
      if (isDue && !announced.has(prefix) && !isBlocked(prefix)) {
        return `${prefix} is not announced above its border`;
      }
    }
    return undefined;
  }

  #forget(): void {
    this.#prefixes = new Map();
    this.#knownMs = Infinity;
  }

  /** The side of each prefix that has a frontend or is announced. */
  #sidesOf(
    { nowMs, config, wanted, view, recreated }:
      & Omit<
        AnnounceMoment,
        "file" | "soundMs" | "isEarly" | "isAway" | "isLameduck" | "blocked"
      >
      & {
        readonly view: VppView;
      },
    announced: ReadonlySet<string>,
  ): ReadonlyMap<string, Prefix> {
    const sinceMs = (prefix: string, isAbove: boolean) => {
      const before = this.#prefixes.get(prefix);
      return before?.isAbove === isAbove ? before.sinceMs : nowMs;
    };
    const sides = new Map<string, Prefix>();
    for (const frontend of config.frontends.values()) {
      const { announce, address: { text, family } } = frontend;
      if (announce === undefined) continue;
      const prefix = `${text}/${family === 4 ? 32 : 128}`;
      const key = keyOf(frontend);
      const due = [...wanted.get(key)?.servers ?? []]
        .filter(([, { weight, isBlind }]) => weight > 0 || isBlind);
      const serving = due.filter(([address]) =>
        recreated.has(key) || (view.get(key)?.get(address) ?? 0) > 0
      );
      const other = sides.get(prefix);
      const isAbove = serving.length >= announce.minUp && other?.isAbove !== false;
      const isDue = due.length >= announce.minUp &&
        (other === undefined || other.dueSinceMs !== undefined);
      const dueSinceMs = isDue ? this.#prefixes.get(prefix)?.dueSinceMs ?? nowMs : undefined;
      const hysteresisMs = Math.max(announce.hysteresisMs, other?.hysteresisMs ?? 0);
      const before = this.#prefixes.get(prefix);
      const isSure = isAbove && !recreated.has(key) && other?.surelyMs !== nowMs;
      const surelyMs = isSure && before?.isAbove === true ? before.surelyMs : nowMs;
      const since = { sinceMs: sinceMs(prefix, isAbove), surelyMs, dueSinceMs };
      sides.set(prefix, { isAbove, ...since, hysteresisMs });
    }
    for (const prefix of announced) {
      if (sides.has(prefix)) continue;
      const since = { sinceMs: sinceMs(prefix, false), surelyMs: nowMs, dueSinceMs: undefined };
      sides.set(prefix, { isAbove: false, ...since, hysteresisMs: 0 });
    }
    return sides;
  }
}

/** Looked at again after so long, though nothing has changed: something may be late. */
const AGAIN_MS = 20;

/** True when nothing has changed for a short time. */
function isSame(last: AnnounceMoment, now: AnnounceMoment): boolean {
  return now.nowMs - last.nowMs < AGAIN_MS && now.wanted === last.wanted &&
    now.view === last.view && now.file === last.file && now.config === last.config &&
    now.isEarly === last.isEarly && now.isAway === last.isAway &&
    now.isLameduck === last.isLameduck && now.soundMs === last.soundMs &&
    now.recreated.size === last.recreated.size && now.blocked === last.blocked;
}
