/** Asks load balancers side by side how they see their servers. */
import { type Voter, type VoteRow, votesOf } from "../../fleet/votes.ts";
import { explain } from "../../grpc/client/failures.ts";
import { seenServers } from "../../grpc/client/fleet/answers.ts";
import { type AskOptions, errorOf } from "../../grpc/client/fleet/read.ts";

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
