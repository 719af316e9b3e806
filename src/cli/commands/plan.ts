/** Plans: the effect of pausing, resuming, enabling, disabling or weighing a backend. */
import type { Answer, Command, CommandContext } from "./command.ts";
import type { Args } from "../language/node.ts";
import type { messages } from "../../grpc/client/client.ts";
import type { View } from "../render/model.ts";
import { answer, ask, need } from "./call.ts";
import { intentRequest, scopeRequest } from "./intent.ts";
import { planView } from "./plan_view.ts";
import { type Action, weightOf, weightPlace } from "./set.ts";

/** `plan backend <name> pause` and so on. */
export function planBackend(action: Action | "drain"): Command {
  return async (context, args) => {
    const named = { name: need(args, "backend"), action, ...intentRequest(args) };
    const request = action === "drain" ? { ...named, force: args.force !== undefined } : named;
    const message = await ask(context, "PlanBackend", { request });
    return answer("PlanBackend", message, { view: viewOf(message) });
  };
}

/** `plan frontend <name> pool <pool> backend <name> weight <0-100>`. */
export function planWeight(context: CommandContext, args: Args): Promise<Answer> {
  return planOf(context, args, { weight: weightOf(args) });
}

/** `plan frontend <name> pool <pool> backend <name> weight file`. */
export function planWeightFile(context: CommandContext, args: Args): Promise<Answer> {
  return planOf(context, args, { file: true });
}

async function planOf(
  context: CommandContext,
  args: Args,
  value: { readonly weight: number } | { readonly file: true },
): Promise<Answer> {
  const { backend, ...place } = weightPlace(args);
  const request = { name: backend, action: "weight", ...place, ...value, ...intentRequest(args) };
  const message = await ask(context, "PlanBackend", { request });
  return answer("PlanBackend", message, { view: viewOf(message) });
}

/** The request for the plan of a `plan` or a `set` with a scope. */
export function planRequestOf(
  command: string,
  args: Args,
): Partial<messages.PlanBackendRequest> {
  const { scope } = scopeRequest(args);
  const shared = { ...(scope === undefined ? {} : { scope }), ...intentRequest(args) };
  if (/ weight/.test(command)) {
    const { backend, ...place } = weightPlace(args);
    const value = command.endsWith(" file") ? { file: true } : { weight: weightOf(args) };
    return { name: backend, action: "weight", ...place, ...value, ...shared };
  }
  const action = command.split(" ").at(-1)!;
  // A drain is planned without its end.
  const end = action === "drain" ? { end: undefined } : {};
  return { name: need(args, "backend"), action, ...shared, ...end };
}

function viewOf({ plan }: messages.PlanBackendResponse): View {
  return plan === undefined ? [] : planView(plan);
}
