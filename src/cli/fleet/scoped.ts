/**
 * Commands with a scope (`fleet`, `site`, `lb`). Each load balancer of `--server` foretells its part. A plan
 * shows all of them; a request carries them, and goes to one load balancer, whose store shares it.
 */
import { MaglevError } from "../../base/errors.ts";
import type { WallMs } from "../../base/instant.ts";
import { appliesTo } from "../../fleet/book/keys.ts";
import type { messages } from "../../grpc/client/client.ts";
import { explain } from "../../grpc/client/failures.ts";
import { errorOf } from "../../grpc/client/fleet/read.ts";
import { answer } from "../commands/call.ts";
import type { Waiting } from "../commands/command.ts";
import { scopeRequest } from "../commands/intent.ts";
import { planRequestOf } from "../commands/plan.ts";
import { type AskingCommand, execute, type ExecuteOptions, severalJson } from "../execute.ts";
import type { Args } from "../language/node.ts";
import { jsonText, renderView, yamlText } from "../render/mod.ts";
import { plainForm, plainParts } from "../render/plain.ts";
import type { Server } from "../servers.ts";
import { waitForDrain } from "./drain_wait.ts";
import type { FleetOutcome } from "./fleet.ts";
import { type Foretelling, planTable } from "./plan_view.ts";

export interface ScopedOptions extends ExecuteOptions {
  readonly waiting: Waiting;
  readonly wallMs: () => WallMs;
}

export async function runScoped(
  command: AskingCommand,
  args: Args,
  options: ScopedOptions,
): Promise<FleetOutcome> {
  if (command.startsWith("plan ")) return await showPlans(command, args, options);
  const request = planRequestOf(command, args);
  // The end of an intent is never held, so it needs no plan.
  const isEnd = /(resume|enable|weight file)$/.test(command);
  const foretold = await foretell(isEnd ? undefined : request, options);
  const asked = foretold.find(({ result }) => !(result instanceof MaglevError));
  const notes = foretold.flatMap(({ server, result }) =>
    result instanceof MaglevError
      ? [`${server.address}: nothing is foretold for it: ${explain(result, server.endpoint)}`]
      : []
  );
  if (asked === undefined) return { text: "", errors: notes, status: 1 };
  if (!isEnd) notes.push(...await unasked(foretold, args, options));
  const plans = foretold.flatMap(({ result }) =>
    result instanceof MaglevError || result.foretold === undefined ? [] : [result.foretold]
  );
  const servers = [asked.server];
  const { wait: _, ignore, ...rest } = args;
  const waits = args.wait !== undefined;
  const sent = await execute(command, waits ? rest : args, { ...options, servers, plans });
  const outcome = { text: sent.text, errors: [...notes, ...sent.errors], status: sent.ok ? 0 : 1 };
  if (!waits || !sent.ok) return outcome;
  const { scope = "" } = scopeRequest(args);
  const waited = await waitForDrain(asked.server, {
    backend: args.backend ?? "",
    scope,
    ignored: ignore === undefined ? [] : ignore.split(","),
    ...options,
  });
  const written = await render(waited.view, () => Promise.resolve(waited.json), options);
  return {
    text: options.output === "text" ? sent.text + written : written,
    errors: [...outcome.errors, ...waited.errors],
    status: waited.status,
  };
}

async function showPlans(
  command: AskingCommand,
  args: Args,
  options: ScopedOptions,
): Promise<FleetOutcome> {
  const foretold = await foretell(planRequestOf(command, args), options);
  const failed = foretold.flatMap(({ server, result }) =>
    result instanceof MaglevError ? [`${server.address}: ${explain(result, server.endpoint)}`] : []
  );
  const json = () =>
    severalJson(foretold.map(({ server, result }) => ({
      server,
      result: result instanceof MaglevError ? result : answer("PlanBackend", result, { view: [] }),
    })));
  const text = await render(planTable(foretold), json, options);
  const errors = [...failed, ...await unasked(foretold, args, options)];
  return { text, errors, status: errors.length === 0 ? 0 : 1 };
}

/** Load balancers of the scope that foretold nothing, because they are not among the servers. */
async function unasked(
  foretold: readonly Foretelling[],
  args: Args,
  { signal }: ScopedOptions,
): Promise<readonly string[]> {
  const good = foretold.find(({ result }) => !(result instanceof MaglevError));
  if (good === undefined) return [];
  const named = new Set(foretold.map(({ server }) => server.name));
  for (const { result } of foretold) {
    if (!(result instanceof MaglevError) && result.foretold !== undefined) {
      named.add(result.foretold.lb);
    }
  }
  const { scope = "fleet" } = scopeRequest(args);
  try {
    const { members } = await good.server.ask((client) => client.call("GetFleet", {}, { signal }));
    return members.filter(({ name, site }) =>
      appliesTo(scope, { lb: name, site }) && !named.has(name)
    )
      .map(({ name, present }) =>
        `${name}: nothing is foretold for it: ${present ? "no answer by --server" : "it is away"}`
      );
  } catch (error) {
    return [
      `the fleet's load balancers are not known: ${explain(errorOf(error), good.server.endpoint)}`,
    ];
  }
}

/** Asks all servers for their plans, or, without a request, whether they answer. */
async function foretell(
  request: Partial<messages.PlanBackendRequest> | undefined,
  { servers, signal }: ScopedOptions,
): Promise<readonly Foretelling[]> {
  return await Promise.all(servers.map(async (server): Promise<Foretelling> => {
    try {
      const result = await server.ask(async (client) => {
        if (request !== undefined) return await client.call("PlanBackend", request, { signal });
        await client.call("GetFleet", {}, { signal });
        return { plan: undefined, foretold: undefined };
      });
      return { server, result: named(result, server) };
    } catch (error) {
      return { server, result: errorOf(error) };
    }
  }));
}

/** A load balancer without a store has no name of its own. */
function named(
  result: messages.PlanBackendResponse,
  { name }: Server,
): messages.PlanBackendResponse {
  const { foretold } = result;
  if (foretold === undefined || foretold.lb !== "") return result;
  return { ...result, foretold: { ...foretold, lb: name } };
}

async function render(
  view: Parameters<typeof renderView>[0],
  json: () => ReturnType<typeof severalJson>,
  { output, width, color }: ScopedOptions,
): Promise<string> {
  if (output === "json") return jsonText(await json());
  if (output === "yaml") return await yamlText(await json());
  return renderView(width === Infinity ? plainForm(plainParts(view).view) : view, { width, color });
}
