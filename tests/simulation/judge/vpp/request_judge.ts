/**
 * Judges the requests of one turn: each must lead to what VPP should have at this instant. So no
 * bucket moves without a cause, and no VIP with a healthy server is left without one by us. PURE.
 */
import { requestText, type SentRequest } from "../../world/requests.ts";
import type { VppView } from "../../world/vpp_view.ts";
import { wronglyTaken } from "../policy_judge.ts";
import type { CheckerState, WantedVip } from "../wanted.ts";

export interface RequestContext {
  readonly state: CheckerState;
  readonly wanted: ReadonlyMap<string, WantedVip>;
  /** What VPP had before, as far as it has carried out what was sent. */
  readonly before: VppView;
  readonly weights: boolean;
  /** True when nothing has disturbed VPP for long: it has what the daemon takes it to have. */
  readonly isTrusted: boolean;
  /** True when another program changed VPP, and the daemon may not have read it since. */
  readonly isEdited: boolean;
  /** VIPs that had no weight just before. */
  readonly opening: ReadonlySet<string>;
  /** `VIP server` of each that had no weight just before: it can have no flows. */
  readonly raised: ReadonlySet<string>;
  /** VIPs of which something is withheld. */
  readonly withheld: ReadonlySet<string>;
  /** VPP's stats segment has no room for all servers. */
  readonly isCramped: boolean;
  /** VIPs that are being taken down and put up again. */
  readonly recreated: ReadonlySet<string>;
}

/** The first request that is wrong. */
export function judgeRequests(
  requests: readonly SentRequest[],
  context: RequestContext,
): { readonly invariant: string; readonly message: string } | undefined {
  const { wanted } = context;
  for (const request of requests) {
    const problem = problemOf(request, requests, context);
    if (problem !== undefined) {
      return {
        invariant: "no bucket moves without a cause",
        message: `sent "${requestText(request)}": ${problem}`,
      };
    }
  }
  const afterAll = applied(requests, context.before);
  const taken = wrongTaken(requests, context, afterAll);
  if (taken !== undefined) return { invariant: "policies hold servers", message: taken };
  for (const [key, after] of afterAll) {
    const vip = wanted.get(key);
    const before = context.before.get(key);
    if (vip === undefined || vip.isBlind || before === undefined) continue;
    if (context.recreated.has(key) || context.withheld.has(key) || context.isEdited) continue;
    if (
      context.isTrusted && sum(before) > 0 && sum(after) > 0 && isEmptied(requests, key, before)
    ) {
      return {
        invariant: "a VIP is never empty in between",
        message: `VIP ${key} within ${requests.map(requestText).join("; ")}`,
      };
    }
    const healthy = [...vip.servers].filter(([, { weight }]) => weight > 0);
    const should = healthy.some(([address]) => after.has(address) || !context.isCramped);
    if (
      should && sum(before) > 0 && sum(after) === 0 && !mustWait(vip, { before, after, wanted })
    ) {
      return {
        invariant: "a VIP with a healthy server is never left without one",
        message: `VIP ${key} after ${requests.map(requestText).join("; ")}`,
      };
    }
  }
  return undefined;
}

/** What is taken out against a policy, in VIPs whose state in VPP is known. */
function wrongTaken(
  requests: readonly SentRequest[],
  { state, wanted, before, isTrusted, isEdited, recreated, withheld }: RequestContext,
  after: VppView,
): string | undefined {
  if (!isTrusted || isEdited) return undefined;
  const known = [...after].filter(([key]) =>
    wanted.get(key)?.isBlind === false && !recreated.has(key) && !withheld.has(key)
  );
  return wronglyTaken(requests, { state, before, after: new Map(known) });
}

