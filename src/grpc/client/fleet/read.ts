/** Asks load balancers side by side. One that does not answer in time is reported, not waited for. */
import { MaglevError } from "../../../base/errors.ts";
import type { Clock } from "../../../base/ports.ts";
import {
  type Answer,
  compareFleet,
  type Comparison,
  type LbReport,
} from "../../../fleet/compare.ts";
import { Tables, type VipDifference, vipDifference } from "../../../fleet/difference.ts";
import type { VipSide } from "../../../fleet/side.ts";
import type { MaglevClient } from "../client.ts";
import { type Endpoint, explain } from "../failures.ts";
import { AnswerReader, type Read, vipNameOf } from "./answers.ts";

/** A load balancer, as far as it is needed here. */
export interface FleetServer {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Why it is not asked, in words; absent: it is. */
  readonly away?: string | undefined;
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
  /** Of the first VIPs that differ. */
  readonly differences: readonly VipDifference[];
  /** VIPs that differ and are not among `differences`. */
  readonly unexplained: readonly string[];
}

/** Reads the fingerprints of all, then the details of VIPs that differ. */
export async function readFleet(options: AskOptions): Promise<FleetState> {
  const { clock } = options;
  const beganMs = clock.monotonicMs();
  const comparison = compareFleet(await readReports(options));
  return await explainFleet(comparison, { ...options, tookMs: clock.monotonicMs() - beganMs });
}

/** Reads the fingerprints of all. */
export async function readReports(options: AskOptions): Promise<readonly LbReport[]> {
  return await Promise.all(options.servers.map(async (server): Promise<LbReport> => {
    const { name: lb, away, endpoint } = server;
    if (away !== undefined) return { lb, answer: away };
    const read = await readPages(server, [], { ...options, deadlineMs: endpoint.timeoutMs });
    const answer: Read<Answer> = read.ok ? read.value.answer() : read;
    return { lb, answer: answer.ok ? answer.value : answer.reason };
  }));
}

export interface ExplainOptions extends AskOptions {
  /** Milliseconds that the comparison took, of those that each server has. */
  readonly tookMs: number;
  /** Most VIPs that are explained; default MAX_EXPLAINED. */
  readonly most?: number;
  /** Leaves out who is responsible for an intent. */
  readonly anonymous?: boolean;
}

/** Reads the details of VIPs that differ. */
export async function explainFleet(
  comparison: Comparison,
  options: ExplainOptions,
): Promise<FleetState> {
  const { servers, most = MAX_EXPLAINED, anonymous = false } = options;
  const explained = comparison.differing.slice(0, most);
  const compared = comparison.members.filter(({ excluded }) => excluded === "");
  const sides = await Promise.all(compared.map(async ({ lb }) => {
    const server = servers.find(({ name }) => name === lb)!;
    return { lb, sides: await readSides(server, explained, options) };
  }));
  const tables = new Tables();
  const differences = explained.flatMap((vip) => {
    // A load balancer that no longer answers is not one that does not have the VIP.
    const answered = sides.filter(({ sides }) => sides !== undefined);
    const found = answered.flatMap(({ sides }) => sides?.get(vip) ?? []);
    return vipDifference(vip, {
      sides: anonymous ? found.map(withoutNames) : found,
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

/** The details of VIPs, by key text; undefined: it did not answer. */
export async function readSides(
  server: FleetServer,
  vips: readonly string[],
  options: Pick<ExplainOptions, "clock" | "signal" | "tookMs"> & { readonly past?: boolean },
): Promise<ReadonlyMap<string, VipSide> | undefined> {
  if (vips.length === 0) return new Map();
  const deadlineMs = Math.max(LEAST_MS, server.endpoint.timeoutMs - options.tookMs);
  const read = await readPages(server, vips, { ...options, deadlineMs });
  return read.ok && read.value.answer().ok ? read.value.sides : undefined;
}

function withoutNames(side: VipSide): VipSide {
  return { ...side, entries: side.entries.map((entry) => ({ ...entry, by: undefined })) };
}

async function readPages(
  server: FleetServer,
  vips: readonly string[],
  { deadlineMs, signal, past = false }: Pick<AskOptions, "signal"> & {
    readonly deadlineMs: number;
    readonly past?: boolean;
  },
): Promise<Read<AnswerReader>> {
  const reader = new AnswerReader(server.name);
  try {
    await server.ask(async (client) => {
      const request = { vips: vips.map(vipNameOf), past };
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
export function errorOf(caught: unknown): MaglevError {
  if (!(caught instanceof MaglevError)) throw caught;
  return caught;
}
