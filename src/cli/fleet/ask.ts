/** Asks load balancers side by side. One that does not answer in time is reported, not waited for. */
import { MaglevError } from "../../base/errors.ts";
import type { Clock } from "../../base/ports.ts";
import { type Answer, compareFleet, type Comparison, type LbReport } from "../../fleet/compare.ts";
import { Tables, type VipDifference, vipDifference } from "../../fleet/difference.ts";
import type { VipSide } from "../../fleet/side.ts";
import { type Voter, type VoteRow, votesOf } from "../../fleet/votes.ts";
import { later } from "../../base/instant.ts";
import type { MaglevClient } from "../../grpc/client/client.ts";
import { type Endpoint, explain } from "../../grpc/client/failures.ts";
import { AnswerReader, type Read, seenServers, vipNameOf } from "./answers.ts";

/** A server of the command line, as far as it is needed here. */
export interface FleetServer {
  readonly name: string;
  readonly endpoint: Endpoint;
  ask<T>(call: (client: Pick<MaglevClient, "fingerprints" | "call">) => Promise<T>): Promise<T>;
}

export interface AskOptions {
  readonly servers: readonly FleetServer[];
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Most VIPs that are explained. */
export const MAX_EXPLAINED = 200;
/** Bounds of one page: 500 VIPs, or 20 with thousands of servers each. */
const PAGE = { bytes: 16 * 1024 * 1024, messages: 300_000 } as const;
/** Least time for the details, also when the fingerprints took nearly all of it. */
const LEAST_MS = 500;

/** A fleet, compared and explained. */
export interface FleetState {
  readonly comparison: Comparison;
  /** Of the first MAX_EXPLAINED VIPs that differ. */
  readonly differences: readonly VipDifference[];
  /** VIPs that differ and are not among `differences`. */
  readonly unexplained: readonly string[];
}

/** Reads the fingerprints of all, then the details of VIPs that differ. */
export async function readFleet(options: AskOptions): Promise<FleetState> {
  const { servers, clock } = options;
  const beganMs = clock.monotonicMs();
  const reports = await Promise.all(servers.map(async (server): Promise<LbReport> => {
    const read = await readPages(server, [], { ...options, deadlineMs: server.endpoint.timeoutMs });
    const answer: Read<Answer> = read.ok ? read.value.answer() : read;
    return { lb: server.name, answer: answer.ok ? answer.value : answer.reason };
  }));
  const comparison = compareFleet(reports);
  const explained = comparison.differing.slice(0, MAX_EXPLAINED);
  const compared = comparison.members.filter(({ excluded }) => excluded === "");
  const sides = await Promise.all(compared.map(async ({ lb }) => {
    const server = servers.find(({ name }) => name === lb)!;
    const leftMs = later(beganMs, server.endpoint.timeoutMs) - clock.monotonicMs();
    const deadlineMs = Math.max(LEAST_MS, leftMs);
    if (explained.length === 0) return { lb, sides: new Map<string, VipSide>() };
    const read = await readPages(server, explained, { ...options, deadlineMs });
    return { lb, sides: read.ok && read.value.answer().ok ? read.value.sides : undefined };
  }));
  const tables = new Tables();
  const differences = explained.flatMap((vip) => {
    // A load balancer that no longer answers is not one that does not have the VIP.
    const answered = sides.filter(({ sides }) => sides !== undefined);
    return vipDifference(vip, {
      sides: answered.flatMap(({ sides }) => sides?.get(vip) ?? []),
      missing: answered.filter(({ sides }) => sides?.has(vip) === false).map(({ lb }) => lb),
      tables,
    }) ?? [];
  });
  const known = new Set(differences.map(({ vip }) => vip));
  return {
    comparison,
    differences,
    unexplained: comparison.differing.filter((vip) => !known.has(vip)),
  };
}

async function readPages(
  server: FleetServer,
  vips: readonly string[],
  { deadlineMs, signal }: AskOptions & { readonly deadlineMs: number },
): Promise<Read<AnswerReader>> {
  const reader = new AnswerReader(server.name);
  try {
    await server.ask(async (client) => {
      const request = { vips: vips.map(vipNameOf) };
      const pages = client.fingerprints(request, { deadlineMs, signal, bounds: PAGE });
      for await (const page of pages) if (!reader.add(page)) return;
    });
    return { ok: true, value: reader };
  } catch (error) {
    return { ok: false, reason: reasonOf(error, server) };
  }
}

function reasonOf(caught: unknown, { endpoint }: FleetServer): string {
  const error = errorOf(caught);
  return error.code === "unimplemented"
    ? "an older version: it has no fingerprints"
    : explain(error, endpoint);
}

/** The error of a call; a defect of this program is passed on. */
function errorOf(caught: unknown): MaglevError {
  if (!(caught instanceof MaglevError)) throw caught;
  return caught;
}

/** The servers as all load balancers see them. */
export interface Votes {
  readonly voters: readonly string[];
  readonly rows: readonly VoteRow[];
  /** Servers of all voters together, each once. */
  readonly servers: number;
  readonly failures: readonly { readonly lb: string; readonly reason: string }[];
}

export async function readVotes({ servers, signal }: AskOptions): Promise<Votes> {
  const asked = await Promise.all(servers.map(async (server) => {
    try {
      const { backends } = await server.ask((client) =>
        client.call("ListBackends", { details: true }, { signal })
      );
      return { lb: server.name, servers: seenServers(backends) };
    } catch (error) {
      return { lb: server.name, reason: explain(errorOf(error), server.endpoint) };
    }
  }));
  const voters = asked.flatMap(({ lb, servers }): Voter[] =>
    servers === undefined ? [] : [{ lb, servers }]
  );
  const all = voters.flatMap(({ servers }) => servers.map((s) => `${s.address} ${s.name}`));
  return {
    voters: voters.map(({ lb }) => lb),
    rows: votesOf(voters),
    servers: new Set(all).size,
    failures: asked.flatMap(({ lb, reason }) => reason === undefined ? [] : [{ lb, reason }]),
  };
}
