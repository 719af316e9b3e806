/** Sends a command to all servers and renders their answers. */
import { MaglevError } from "../base/errors.ts";
import type { WallMs } from "../base/instant.ts";
import type { Json, messages } from "../grpc/client/client.ts";
import type { Answer, Waiting } from "./commands/command.ts";
import { COMMANDS } from "./commands/mod.ts";
import { explain, failureLine } from "../grpc/client/failures.ts";
import type { Args } from "./language/node.ts";
import { plainForm, plainParts } from "./render/plain.ts";
import { jsonText, renderView, yamlText } from "./render/mod.ts";
import type { Server } from "./servers.ts";
import { mergeJson, mergeViews } from "./compare/merge.ts";

/** Commands that call a server and have one answer. */
export type AskingCommand = keyof typeof COMMANDS;

export interface ExecuteOptions {
  readonly servers: readonly Server[];
  readonly output: "text" | "json" | "yaml";
  /** Columns; Infinity: no terminal. */
  readonly width: number;
  readonly color: boolean;
  /** A `set` also reports the share of new flows that moved. */
  readonly forecast: boolean;
  readonly nowMs: WallMs;
  readonly signal?: AbortSignal;
  readonly waiting?: Waiting;
  /** With a scope: what the load balancers have foretold. */
  readonly plans?: readonly messages.ForetoldPlan[];
}

export interface Outcome {
  /** For standard output, whole lines. */
  readonly text: string;
  /** For standard error, without `maglevc:`: failures, then notices next to an answer. */
  readonly errors: readonly string[];
  readonly ok: boolean;
}

interface Answered {
  readonly server: Server;
  readonly result: Answer | MaglevError;
}

/** Calls all servers concurrently. Never rejects with a MaglevError. */
export async function execute(
  command: AskingCommand,
  args: Args,
  options: ExecuteOptions,
): Promise<Outcome> {
  const { servers, output } = options;
  const answered = await Promise.all(
    servers.map(async (server) => ({
      server,
      result: await askOne(server, command, args, options),
    })),
  );
  const several = servers.length > 1;
  const errors = answered.flatMap(({ server, result }) =>
    result instanceof MaglevError ? [failureLine(result, server.endpoint, several)] : []
  );
  const answers = answered.flatMap(({ result }) => result instanceof MaglevError ? [] : [result]);
  const ok = errors.length === 0 && answers.every((answer) => answer.ok);
  if (output === "text") {
    // Both only read, so the answers of several servers are compared.
    const show = /^(show|explain) /.test(command);
    const { text, asides } = viewText(answered, { show, options });
    return { text, errors: [...errors, ...asides], ok };
  }
  const json = several ? await severalJson(answered) : await answers[0]?.json();
  if (json === undefined) return { text: "", errors, ok };
  return { text: output === "json" ? jsonText(json) : await yamlText(json), errors, ok };
}

async function askOne(
  server: Server,
  command: AskingCommand,
  args: Args,
  options: ExecuteOptions,
): Promise<Answer | MaglevError> {
  const { nowMs, signal, forecast, waiting, plans } = options;
  try {
    return await server.ask((client) =>
      COMMANDS[command](
        { client, nowMs, signal, forecast, waiting, plans, memory: server.memory },
        args,
      )
    );
  } catch (error) {
    if (!(error instanceof MaglevError)) throw error;
    return error;
  }
}

interface Shown {
  readonly text: string;
  readonly asides: readonly string[];
}

function viewText(
  answered: readonly Answered[],
  { show, options }: { readonly show: boolean; readonly options: ExecuteOptions },
): Shown {
  const { width, color } = options;
  const several = answered.length > 1;
  const plain = width === Infinity;
  const good = answered.flatMap(({ server: { name, address }, result }) => {
    if (result instanceof MaglevError) return [];
    const { view, asides } = plain ? plainParts(result.view) : { view: result.view, asides: [] };
    return [{
      server: name,
      view,
      asides: asides.map((aside) => several ? `${address}: ${aside}` : aside),
    }];
  });
  const merged = several ? mergeViews(good, { show }) : good.flatMap(({ view }) => view);
  return {
    text: renderView(plain ? plainForm(merged) : merged, { width, color }),
    asides: good.flatMap(({ asides }) => asides),
  };
}

/** Includes errors, so that scripts find an element for each server. */
export async function severalJson(answered: readonly Answered[]): Promise<Json> {
  return mergeJson(
    await Promise.all(answered.map(async ({ server, result }) => ({
      server: server.address,
      result: result instanceof MaglevError
        ? { kind: "error" as const, message: explain(result, server.endpoint) }
        : { kind: "answer" as const, json: await result.json() },
    }))),
  );
}
