/**
 * Keeps a worker's thread in its network namespace. The thread enters before it opens a socket, so
 * that all its sockets are inside. Then the name under /run/netns is watched: `ip netns del`
 * removes only the name, and the namespace would live on, unseen, as long as a thread is in it. So
 * when the name is removed, or stands for another namespace, the thread leaves and enters again as
 * soon as possible. Until then its probes are void, with the reason.
 */
import { BackoffDelays } from "../../async/backoff.ts";
import { FAR_PAST_MS } from "../../base/instant.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import { OS_ERRORS } from "../os_errors.ts";

/** The shim's calls on namespaces. */
export interface NamespaceCalls {
  /** Moves this thread into the namespace at `path`; returns its identity or an errno name. */
  enter(path: string): NamespaceAnswer;
  /** The identity of the namespace at `path`. */
  identity(path: string): NamespaceAnswer;
}

export type NamespaceAnswer =
  | { readonly ok: true; readonly identity: string }
  | { readonly ok: false; readonly error: string };

/** A change of a worker's namespace. */
export interface NamespaceNews {
  readonly action: "entered" | "left" | "waiting";
  /** The reason why the thread is outside or left; empty when it is inside. */
  readonly problem: string;
}

export interface NamespaceOptions {
  /** Name under /run/netns. */
  readonly name: string;
  readonly clock: Clock;
  readonly calls: NamespaceCalls;
  /** The thread is no longer in the namespace that its sockets belong to. */
  readonly onLeft: (reason: string) => void;
  readonly onNews: (news: NamespaceNews) => void;
}

/** Interval at which the name is checked. */
export const WATCH_MS = 1000;

/** A check at most this old is recent enough to trust a failed probe. */
export const FRESH_MS = 10;

/** Longest delay between two attempts to enter. */
export const MAX_RETRY_MS = 2000;

/** Errno names for a name that does not exist. */
const GONE: readonly string[] = ["ENOENT", "ENOTDIR"];

/** The namespace of the main thread, in which the daemon was started. */
const HOME = "/proc/self/ns/net";

/** Keeps the current thread in a namespace. */
export class Namespace {
  readonly #options: NamespaceOptions;
  readonly #path: string;
  #problem = "";
  /** Identity of the current namespace; undefined outside. */
  #identity: string | undefined;
  readonly #delays = new BackoffDelays({ firstMs: 100, maxMs: MAX_RETRY_MS });
  #timer: Timer | undefined;
  #lookedMs = FAR_PAST_MS;
  /** The reason of the last leave. */
  #leaveReason = "";

  /** Enters immediately if possible. */
  constructor(options: NamespaceOptions) {
    this.#options = options;
    this.#path = namespacePath(options.name);
    this.#enter();
  }

  /** The reason why probes are void now; empty inside. */
  get problem(): string {
    return this.#problem;
  }

  /** The namespace that the thread is in; undefined outside. */
  get identity(): string | undefined {
    return this.#identity;
  }

  /**
   * The reason why the thread is no longer in the namespace `identity`; empty when it still is.
   * Checks again unless the last check is recent: a failure in a namespace whose name was removed
   * is not the server's.
   */
  leftSince(identity: string | undefined): string {
    const ageMs = this.#options.clock.monotonicMs() - this.#lookedMs;
    if (this.#identity !== undefined && ageMs > FRESH_MS) {
      this.#timer?.cancel();
      this.#look();
    }
    return this.#identity === identity ? "" : this.#leaveReason;
  }

  /** Stops watching; the thread stays where it is. */
  close(): void {
    this.#timer?.cancel();
  }

  #enter(): void {
    const answer = this.#options.calls.enter(this.#path);
    if (answer.ok) {
      this.#identity = answer.identity;
      this.#lookedMs = this.#options.clock.monotonicMs();
      this.#problem = "";
      this.#delays.reset();
      this.#options.onNews({ action: "entered", problem: "" });
      this.#after(WATCH_MS, () => this.#look());
      return;
    }
    this.#wait(namespaceProblem(this.#options.name, answer.error));
  }

  /** Retries later; reports the reason if it is new. */
  #wait(problem: string): void {
    const isNews = this.#problem !== problem;
    this.#problem = problem;
    this.#after(this.#delays.next(), () => this.#enter());
    if (isNews) this.#options.onNews({ action: "waiting", problem });
  }

  #look(): void {
    const { calls, clock } = this.#options;
    this.#lookedMs = clock.monotonicMs();
    const answer = calls.identity(this.#path);
    if (answer.ok && answer.identity !== this.#identity) {
      return this.#leave(`${this.#title()} was replaced by another of its name`);
    }
    if (!answer.ok && GONE.includes(answer.error)) {
      return this.#leave(`${this.#title()} has vanished`);
    }
    // Other errors prove nothing: the thread is still inside, and probing continues.
    this.#after(WATCH_MS, () => this.#look());
  }

  #leave(problem: string): void {
    this.#identity = undefined;
    this.#problem = this.#leaveReason = problem;
    const home = this.#options.calls.enter(HOME);
    this.#options.onNews({
      action: "left",
      problem: home.ok ? problem : `${problem}; cannot leave it: ${home.error}`,
    });
    this.#options.onLeft(problem);
    this.#enter();
  }

  #after(delayMs: number, fn: () => void): void {
    this.#timer = this.#options.clock.after(delayMs, fn);
  }

  #title(): string {
    return `network namespace ${this.#options.name}`;
  }
}

/** Path of the namespace of that name, as `ip netns` creates it. */
export function namespacePath(name: string): string {
  return `/run/netns/${name}`;
}

/** A message about a failure to enter the namespace `name`; `error` is an errno or a sentence. */
export function namespaceProblem(name: string, error: string): string {
  const refused = `cannot enter network namespace ${name}`;
  switch (error) {
    case "ENOENT":
    case "ENOTDIR":
      return `${refused}: it does not exist; create it with \`ip netns add ${name}\``;
    case "EPERM":
      return `${refused}: operation not permitted; give the process CAP_SYS_ADMIN ` +
        "(AmbientCapabilities=CAP_SYS_ADMIN of the systemd unit)";
    case "EACCES":
      return `${refused}: no permission to open its file in /run/netns`;
    case "EINVAL":
      return `${refused}: its file in /run/netns is not a network namespace`;
    default:
      return `${refused}: ${OS_ERRORS[error]?.text ?? error}`;
  }
}
