/** `watch events`: shows events of the servers, a line each, until it is ended. */
import { MaglevError } from "../../base/errors.ts";
import type { Clock, Prng, Timer } from "../../base/ports.ts";
import type { Json, MaglevClient, messages } from "../../grpc/client/client.ts";
import { WatchLoop, type WatchState } from "../../grpc/client/watch.ts";
import { failureLine, isUnreached } from "../../grpc/client/failures.ts";
import type { Args } from "../language/node.ts";
import { jsonLine } from "../render/mod.ts";
import type { Server } from "../servers.ts";
import { eventLine, isDouble, type Watched } from "./line.ts";

/** Begins like the library's text, which failures.ts recognizes. */
const NOT_BEGUN = "Deadline exceeded: the stream has not begun";

/** The part of Server that is used here. */
export interface WatchedServer extends Pick<Server, "address" | "endpoint" | "close"> {
  readonly client: Pick<MaglevClient, "watch">;
}

export interface WatchOptions {
  readonly servers: readonly WatchedServer[];
  readonly args: Args;
  /** Converts an event to JSON, one object a line; absent: text for people. */
  readonly json: ((event: messages.Event) => Json) | undefined;
  readonly color: boolean;
  readonly clock: Clock;
  readonly prng: Prng;
  /** Writes a whole line; an exception ends the watch and is passed on. */
  readonly write: (line: string) => void;
  /** Reports to the user that a server went away, or came back. */
  readonly say: (message: string) => void;
  /** Aborting it ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * Watches until `num` lines are written, `signal` is aborted, or no server is left. A server that
 * refuses, or is away or silent from the beginning, is given up; then the result is false.
 */
export async function watchEvents(options: WatchOptions): Promise<boolean> {
  const { servers, signal } = options;
  const watch = new Watch(options);
  const abort = () => watch.end();
  signal.addEventListener("abort", abort);
  if (signal.aborted) watch.end();
  const loops = servers.map((server) => watch.loop(server));
  try {
    for (const loop of loops) loop.start();
    await watch.ended;
  } finally {
    signal.removeEventListener("abort", abort);
    watch.stop();
    await Promise.all(loops.map((loop) => loop.stop()));
  }
  return watch.givenUp === 0;
}

class Watch {
  readonly #options: WatchOptions;
  readonly #watched: Watched;
  readonly #end = Promise.withResolvers<void>();
  /** Number of lines still to write. */
  #left: number;
  #over = false;
  readonly #timers: Timer[] = [];
  givenUp = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#watched = watchedOf(options.args);
    this.#left = options.args.num === undefined ? Infinity : Number(options.args.num);
  }

  /** Rejects with the exception of `write`. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  end(): void {
    this.#over = true;
    this.#end.resolve();
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
  }

  loop(server: WatchedServer): WatchLoop {
    const { args, clock, prng } = this.#options;
    let known: "not yet" | "watching" | "away" = "not yet";
    const loop = new WatchLoop({
      client: server.client,
      request: requestOf(args),
      clock,
      prng,
      onEvent: (event) => this.#write(server, event),
      onState: (state) => {
        late.cancel();
        if (this.#over) return;
        if (state.kind === "watching") {
          if (known === "away") this.#say(server, "is back; its present state comes first");
          known = "watching";
        } else if (known === "not yet" || !isPassing(state)) {
          this.#giveUp(server, state.error);
          void loop.stop();
        } else {
          if (known === "watching") {
            const { error } = state;
            this.#say(server, `went away (${oneLine(error, server)}); trying again`);
          }
          known = "away";
        }
      },
    });
    // Only the beginning has a timeout: later a server may be away for any time.
    const late = clock.after(server.endpoint.timeoutMs, () => {
      if (this.#over) return;
      this.#giveUp(server, new MaglevError("deadline-exceeded", NOT_BEGUN));
      void loop.stop();
    });
    this.#timers.push(late);
    return loop;
  }

  #write(server: WatchedServer, event: messages.Event): void {
    if (this.#over) return;
    const line = this.#line(server, event);
    if (line === undefined) return;
    try {
      this.#options.write(line);
    } catch (error) {
      this.#over = true;
      this.#end.reject(error);
      return;
    }
    this.#left--;
    if (this.#left <= 0) this.end();
  }

  /** Undefined: the event was already shown in another form. */
  #line({ address }: WatchedServer, event: messages.Event): string | undefined {
    const { servers, json: toJson, color } = this.#options;
    const several = servers.length > 1;
    if (toJson === undefined) {
      if (isDouble(event, this.#watched)) return undefined;
      return eventLine(event, { color, server: several ? address : undefined });
    }
    const json = toJson(event);
    return jsonLine(
      several && typeof json === "object" && json !== null && !Array.isArray(json)
        ? { server: address, ...json }
        : json,
    );
  }

  #say(server: WatchedServer, what: string): void {
    this.#options.say(`${server.address} ${what}`);
  }

  #giveUp(server: WatchedServer, error: MaglevError): void {
    const { servers, say } = this.#options;
    say(failureLine(error, server.endpoint, servers.length > 1));
    // The next attempt opens a new connection.
    server.close();
    this.givenUp++;
    if (this.givenUp === servers.length) this.end();
  }
}

function requestOf(args: Args): Partial<messages.WatchRequest> {
  return {
    log: args.log !== undefined,
    logLevel: args.level ?? "",
    backend: args.backend !== undefined,
    frontend: args.frontend !== undefined,
    ...namesOf(args),
  };
}

function namesOf({ backend = "", frontend = "" }: Args) {
  return {
    backendNames: backend === "" ? [] : [backend],
    frontendNames: frontend === "" ? [] : [frontend],
  };
}

/** Request for the chosen events; without a choice, for all. */
function watchedOf(args: Args): Watched {
  const { log, backend, frontend } = args;
  const all = log === undefined && backend === undefined && frontend === undefined;
  return {
    backend: all || backend !== undefined,
    frontend: all || frontend !== undefined,
    ...namesOf(args),
  };
}

/** True for errors of a server that restarts; waiting does not help against others. */
function isPassing({ error }: Extract<WatchState, { kind: "away" }>): boolean {
  return error.code === "unavailable" || error.code === "internal" || error.code === "aborted" ||
    isUnreached(error);
}

function oneLine(error: MaglevError, server: WatchedServer): string {
  const line = failureLine(error, server.endpoint, false);
  return line.startsWith(`${server.address}: `) ? line.slice(server.address.length + 2) : line;
}
