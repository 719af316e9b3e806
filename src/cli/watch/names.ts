/**
 * Checks names before they are watched. A server sends nothing for an unknown name, and an operator
 * would wait in vain.
 */
import { MaglevError } from "../../base/errors.ts";
import type { MaglevClient } from "../../grpc/client/client.ts";
import { failureLine } from "../../grpc/client/failures.ts";
import type { Args } from "../language/node.ts";
import type { Server } from "../servers.ts";

/** The part of Server that is used here. */
export interface ServerEndpoint extends Pick<Server, "endpoint"> {
  ask<T>(call: (client: Pick<MaglevClient, "call">) => Promise<T>): Promise<T>;
}

/** A message for each server without such a name; servers that are away are left to the watch. */
export async function unknownNames(
  { servers }: { readonly servers: readonly ServerEndpoint[] },
  { backend = "", frontend = "" }: Args,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const lookUp = async (client: Pick<MaglevClient, "call">) => {
    if (backend !== "") await client.call("GetBackend", { name: backend }, { signal });
    if (frontend !== "") await client.call("GetFrontend", { name: frontend }, { signal });
  };
  if (backend === "" && frontend === "") return [];
  const found = await Promise.all(servers.map(async (server) => {
    try {
      await server.ask(lookUp);
      return [];
    } catch (error) {
      if (!(error instanceof MaglevError)) throw error;
      return error.code === "not-found"
        ? [failureLine(error, server.endpoint, servers.length > 1)]
        : [];
    }
  }));
  return found.flat();
}
