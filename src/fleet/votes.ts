/**
 * How load balancers see the same servers. PURE. Votes explain and are never acted on: the checks of
 * a load balancer take the way of its own traffic, so another one's view would send flows into a
 * hole.
 */
import type { WallMs } from "../base/instant.ts";

/** A server as one load balancer sees it. */
export interface SeenServer {
  readonly name: string;
  readonly address: string;
  readonly state: string;
  /** Code of its last result; may be empty. */
  readonly code: string;
  /** Unix time in milliseconds since which it is in this state. */
  readonly sinceMs: WallMs;
}

/** The servers of one load balancer. */
export interface Voter {
  readonly lb: string;
  readonly servers: readonly SeenServer[];
}

/** A server, and what each load balancer sees. */
export interface VoteRow {
  readonly name: string;
  readonly address: string;
  /** In the order of the voters; undefined: this one does not have the server. */
  readonly votes: readonly (SeenServer | undefined)[];
  /** True when states differ, or a load balancer does not have the server. */
  readonly split: boolean;
}

/**
 * The servers that are not `up` everywhere, split votes first. Servers are the same by name and
 * address; otherwise they are in the order of the first voter that has each.
 */
export function votesOf(voters: readonly Voter[]): readonly VoteRow[] {
  const rows = new Map<string, (SeenServer | undefined)[]>();
  for (const [place, { servers }] of voters.entries()) {
    for (const server of servers) {
      const key = `${server.address} ${server.name}`;
      let votes = rows.get(key);
      if (votes === undefined) rows.set(key, votes = voters.map(() => undefined));
      votes[place] ??= server;
    }
  }
  const all = [...rows.values()].map((votes): VoteRow => {
    const { name, address } = votes.find((vote) => vote !== undefined)!;
    const split = new Set(votes.map((vote) => vote?.state)).size > 1;
    return { name, address, votes, split };
  });
  const doubtful = all.filter(({ votes }) => votes.some((vote) => vote?.state !== "up"));
  return [...doubtful.filter(({ split }) => split), ...doubtful.filter(({ split }) => !split)];
}
