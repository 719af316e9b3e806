/** A client for tests of maglevc's commands that returns fixed messages and records its calls. */
import { MaglevError } from "../../../src/base/errors.ts";
import type {
  CallOptions,
  MaglevClient,
  RequestOf,
  ResponseOf,
  UnaryMethod,
} from "../../../src/grpc/client/client.ts";

/** Answer of each method; one that throws a MaglevError refuses. */
export type Answers = {
  readonly [M in UnaryMethod]?: (request: Partial<RequestOf<M>>) => ResponseOf<M>;
};

/** One call that was made. */
export interface RecordedCall {
  readonly method: UnaryMethod;
  readonly request: unknown;
  readonly options: CallOptions | undefined;
}

/** A client that returns `answers` and records its calls. */
export function fakeClient(
  answers: Answers,
): { readonly client: Pick<MaglevClient, "call">; readonly asked: RecordedCall[] } {
  const asked: RecordedCall[] = [];
  function call<M extends UnaryMethod>(
    method: M,
    request: Partial<RequestOf<M>> = {},
    options?: CallOptions,
  ): Promise<ResponseOf<M>> {
    asked.push({ method, request, options });
    const answer: ((request: Partial<RequestOf<M>>) => ResponseOf<M>) | undefined = answers[method];
    if (answer === undefined) {
      return Promise.reject(new MaglevError("unimplemented", `no answer to ${method}`));
    }
    return Promise.resolve().then(() => answer(request));
  }
  return { client: { call }, asked };
}
