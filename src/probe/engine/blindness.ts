/**
 * Records backends that cannot be probed because this host lacks something, and reports it once.
 *
 * A backend is blind after BLIND_AFTER void probes in a row. An episode belongs to one network
 * namespace and one kind of lack. It begins with the first blind backend and is logged once,
 * however many follow. It ends when no backend is blind and no probe was void for CALM_MS: a host
 * that runs out of ports still has a free one now and then.
 */
import type { MonotonicMs, WallMs } from "../../base/instant.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import type { Lack } from "../lack.ts";
import type { BlindSpot } from "../ports.ts";

/** Void probes in a row, each because of a lack, that make a backend blind. */
export const BLIND_AFTER = 3;

/** Time without a void probe after which an episode ends. */
export const CALM_MS = 5000;

/** A backend that is being probed. */
export interface Probed {
  readonly id: number;
  readonly backend: string;
  readonly netns: string;
}

/** A probe that was void, and why. */
export interface VoidCause {
  /** Undefined: the prober was late, which is not a lack. */
  readonly lack: Lack | undefined;
  readonly reason: string;
}

/** A backend whose newest probe was void. */
interface Unseen extends Probed {
  readonly cause: VoidCause;
  /** Void probes in a row because of a lack of any kind. */
  readonly inRow: number;
  readonly episode: Episode | undefined;
}

/** One kind of lack in one namespace. */
interface Episode {
  readonly netns: string;
  readonly lack: Lack;
  reason: string;
  /** Backends whose newest probe was void because of it, and those that are blind. */
  affected: number;
  blind: number;
  lastVoidMs: MonotonicMs;
  /** Unix time in milliseconds; undefined before the first backend is blind. */
  sinceMs: WallMs | undefined;
  /** When the first backend was blind. */
  beganMs: MonotonicMs;
  calm: Timer | undefined;
}

/** Tracks void probes by backend, and episodes of blindness. */
export class Blindness {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #unseen = new Map<number, Unseen>();
  readonly #reasons = new Map<string, string>();
  readonly #episodes = new Map<string, Episode>();

