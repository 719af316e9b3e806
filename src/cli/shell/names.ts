/**
 * Names from the servers, which TAB offers. A server that is away, slow or refuses contributes
 * none: it is given up after a moment, without a message.
 */
import { orLate } from "../../async/deadline.ts";
import { MaglevError } from "../../base/errors.ts";
import type { MonotonicMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import type { MaglevClient } from "../../grpc/client/client.ts";
import type { Names } from "../language/complete.ts";
import type { Args, SlotKind } from "../language/node.ts";

/** Longest wait after TAB, in milliseconds. */
export const NAMES_DEADLINE_MS = 200;
/** Time for which names, or their absence, are remembered, in milliseconds. */
const FRESH_MS = 2000;
/** Largest number of remembered lists. */
const MAX_LISTS = 100;

/** The part of Server that is used here. */
export interface NamingServer {
  ask<T>(call: (client: Pick<MaglevClient, "call">) => Promise<T>): Promise<T>;
}

export interface NamesOptions {
  readonly servers: readonly NamingServer[];
  readonly clock: Clock;
}

/** The names of all servers together, sorted. Never rejects. */
export function liveNames({ servers, clock }: NamesOptions): Names {
  const known = new Map<
    string,
    { readonly sinceMs: MonotonicMs; readonly names: Promise<string[]> }
  >();
  return (slot, args) => {
    const key = JSON.stringify([slot, args.frontend, args.pool]);
    const nowMs = clock.monotonicMs();
    const found = known.get(key);
    if (found !== undefined && nowMs - found.sinceMs < FRESH_MS) return found.names;
    if (known.size >= MAX_LISTS) known.clear();
    const names = askAll(servers, { clock, ask: (client) => namesOf(client, slot, args) });
    known.set(key, { sinceMs: nowMs, names });
    return names;
  };
}

/** The names from the servers that answer in time. */
async function askAll(
  servers: readonly NamingServer[],
  { clock, ask }: {
    readonly clock: Clock;
    readonly ask: (client: Pick<MaglevClient, "call">) => Promise<readonly string[]>;
  },
): Promise<string[]> {
  const lists = await Promise.all(servers.map((server) => {
    const answer = server.ask(ask).catch((error) => {
      if (!(error instanceof MaglevError)) throw error;
      return [];
    });
    return orLate(answer, { clock, deadlineMs: NAMES_DEADLINE_MS, late: () => [] });
  }));
  return [...new Set(lists.flat())].sort();
}

async function namesOf(
  client: Pick<MaglevClient, "call">,
  slot: SlotKind,
  args: Args,
): Promise<readonly string[]> {
  const options = { deadlineMs: NAMES_DEADLINE_MS };
  switch (slot) {
    case "frontend":
      return (await client.call("ListFrontends", {}, options)).frontendNames;
    case "backend":
      return (await client.call("ListBackends", {}, options)).backendNames;
    case "healthcheck":
      return (await client.call("ListHealthChecks", {}, options)).healthcheckNames;
    case "pool":
    case "pool-backend": {
      const request = { name: args.frontend ?? "" };
      const { pools } = await client.call("GetFrontend", request, options);
      if (slot === "pool") return pools.map(({ name }) => name);
      const pool = pools.find(({ name }) => name === args.pool);
      return pool?.backends.map(({ name }) => name) ?? [];
    }
    case "lb":
    case "site": {
      const { members } = await client.call("GetFleet", {}, options);
      const names = members.map(({ name, site }) => slot === "lb" ? name : site);
      return names.filter((name) => name !== "");
    }
    default:
      return [];
  }
}
