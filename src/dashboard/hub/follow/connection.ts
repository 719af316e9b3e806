/** The connection to a maglevd, as the hub uses it: MaglevClient is one, tests have their own. */
import { MaglevError } from "../../../base/errors.ts";
import type { NamedServer } from "../../../base/lb_names.ts";
import type { MaglevClient } from "../../../grpc/client/client.ts";
import { nameOf } from "../model/convert.ts";

export type Connection = Pick<MaglevClient, "call" | "watch" | "fingerprints" | "close">;

/** Opens a connection, which is used immediately. @throws {MaglevError} unusable credentials */
export type Connect = (server: NamedServer) => Connection;

/** Deadlines in milliseconds: of small answers, of lists, and of what an operator does. */
export const ANSWER_MS = 4000;
export const LIST_MS = 10_000;
export const ACTION_MS = 10_000;

/** The error of an answer that is about another object than the call was. */
export function wrongAnswer(name: string): MaglevError {
  return new MaglevError("internal", `the answer is about ${JSON.stringify(nameOf(name))}`);
}