  constructor(options: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** A probe was void. */
  void(target: Probed, cause: VoidCause): void {
    const before = this.#unseen.get(target.id)?.inRow ?? 0;
    this.#openIfBlind(this.#put(target, cause, cause.lack === undefined ? before : before + 1));
  }

  /** Backends are not probed at all: they are blind without three void probes. */
  unprobed(targets: readonly Probed[], cause: VoidCause & { readonly lack: Lack }): void {
    const episodes = targets.map((target) => this.#put(target, cause, BLIND_AFTER));
    for (const episode of new Set(episodes)) this.#openIfBlind(episode);
  }

  /** A probe counted, or the backend is no longer probed. */
  forget(id: number): void {
    const unseen = this.#unseen.get(id);
    if (unseen === undefined) return;
    this.#unseen.delete(id);
    this.#reasons.delete(unseen.backend);
    this.#leave(unseen);
  }

  /** Why the newest probe of a backend was void; undefined when it was not. */
  reasonOf(backend: string): string | undefined {
    return this.#reasons.get(backend);
  }

  /** The current episodes of a namespace, in the order in which they began. */
  spots(netns: string): BlindSpot[] {
    const spots: BlindSpot[] = [];
    for (const { netns: where, lack, reason, affected, sinceMs } of this.#episodes.values()) {
      if (where !== netns || sinceMs === undefined) continue;
      spots.push({ lack, reason, backends: affected, sinceMs });
    }
    return spots.sort((a, b) => a.sinceMs - b.sinceMs);
  }

  /** Namespaces with a current episode, sorted. */
  namespaces(): string[] {
    const open = [...this.#episodes.values()].filter(({ sinceMs }) => sinceMs !== undefined);
    return [...new Set(open.map(({ netns }) => netns))].sort();
  }

  /** Stops all timers and forgets everything, without logging. */
  close(): void {
    for (const { calm } of this.#episodes.values()) calm?.cancel();
    this.#episodes.clear();
    this.#unseen.clear();
    this.#reasons.clear();
  }

  #put(target: Probed, cause: VoidCause, inRow: number): Episode | undefined {
    const before = this.#unseen.get(target.id);
    if (before !== undefined) this.#unseen.delete(target.id);
    const { id, backend, netns } = target;
    const episode = cause.lack === undefined
      ? undefined
      : this.#join(netns, cause.lack, cause.reason);
    const unseen: Unseen = { id, backend, netns, cause, inRow, episode };
    this.#unseen.set(id, unseen);
    this.#reasons.set(backend, cause.reason);
    if (episode !== undefined) {
      episode.affected++;
      if (isBlind(unseen)) episode.blind++;
    }
    if (before !== undefined) this.#leave(before);
    return episode;
  }

  #join(netns: string, lack: Lack, reason: string): Episode {
    const key = keyOf(netns, lack);
    const known = this.#episodes.get(key);
    const lastVoidMs = this.#clock.monotonicMs();
    if (known !== undefined) {
      known.lastVoidMs = lastVoidMs;
      known.reason = reason;
      return known;
    }
    const episode: Episode = {
      netns,
      lack,
      reason,
      affected: 0,
      blind: 0,
      lastVoidMs,
      sinceMs: undefined,
      beganMs: lastVoidMs,
      calm: undefined,
    };
    this.#episodes.set(key, episode);
    return episode;
  }

  #leave(unseen: Unseen): void {
    const { episode } = unseen;
    if (episode === undefined) return;
    episode.affected--;
    if (isBlind(unseen)) episode.blind--;
    if (episode.sinceMs !== undefined) {
      if (episode.blind === 0) this.#closeWhenCalm(episode);
    } else if (episode.affected === 0) this.#episodes.delete(keyOf(episode.netns, episode.lack));
  }

  #openIfBlind(episode: Episode | undefined): void {
    if (episode === undefined || episode.blind === 0 || episode.sinceMs !== undefined) return;
    episode.sinceMs = this.#clock.wallMs();
    episode.beganMs = this.#clock.monotonicMs();
    const { netns, lack, reason, affected } = episode;
    // The workers log isolation themselves, when it begins and ends.
    if (lack === "isolation") return;
    this.#log.error("prober-blind", {
      netns: netns === "" ? undefined : netns,
      lack,
      err: reason,
      backends: affected,
      message: `cannot probe ${counted(affected)}: ${reason}; states and weights stay as they are`,
    });
  }

  #closeWhenCalm(episode: Episode): void {
    if (episode.calm !== undefined) return;
    const sinceMs = this.#clock.monotonicMs() - episode.lastVoidMs;
    episode.calm = this.#clock.after(Math.max(0, CALM_MS - sinceMs), () => {
      episode.calm = undefined;
      if (episode.blind > 0) return;
      if (this.#clock.monotonicMs() - episode.lastVoidMs < CALM_MS) {
        return this.#closeWhenCalm(episode);
      }
      this.#restored(episode);
    });
  }

  #restored(episode: Episode): void {
    const { netns, lack, reason, beganMs, affected } = episode;
    episode.sinceMs = undefined;
    if (affected === 0) this.#episodes.delete(keyOf(netns, lack));
    if (lack === "isolation") return;
    this.#log.info("prober-restored", {
      netns: netns === "" ? undefined : netns,
      lack,
      "after-ms": Math.round(this.#clock.monotonicMs() - beganMs),
      message: `probes count again; this had been lacking: ${reason}`,
    });
  }
}

/** `1 backend`, `12 backends`. */
export function counted(backends: number): string {
  return `${backends} backend${backends === 1 ? "" : "s"}`;
}

function isBlind({ inRow }: Unseen): boolean {
  return inRow >= BLIND_AFTER;
}

function keyOf(netns: string, lack: Lack): string {
  return `${lack} ${netns}`;
}
