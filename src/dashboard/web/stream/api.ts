/** Requests to the server. URLs are built from the origin, which never has a password in it. */
import type {
  ActionAnswer,
  ActionBody,
  BackendDetails,
  BackendExplanation,
  CancelBody,
  DrainBody,
  ErrorAnswer,
  FrontendExplanation,
  History,
  PlanAnswer,
  PlanBody,
  State,
  SyncBody,
  TimelinePage,
  WeightBody,
} from "../../protocol.ts";
import type { PlannedWish, Wish } from "../model/plan_words.ts";
import type { Base, TimelineTarget } from "../model/url_state.ts";

/** An answer that is not a success, or none at all. */
class RequestError extends Error {
  override name = "RequestError";
  /** Of the answer; empty without one. */
  readonly code: string;
  /** True: the request had no effect, because an answer refuses it. */
  readonly isRefusal: boolean;

  /** `status`: of the answer; undefined: without one. */
  constructor(message: string, { status = 500, code = "" } = {}) {
    super(message);
    this.code = code;
    // A server, or a proxy, that fails may have passed it on.
    this.isRefusal = status < 500 || code === "unimplemented";
  }
}

/** True when a request that failed may have had its effect all the same. */
export function mayBeDone(error: unknown): boolean {
  return !(error instanceof RequestError && error.isRefusal);
}

/** True when asking again is useless until something changes: a maglevd is too old for the call. */
export function isForGood(error: unknown): boolean {
  return error instanceof RequestError && error.code === "unimplemented";
}

/** A request that takes longer has failed. */
const TIMEOUT_MS = 15_000;

export class Api {
  readonly #root: string;
  readonly #admin: boolean;

  constructor(origin: string, { prefix, admin }: Base) {
    this.#root = `${origin}${prefix}`;
    this.#admin = admin;
  }

  /** Tree of the page's own role: operators see who acted. */
  get #tree(): string {
    return `${this.#root}${this.#admin ? "admin" : "view"}/api`;
  }

  get eventsUrl(): string {
    return `${this.#tree}/events`;
  }

  /** For links of the page: JSON of the same state. */
  get stateUrl(): string {
    return `${this.#tree}/state`;
  }

  /** The same page in the other role. */
  get otherRoleUrl(): string {
    return `${this.#root}${this.#admin ? "view" : "admin"}/`;
  }

  /** True when the server has a login for actions. */
  async hasAdmin(): Promise<boolean> {
    const version: { admin?: boolean } = await this.#get(`${this.#root}view/api/version`);
    return version.admin === true;
  }

  state(): Promise<State> {
    return this.#get(this.stateUrl);
  }

  /** Strips and rates; the results of all backends would be most of it and are left out. */
  history(lb: string): Promise<History> {
    return this.#get(`${this.#root}view/api/history/${part(lb)}?results=0`);
  }

  backend(lb: string, name: string): Promise<BackendDetails> {
    return this.#get(`${this.#tree}/state/${part(lb)}/backends/${part(name)}`);
  }

  explainBackend(lb: string, name: string): Promise<BackendExplanation> {
    return this.#get(`${this.#tree}/explain/${part(lb)}/backends/${part(name)}`);
  }

  explainFrontend(lb: string, name: string): Promise<FrontendExplanation> {
    return this.#get(`${this.#tree}/explain/${part(lb)}/frontends/${part(name)}`);
  }

  /** The page of records before this one; undefined: the newest. */
  timeline({ lb, ...names }: TimelineTarget, before: number | undefined): Promise<TimelinePage> {
    const query = new URLSearchParams(names);
    if (before !== undefined) query.set("before", `${before}`);
    return this.#get(`${this.#tree}/timeline/${part(lb)}?${query}`);
  }

  /** What a wish would do. */
  plan(wish: PlannedWish, body: ActionBody, signal: AbortSignal) {
    const { kind: action, lb: _, ...target } = wish;
    const plan: PlanBody = body.scope !== undefined && wish.kind === "drain"
      ? { action, backend: wish.backend, force: wish.force, ...body }
      : { action, ...target, ...body };
    return this.#send<PlanAnswer>("POST", { lb: wish.lb, path: "plan" }, plan, signal);
  }

  /** Does it. Aborting ends the wait for the answer; the action may be done all the same. */
  act(wish: Wish, body: ActionBody, signal: AbortSignal): Promise<ActionAnswer> {
    const { lb } = wish;
    switch (wish.kind) {
      case "sync": {
        const sync: SyncBody = {
          ...(wish.frontend === undefined ? {} : { frontend: wish.frontend }),
          ...(body.reason === undefined ? {} : { reason: body.reason }),
        };
        return this.#send("POST", { lb, path: "sync" }, sync, signal);
      }
      case "cancel": {
        const { reason } = body;
        const content: CancelBody = reason === undefined ? {} : { reason };
        return this.#send("POST", { lb, path: `intents/${part(wish.id)}/cancel` }, content, signal);
      }
      case "weight": {
        const { frontend, pool, backend, weight } = wish;
        const path = `frontends/${part(frontend)}/pools/${part(pool)}/backends/${part(backend)}`;
        const content: WeightBody = { ...body, weight };
        return this.#send("PUT", { lb, path: `${path}/weight` }, content, signal);
      }
      case "drain": {
        const { then, force } = wish;
        // A drain of a fleet ends by giving the server back.
        const content: DrainBody = body.scope === undefined
          ? { ...body, then, force }
          : { ...body, force };
        const path = `backends/${part(wish.backend)}/drain`;
        return this.#send("POST", { lb, path }, content, signal);
      }
      default:
        return this.#send(
          "POST",
          { lb, path: `backends/${part(wish.backend)}/${wish.kind}` },
          body,
          signal,
        );
    }
  }

  async #get<T>(url: string): Promise<T> {
    return await answerOf(url, { cache: "no-cache", signal: bounded() }) as T;
  }

  async #send<T>(
    method: "POST" | "PUT",
    { lb, path }: { readonly lb: string; readonly path: string },
    body: object,
    signal: AbortSignal,
  ): Promise<T> {
    return await answerOf(`${this.#root}admin/api/${part(lb)}/${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: bounded(signal),
    }) as T;
  }
}

const part = encodeURIComponent;

function bounded(signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

async function answerOf(url: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, init);
    text = await response.text();
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new RequestError(`no answer within ${TIMEOUT_MS / 1000} s`);
    }
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new RequestError("the dashboard's server does not answer");
  }
  const { status } = response;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new RequestError(`the server answers with status ${status}, without JSON`, { status });
  }
  if (!response.ok) {
    const { error } = body as Partial<ErrorAnswer>;
    const message = error?.message ?? `the server answers with status ${status}`;
    throw new RequestError(message, { status, code: error?.code });
  }
  return body;
}
