/**
 * The network namespace of a worker. The worker's thread enters it before it opens a socket, and
 * what it opens afterwards is inside. The name under /run/netns is then watched: `ip netns del`
 * takes away the name only, and the namespace itself would live on, unseen, as long as we are in
 * it. So when the name is gone, or stands for another namespace, the thread leaves, and enters
 * again as soon as it can. Until then its probes are void, with the reason.
 */
import { BackoffDelays } from "../../async/backoff.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import { OS_ERRORS } from "../os_errors.ts";

/** Entering and looking, as the shim does it. */
export interface NamespaceCalls {
  /** Moves this thread into the namespace at `path`; its identity, or the name of an errno. */
  enter(path: string): NamespaceAnswer;
  /** The identity of what is at `path`. */
  identity(path: string): NamespaceAnswer;
}

export type NamespaceAnswer =
  | { readonly ok: true; readonly identity: string }
  | { readonly ok: false; readonly error: string };

/** What happened to a worker's namespace. */
export interface NamespaceNews {
  readonly action: "entered" | "left" | "waiting";
  /** Why it is not inside, or why it left; empty when all is well. */
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

/** How often the name is looked at. */
export const WATCH_MS = 1000;

/** A look this old, or younger, is good enough to trust a failed probe. */
export const FRESH_MS = 10;

/** Longest delay between two attempts to enter. */
export const MAX_RETRY_MS = 2000;

/** What looking at a name says when there is nothing of it. */
const GONE: readonly string[] = ["ENOENT", "ENOTDIR"];

/** Where the main thread is: the namespace the daemon was started in. */
const HOME = "/proc/self/ns/net";

/** A thread's stay in a namespace. */
export class Namespace {
  readonly #options: NamespaceOptions;
  readonly #path: string;
  #problem = "";
  /** Of the namespace we are in; undefined outside. */
  #identity: string | undefined;
  readonly #delays = new BackoffDelays({ firstMs: 100, maxMs: MAX_RETRY_MS });
  #timer: Timer | undefined;
  #lookedMs = -Infinity;
  /** Why the thread left a namespace the last time. */
  #farewell = "";

  /** Enters at once when it can. */
  constructor(options: NamespaceOptions) {
    this.#options = options;
    this.#path = namespacePath(options.name);
    this.#enter();
  }

  /** Why probes cannot be made now; empty inside. */
  get problem(): string {
    return this.#problem;
  }

  /** The namespace that the thread is in; undefined outside. */
  get identity(): string | undefined {
    return this.#identity;
  }

  /**
   * Why the thread is no longer in the namespace `identity`; empty when it is. Looks again unless
   * it has just done so: a failure in a namespace whose name is gone is not the server's.
   */
  leftSince(identity: string | undefined): string {
    const ageMs = this.#options.clock.monotonicMs() - this.#lookedMs;
    if (this.#identity !== undefined && ageMs > FRESH_MS) {
      this.#timer?.cancel();
      this.#look();
    }
    return this.#identity === identity ? "" : this.#farewell;
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

  /** Tries again later; says so when the reason is a new one. */
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
    // A name that cannot be looked at says nothing: the thread is inside, and probes go on.
    this.#after(WATCH_MS, () => this.#look());
  }

  #leave(problem: string): void {
    this.#identity = undefined;
    this.#problem = this.#farewell = problem;
    const home = this.#options.calls.enter(HOME);
    this.#options.onNews({
      action: "left",
      problem: home.ok ? problem : `${problem}, and cannot be left: ${home.error}`,
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

/** Path of the namespace of that name, as `ip netns` has it. */
export function namespacePath(name: string): string {
  return `/run/netns/${name}`;
}

/** Why the namespace `name` cannot be entered, said by an errno or a sentence. */
export function namespaceProblem(name: string, error: string): string {
  const path = namespacePath(name);
  const title = `network namespace ${name}`;
  switch (error) {
    case "ENOENT":
    case "ENOTDIR":
      return `${title} does not exist (no ${path}): create it with \`ip netns add ${name}\``;
    case "EPERM":
      return `${title} may not be entered: give the process CAP_SYS_ADMIN ` +
        "(AmbientCapabilities=CAP_SYS_ADMIN of the systemd unit)";
    case "EACCES":
      return `${title} may not be entered: no permission to open ${path}`;
    case "EINVAL":
      return `${path} is not a network namespace`;
    default:
      return `${title} cannot be entered: ${OS_ERRORS[error]?.text ?? error}`;
  }
}
