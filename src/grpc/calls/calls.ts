/**
 * Connects the library's calls to handlers. Identifies and authorises the caller, reads the
 * request, writes the answer, turns errors into statuses, records operators' actions, and ends a
 * call from either side. Handlers contain none of that.
 */
import type { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";
import { MaglevError } from "../../base/errors.ts";
import type { Clock, LogFields, Logger } from "../../base/ports.ts";
import { type BeforeAndAfter, logAction } from "../../checker/operations/operator.ts";
import type { ActiveCalls, Holder } from "./active_calls.ts";
import { asBuffer } from "./buffer.ts";
import {
  type AccessPolicy,
  anonymousCaller,
  type Caller,
  identify,
  type Peer,
  refusal,
} from "./auth.ts";
import type { ServedMethod } from "./methods.ts";
import { decode, encode } from "../messages/codec.ts";
import type { MethodInfo } from "../messages/methods.ts";
import { DecodeError } from "../messages/strict_reader.ts";
import { type Status, statusOf } from "../status.ts";
import type { TimeSlices } from "../../async/time_slices.ts";
import type { RefusedActions } from "./refused_actions.ts";
import { USER_HEADER } from "./user_name.ts";

/** A handler's view of a call, next to the request. */
export interface CallContext {
  readonly caller: Caller;
  /** Aborted when the answer is no longer needed. */
  readonly signal: AbortSignal;
}

/** Answers a call that changes nothing. Expected failures are values. */
export type Handler<Req, Res> = (
  request: Req,
  context: CallContext,
) => Res | MaglevError | Promise<Res | MaglevError>;

/** The result of an action, for the caller and for the record. */
export interface ActionResult<Res> extends Partial<BeforeAndAfter> {
  readonly answer: Res | MaglevError;
  /** For the record: why nothing was done, although the answer is a message. */
  readonly undone?: MaglevError | undefined;
}

/** Answers a call that changes something. */
export interface ActionHandler<Req, Res> {
  /** The arguments, as the record has them. */
  readonly argumentsOf: (request: Req) => LogFields;
  /** Why, in the operator's words. */
  readonly reasonOf: (request: Req) => string;
  /** The current value of what changes: a state, a weight. Undefined when it does not exist. */
  readonly valueOf: (request: Req) => BeforeAndAfter["before"];
  readonly run: (request: Req, context: CallContext) => Promise<ActionResult<Res>>;
}

/** Answers with a stream, which is closed when the call ends. */
export type StreamHandler<Req> = (
  request: Req,
  context: CallContext,
) => AsyncIterableIterator<Uint8Array> | MaglevError;

/** The parts of the server that answering calls needs. */
export interface CallEnvironment {
  readonly policy: () => AccessPolicy;
  readonly peer: (key: string) => Peer;
  readonly active: ActiveCalls;
  readonly refusedActions: RefusedActions;
  readonly slices: TimeSlices;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A request, or the reason why it cannot be read. */
export type Parsed<Req> =
  | { readonly ok: true; readonly message: Req }
  | { readonly ok: false; readonly error: MaglevError };

/** Reads requests. An invalid one becomes a value too, so that it is answered like any other. */
export function parser<Req, Res>(method: MethodInfo<Req, Res>): (bytes: Buffer) => Parsed<Req> {
  return (bytes) => {
    try {
      return { ok: true, message: decode(method.request, bytes) };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const message = `cannot read the request as ${method.request.$type}: ${error.message}`;
      return { ok: false, error: new MaglevError("invalid-argument", message) };
    }
  };
}

/** A call under way: its end as an abort signal, and the memory of its unread answers. */
export class OpenCall {
  readonly #holder: Holder;
  readonly #active: ActiveCalls;
  readonly #abort = new AbortController();
  readonly #call: { readonly stop: () => void };
  #heldBytes = 0;

  /** `onStop` is called when the daemon stops. */
  constructor(holder: Holder, active: ActiveCalls, onStop: () => void) {
    this.#holder = holder;
    this.#active = active;
    this.#call = { stop: onStop };
    active.add(this.#call);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  hold(bytes: number): boolean {
    if (!this.#active.hold(this.#holder, bytes)) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /** Frees memory of answers that were read. */
  release(bytes: number): void {
    const held = Math.min(bytes, this.#heldBytes);
    this.#active.release(this.#holder, held);
    this.#heldBytes -= held;
  }

  /** Frees everything, whichever side ended the call. Idempotent. */
  end(): void {
    this.#active.remove(this.#call);
    this.release(this.#heldBytes);
    this.#abort.abort();
  }
}

export const STOPPING = new MaglevError("unavailable", "maglevd is stopping");

/** The caller, and the error when the call is refused. */
export function admit(
  method: ServedMethod,
  call: { getPeer(): string; readonly metadata: grpc.Metadata },
  { policy, peer, active }: CallEnvironment,
): { readonly caller: Caller; readonly refused: MaglevError | undefined } {
  const rules = policy();
  const end = peer(call.getPeer());
  const valuesOf = (key: string) => call.metadata.get(key).map(String);
  const user = valuesOf(USER_HEADER);
  const judged = identify(end, { authorization: valuesOf("authorization"), user }, rules);
  if (judged instanceof MaglevError) {
    const caller = anonymousCaller(end, user, "none");
    return { caller, refused: method.needs === "anyone" ? undefined : judged };
  }
  const refused = refusal(method, judged, rules);
  return { caller: judged, refused: refused ?? (active.stopped ? STOPPING : undefined) };
}

/** The error for the caller. The details of a bug go to the log only. */
export function failure(error: unknown, method: ServedMethod, logger: Logger): MaglevError {
  if (error instanceof MaglevError) return error;
  const known = MaglevError.from(error);
  const stack = error instanceof Error ? error.stack : undefined;
  logger.error("grpc-error", { method: method.name, err: known.message, stack });
  return new MaglevError("internal", `cannot answer ${method.name}: a bug in maglevd; see its log`);
}

/** A handler for calls that change nothing. */
export function unary<Req, Res>(
  method: ServedMethod & { readonly info: MethodInfo<Req, Res> },
  handler: Handler<Req, Res>,
  environment: CallEnvironment,
): grpc.handleUnaryCall<Parsed<Req>, Buffer> {
  return answerUnary(
    method,
    environment,
    (request, context) => request.ok ? handler(request.message, context) : request.error,
  );
}

/**
 * A handler for calls that change something: each leaves one record. Those that are refused for lack
 * of permission have a limited number of records.
 */
export function action<Req, Res>(
  method: ServedMethod & { readonly info: MethodInfo<Req, Res> },
  handler: ActionHandler<Req, Res>,
  environment: CallEnvironment,
): grpc.handleUnaryCall<Parsed<Req>, Buffer> {
  const { logger, refusedActions } = environment;
  const recorder = (request: Parsed<Req>, { peer, identity }: Caller) => {
    // Arguments and value are those from before the action.
    const asked = request.ok ? handler.argumentsOf(request.message) : {};
    const reason = request.ok ? handler.reasonOf(request.message) : "";
    const before = request.ok ? handler.valueOf(request.message) : undefined;
    return (result: Partial<BeforeAndAfter> & { readonly error?: MaglevError | undefined }) =>
      logAction(logger, {
        method: method.name,
        arguments: asked,
        by: { peer, identity },
        reason: reason === "" ? undefined : reason,
        error: result.error,
        before: result.before ?? before,
        // Without a value from after the action, nothing was changed.
        after: result.after ?? result.before ?? before,
      });
  };
  async function answer(request: Parsed<Req>, context: CallContext): Promise<Res | MaglevError> {
    const record = recorder(request, context.caller);
    if (!request.ok) {
      record({ error: request.error });
      return request.error;
    }
    let result: ActionResult<Res>;
    try {
      result = await handler.run(request.message, context);
    } catch (error) {
      result = { answer: failure(error, method, logger) };
    }
    const { before, after } = result;
    record({
      before,
      after,
      error: result.answer instanceof MaglevError ? result.answer : result.undone,
    });
    return result.answer;
  }
  return answerUnary(method, environment, answer, (request, caller, error) => {
    const limited = error.code === "permission-denied" || error.code === "unauthenticated";
    const { peer } = caller;
    if (limited && !refusedActions.admit({ method: method.name, peer, error })) return;
    recorder(request, caller)({ error });
  });
}

function answerUnary<Req, Res>(
  method: ServedMethod & { readonly info: MethodInfo<Req, Res> },
  environment: CallEnvironment,
  answer: Handler<Parsed<Req>, Res>,
  onRefused: (request: Parsed<Req>, caller: Caller, error: MaglevError) => void = () => {},
): grpc.handleUnaryCall<Parsed<Req>, Buffer> {
  const { active, slices, logger } = environment;
  return (call, callback) => {
    const { caller, refused } = admit(method, call, environment);
    if (refused !== undefined) {
      onRefused(call.request, caller, refused);
      callback(statusOf(refused));
      return;
    }
    let answered = false;
    const reply = (result: Status | Buffer) => {
      if (answered) return;
      answered = true;
      if ("code" in result) callback(result);
      else callback(null, result);
    };
    const open = new OpenCall(
      holderOf(call, caller),
      active,
      () => reply(statusOf(STOPPING)),
    );
    // The library emits it at the end of every call, answered or not.
    call.on("cancelled", () => {
      answered = true;
      open.end();
    });
    const give = (result: Res | MaglevError) => {
      if (result instanceof MaglevError) return reply(statusOf(result));
      if (answered) return;
      const bytes = encode(method.info.response, result);
      reply(open.hold(bytes.length) ? asBuffer(bytes) : statusOf(UNREAD));
    };
    const fail = (error: unknown) => reply(statusOf(failure(error, method, logger)));
    slices.run(() => {
      if (answered) return onRefused(call.request, caller, GONE);
      try {
        const result = answer(call.request, { caller, signal: open.signal });
        // A result that is not a promise is answered within the same turn.
        if (result instanceof Promise) result.then(give).catch(fail);
        else give(result);
      } catch (error) {
        fail(error);
      }
    });
  };
}

export function holderOf(call: { getPeer(): string }, { trusted }: Caller): Holder {
  return { connection: call.getPeer(), trusted };
}

const GONE = new MaglevError("aborted", "the call ended before it was handled");

export const UNREAD = new MaglevError(
  "resource-exhausted",
  "too many unread answers; read those first",
);