function problemOf(
  request: SentRequest,
  all: readonly SentRequest[],
  { wanted, before, weights, isTrusted, isEdited, recreated, opening, raised }: RequestContext,
): string | undefined {
  if (request.kind === "conf") return undefined;
  const vip = wanted.get(request.vip);
  const isTakenDown = all.some((other) => other.kind === "vip-del" && other.vip === request.vip);
  if (request.kind === "vip-del") {
    const isPutUp = all.some((other) => other.kind === "vip-add" && other.vip === request.vip);
    // It is put up later when what it should have has changed meanwhile.
    // To VPP a VIP of all ports is the same with every protocol, also with a garbled one.
    const isMisread = isEdited && request.vip.endsWith(" 0");
    const mayGo = vip === undefined || isPutUp || recreated.has(request.vip) || isMisread;
    return mayGo ? undefined : "the VIP should exist";
  }
  if (request.kind === "vip-flush" && !before.has(request.vip) && !isEdited) {
    return "VPP lacks the VIP, and would flush another";
  }
  if (recreated.has(request.vip) && request.kind !== "as-add") return undefined;
  if (request.kind === "as-del" && (vip === undefined || isTakenDown)) return undefined;
  if (vip === undefined) return request.kind === "vip-flush" ? undefined : "it should not exist";
  if (request.kind === "vip-add") return undefined;
  if (request.kind === "vip-flush") {
    const after = applied(all, before).get(request.vip);
    const bystander = [...before.get(request.vip) ?? []].find(([address, weight]) =>
      weight > 0 && (after?.get(address) ?? 0) > 0 && !raised.has(`${request.vip} ${address}`)
    );
    return bystander === undefined || opening.has(request.vip) || !isTrusted
      ? undefined
      : `server ${bystander[0]} keeps its weight and loses its flows`;
  }
  const server = vip.servers.get(request.server);
  if (vip.isBlind) {
    if (!("weight" in request) || server === undefined) return undefined;
    if (request.weight > 0) return server.mayServe ? undefined : "the server is out";
    const isCut = (before.get(request.vip)?.get(request.server) ?? 0) > 0;
    return server.isBlind && isCut ? "the prober is blind, so the weight should stay" : undefined;
  }
  if (request.kind === "as-del" && !isEdited) {
    if (!weights && server !== undefined && server.weight > 0) return "the server should exist";
    if (weights && server !== undefined) return "the server should exist";
    if (server !== undefined && request.flush && !server.mayFlush) return "its flows should stay";
    return undefined;
  }
  if (request.kind === "as-del") return undefined;
  if (server === undefined) return "the server should not exist";
  const weight = weights || server.weight === 0 ? server.weight : 100;
  if (request.weight !== weight) return `the weight should be ${weight}`;
  if (request.flush && !server.mayFlush) return "its flows should stay";
  const present = before.get(request.vip)?.get(request.server);
  const isCut = request.kind === "as-weight" && request.weight === 0 && (present ?? 0) > 0;
  if (isCut && server.mayFlush && !request.flush && !isEdited) {
    // One flush of the VIP follows when all of its servers with flows are flushed.
    const after = applied(all, before).get(request.vip);
    const keepsFlows = [...before.get(request.vip)!].some(([address, weight]) =>
      weight > 0 && (after?.get(address) ?? 0) > 0
    );
    if (keepsFlows) return "its flows should be flushed";
  }
  if (request.kind === "as-weight" && isTrusted && present === weight && !request.flush) {
    // A flush of the VIP, which follows, may stand for the one of this server.
    return weight === 0 && server.mayFlush ? undefined : "VPP has this weight";
  }
  return undefined;
}

/**
 * True when those that had weight are not up, and those that should get some are VIPs: while another
 * chain is taken down, they cannot be added.
 */
function mustWait(
  { servers }: WantedVip,
  { before, after, wanted }: {
    readonly before: ReadonlyMap<string, number>;
    readonly after: ReadonlyMap<string, number>;
    readonly wanted: ReadonlyMap<string, WantedVip>;
  },
): boolean {
  const isVip = (address: string) =>
    [...wanted.keys()].some((key) => key.startsWith(`${address}/`));
  const cut = [...before].filter(([, weight]) => weight > 0).map(([address]) => address);
  const due = [...servers].filter(([, { weight }]) => weight > 0).map(([address]) => address);
  return cut.every((address) => servers.get(address)?.serves === false) &&
    due.every((address) => isVip(address) && !after.has(address));
}

function sum(servers: ReadonlyMap<string, number>): number {
  return [...servers.values()].reduce((all, weight) => all + weight, 0);
}

/** True when a VIP has no weight after one of the requests. */
function isEmptied(
  requests: readonly SentRequest[],
  key: string,
  before: ReadonlyMap<string, number>,
): boolean {
  const own = requests.filter((request) => request.kind !== "conf" && request.vip === key);
  return own.some((_, i) => {
    const after = applied(own.slice(0, i + 1), new Map([[key, before]])).get(key)!;
    return sum(after) === 0;
  });
}

/** VPP's state after the requests, of the VIPs that they are about. */
function applied(
  requests: readonly SentRequest[],
  before: VppView,
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const after = new Map<string, Map<string, number>>();
  for (const request of requests) {
    if (request.kind === "conf") continue;
    let servers = after.get(request.vip);
    if (servers === undefined) {
      after.set(request.vip, servers = new Map(before.get(request.vip)));
    }
    if (request.kind === "vip-add" || request.kind === "vip-del") servers.clear();
    else if (request.kind === "as-del") servers.delete(request.server);
    else if (request.kind !== "vip-flush") servers.set(request.server, request.weight);
  }
  return after;
}
