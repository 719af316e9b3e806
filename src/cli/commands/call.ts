/** Shared by all commands: takes arguments, calls, and converts the answer to JSON. */
import { MaglevError } from "../../base/errors.ts";
import {
  type CallOptions,
  type RequestOf,
  type ResponseOf,
  type UnaryMethod,
} from "../../grpc/client/client.ts";
import type { Answer, CommandContext } from "./command.ts";
import type { Args } from "../language/node.ts";
import type { View } from "../render/model.ts";

/** Calls with the command's signal. Rejects with MaglevError. */
export function ask<M extends UnaryMethod>(
  { client, signal }: CommandContext,
  method: M,
  { request, deadlineMs }: {
    readonly request?: Partial<RequestOf<M>>;
    readonly deadlineMs?: number;
  } = {},
): Promise<ResponseOf<M>> {
  const options: CallOptions = { signal, deadlineMs };
  return client.call(method, request ?? {}, options);
}

/** The answer of a command: its view, and its message as JSON. */
export function answer<M extends UnaryMethod>(
  method: M,
  message: ResponseOf<M>,
  { view, ok = true }: { readonly view: View; readonly ok?: boolean },
): Answer {
  return {
    // Computed only when needed: for 10,000 backends it costs more than the table.
    async json() {
      const { answerJson } = await import("../../grpc/client/json.ts");
      return answerJson(method, message);
    },
    view,
    ok,
  };
}

/** The value of a slot. @throws {MaglevError} `invalid-argument`: it is absent */
export function need(args: Args, name: string): string {
  const value = args[name];
  if (value === undefined) throw new MaglevError("invalid-argument", `no ${name} given`);
  return value;
}
