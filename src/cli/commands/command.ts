/** A command that calls a server: it returns the view to show and its JSON form. */
import type { WallMs } from "../../base/instant.ts";
import type { Json, MaglevClient, messages } from "../../grpc/client/client.ts";
import type { Args } from "../language/node.ts";
import type { View } from "../render/model.ts";

export interface CommandContext {
  readonly client: Pick<MaglevClient, "call">;
  /** Unix time in milliseconds: durations are counted up to it. */
  readonly nowMs: WallMs;
  readonly signal?: AbortSignal | undefined;
  /** In the shell: a `set` also reports the share of new flows that moved. */
  readonly forecast?: boolean | undefined;
  /** With a scope: what the load balancers have foretold. */
  readonly plans?: readonly messages.ForetoldPlan[] | undefined;
  /** The shell's memory of this server, kept between commands; rates are computed from it. */
  readonly memory?: Map<string, unknown> | undefined;
  /** For commands that take long; absent: they cannot wait. */
  readonly waiting?: Waiting | undefined;
}

/** Time and progress of a command that takes long. */
export interface Waiting {
  /** Resolves after so many milliseconds, or when the command is aborted. */
  readonly pause: (ms: number) => Promise<void>;
  /** Writes one line about the progress. */
  readonly say: (line: string) => void;
}

export interface Answer {
  /**
   * Returns the message in the standard JSON form of protocol buffers, for `--output json` and
   * `yaml`.
   */
  readonly json: () => Promise<Json>;
  readonly view: View;
  /** False: the server answered with a failure (a configuration with errors): exit status 1. */
  readonly ok: boolean;
}

/** Rejects with MaglevError when the server refused or cannot be reached. */
export type Command = (context: CommandContext, args: Args) => Promise<Answer>;
