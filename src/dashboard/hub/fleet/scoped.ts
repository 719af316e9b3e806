/**
 * Actions with a scope. Each load balancer of the fleet foretells its part; what is shown is all of
 * it, and what is sent to one of them carries it, so that each can hold what was not foretold.
 */
import { MaglevError } from "../../../base/errors.ts";
import { appliesTo } from "../../../fleet/book/keys.ts";
import type { messages, RequestOf, ResponseOf, UnaryMethod } from "../../../grpc/client/client.ts";
import type { Actor } from "../../ports.ts";
import type { PlanAnswer } from "../../protocol.ts";
import { clip, MAX_TEXT } from "../model/bounds.ts";

/** Calls one maglevd as a login; errors are values. */
export type Caller = <M extends UnaryMethod>(
  method: M,
  request: Partial<RequestOf<M>>,
  actor: Actor,
) => Promise<ResponseOf<M> | MaglevError>;

/** A load balancer of the fleet that this dashboard follows. */
export interface FleetPeer {
  /** As this dashboard names it. */
  readonly name: string;
  readonly address: string;
  readonly call: Caller;
  /** Its plan for the page. */
  readonly answerOf: (plan: messages.Plan) => PlanAnswer;
  /** What an action may have changed there is read again. */
  readonly acted: (backends: readonly string[], frontends: readonly string[]) => void;
}

/** What a load balancer foretells, or why it does not. */
interface Foretelling {
  readonly peer: FleetPeer;
  readonly result: messages.PlanBackendResponse | MaglevError;
}

async function foretell(
  peers: readonly FleetPeer[],
  request: Partial<messages.PlanBackendRequest>,
  actor: Actor,
): Promise<readonly Foretelling[]> {
  return await Promise.all(
    peers.map(async (peer) => ({ peer, result: await peer.call("PlanBackend", request, actor) })),
  );
}

/** The plans that an action carries. */
export async function plansFor(
  peers: readonly FleetPeer[],
  request: Partial<messages.PlanBackendRequest>,
  actor: Actor,
): Promise<readonly messages.ForetoldPlan[]> {
  const all = await foretell(peers, request, actor);
  return all.flatMap(({ result }) =>
    result instanceof MaglevError || result.foretold === undefined ? [] : [result.foretold]
  );
}

/** The plan of an action on all load balancers of its scope. `peers`: the one that is asked first. */
export async function planOnAll(
  peers: readonly FleetPeer[],
  { request, command, actor }: {
    readonly request: Partial<messages.PlanBackendRequest> & { readonly scope: string };
    /** The line of maglevc, for these servers. */
    readonly command: (servers: string) => string;
    readonly actor: Actor;
  },
): Promise<PlanAnswer | MaglevError> {
  const [own] = peers;
  if (own === undefined) return NOT_KNOWN;
  const [all, fleet] = await Promise.all([
    foretell(peers, request, actor),
    own.call("GetFleet", {}, actor),
  ]);
  const first = all[0]!.result;
  if (first instanceof MaglevError) return first;
  const named = new Set<string>();
  const parts: PlanAnswer[] = [];
  const notes: string[] = [];
  for (const { peer, result } of all) {
    if (result instanceof MaglevError) {
      notes.push(`nothing is foretold for ${peer.name}: ${result.message}`);
      continue;
    }
    // One that is not in the scope has nothing to foretell.
    if (result.foretold === undefined || result.plan === undefined) continue;
    named.add(result.foretold.lb);
    const answer = peer.answerOf(result.plan);
    if (answer.warning !== undefined) notes.push(`${peer.name}: ${answer.warning}`);
    parts.push({
      ...answer,
      states: answer.states.map((state) => ({ ...state, lb: peer.name })),
      vips: answer.vips.map((vip) => ({ ...vip, lb: peer.name })),
    });
  }
  if (fleet instanceof MaglevError) notes.push(`the fleet is not known: ${fleet.message}`);
  else notes.push(...unasked(fleet, request.scope, named));
  return {
    ok: true,
    ...(notes.length === 0 ? {} : { warning: clip(notes.join("; "), 4 * MAX_TEXT) }),
    states: parts.flatMap(({ states }) => states),
    vips: parts.flatMap(({ vips }) => vips),
    vips_unchanged: parts.reduce((sum, part) => sum + part.vips_unchanged, 0),
    command: command(peers.map(({ address }) => address).join(",")),
  };
}

/** Load balancers of the scope that this dashboard does not follow, or that are away. */
function unasked(
  { members }: Pick<messages.FleetInfo, "members">,
  scope: string,
  named: ReadonlySet<string>,
): readonly string[] {
  return members.filter(({ name, site }) =>
    appliesTo(scope, { lb: name, site }) && !named.has(name)
  )
    .map(({ name, present }) =>
      `nothing is foretold for ${name}: ${present ? "no answer from it here" : "it is away"}`
    );
}

/** The error of an action with a scope before the fleet's load balancers are known. */
export const NOT_KNOWN = new MaglevError(
  "failed-precondition",
  "cannot use a scope: this load balancer has no store of a fleet, or it is not known yet",
);
