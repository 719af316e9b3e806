/**
 * A dashboard's server for tests of its page: serves the built page with the real headers, a state
 * that the test gives, a stream that the test writes, and actions that change the state the way
 * maglevd would. The test can cut the stream, let it hang, or refuse requests.
 */
import type {
  ActionAnswer,
  Backend,
  BackendDetails,
  DashboardEvent,
  DrainEnd,
  Frontend,
  MaglevdState,
  PlanAnswer,
  PlanBody,
  PoolBackend,
  State,
  TimelineRecord,
  WeightBody,
} from "../../../src/dashboard/protocol.ts";
import { REPLAYED, vipKey } from "../../../src/dashboard/protocol.ts";
import { explainBackendOf, explainFrontendOf, timelineOf } from "../worlds/dashboard_diagnosis.ts";
import { historyOf, lbVipOf } from "../worlds/dashboard_page_world.ts";
import { planOf } from "../worlds/dashboard_plan.ts";

/** The policy under which the page must work. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; " +
  "frame-ancestors 'none'";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

export const LOGIN = { username: "admin", password: "secret" } as const;

interface Sent {
  readonly seq: number;
  readonly text: string;
}

export class DashboardFixture {
  readonly origin: string;
  readonly prefix: string;
  /** Methods, paths and bodies of the requests, oldest first; without the page's files. */
  readonly requests: { readonly method: string; readonly path: string; readonly body: string }[] =
    [];
  /** Every request is answered with this status, without content. */
  refuseWith: number | undefined;
  /** Streams are accepted and then get nothing, not even pings. */
  silent = false;
  /** How long the state takes, in milliseconds. */
  stateDelayMs = 0;
  /** Changes what the fixture has worked out as a plan. */
  changePlan: ((plan: PlanAnswer) => PlanAnswer) | undefined;
  /** Plans are refused with this message. */
  planRefusal: string | undefined;
  /** How long `plan` takes, in milliseconds. */
  planDelayMs = 0;
  /** Actions are done, and then answered as if maglevd had not answered. */
  actIsLost = false;
  /** Actions on backends are done, and answered with this warning. */
  actWarning: string | undefined;
  /** Details and explanations are refused, as when too many were asked for. */
  isBusy = false;
  /** Changes every answer but the state. */
  rewrite: ((answer: unknown) => unknown) | undefined;
  /** Maglevds are too old for explanations and for a history. */
  isOld = false;
  /** Records of the history, oldest first. */
  records: readonly TimelineRecord[] = [];

  /** Answers of actions wait for it. */
  #held: Promise<void> | undefined;
  #state: State;
  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #sent: Sent[] = [];
  readonly #pings: ReturnType<typeof setInterval>;
  readonly #encoder = new TextEncoder();

  private constructor(
    state: State,
    options: { readonly prefix: string; readonly files: ReadonlyMap<string, Uint8Array> },
  ) {
    this.#state = state;
    this.#files = options.files;
    this.prefix = options.prefix;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
    this.origin = `http://127.0.0.1:${this.#server.addr.port}`;
    this.#pings = setInterval(() => this.#write(": ping\n\n"), 15_000);
  }

  /** Builds the page if its sources changed, and serves it below `prefix`. */
  static async start(
    state: State,
    { prefix = "/" }: { readonly prefix?: string } = {},
  ): Promise<DashboardFixture> {
    return new DashboardFixture(state, { prefix, files: await builtFiles() });
  }

  /** The address of the page; `query` and fragment included as given. */
  url(tree: "view" | "admin" = "view", rest = ""): string {
    return `${this.origin}${this.prefix}${tree}/${rest}`;
  }

  get state(): State {
    return this.#state;
  }

  /** Number of streams that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  lb(name: string): MaglevdState {
    return this.#state.maglevds.find((maglevd) => maglevd.name === name)!;
  }

  backend(lb: string, name: string): Backend {
    return this.lb(lb).backends.find((backend) => backend.name === name)!;
  }

  frontend(lb: string, name: string): Frontend {
    return this.lb(lb).frontends.find((frontend) => frontend.name === name)!;
  }

  /** Changes the state, and sends the event to all pages. */
  emit(event: DashboardEvent): void {
    if (event.type === "resync") {
      this.#write(`event: resync\ndata: ${JSON.stringify(event)}\n\n`);
      return;
    }
    const replayed = (REPLAYED as readonly string[]).includes(event.type);
    const seq = this.#state.seq + (replayed ? 1 : 0);
    this.#state = {
      ...this.#state,
      seq,
      ...(event.type === "fleet" ? { fleet: event.fleet } : {
        maglevds: this.#state.maglevds.map((maglevd) =>
          maglevd.name === event.maglevd ? changed(maglevd, event) : maglevd
        ),
      }),
    };
    const id = replayed ? `id: ${this.#state.epoch}-${seq}\n` : "";
    const text = `${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    if (replayed) this.#sent.push({ seq, text });
    this.#write(text);
  }

  /** A backend changes its state, and its frontends' weights with it, as maglevd reports it. */
  setBackend(lb: string, name: string, change: Partial<Backend>): void {
    const before = this.backend(lb, name);
    const t_ms = Date.now();
    const moved = change.state !== undefined && change.state !== before.state;
    const backend = { ...before, ...(moved ? { since_ms: t_ms } : {}), ...change };
    this.emit({
      type: "backend",
      maglevd: lb,
      t_ms,
      backend,
      ...(moved
        ? {
          transition: {
            from: before.state,
            to: backend.state,
            at_ms: t_ms,
            ...(backend.last_result === undefined ? {} : { result: backend.last_result }),
          },
        }
        : {}),
    });
    if (!moved) return;
    for (const frontend of this.lb(lb).frontends) this.#reweigh(lb, frontend, t_ms);
  }

  /** From now on actions have their effect, but no answer until the returned one is resolved. */
  holdActions(): PromiseWithResolvers<void> {
    const held = Promise.withResolvers<void>();
    this.#held = held.promise;
    return held;
  }

  /** All pages lose their stream. */
  cut(): void {
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
  }

  /** Another run of the server, in which nothing of the earlier events is known. */
  restart(change: Partial<State> = {}): void {
    this.#state = { ...this.#state, epoch: `${this.#state.epoch}x`, seq: 0, ...change };
    this.#sent.length = 0;
    this.cut();
  }

  /** Replaces what pages load from now on, without an event. */
  setState(state: State): void {
    this.#state = state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#pings);
    this.cut();
    await this.#server.shutdown();
  }

  #write(text: string): void {
    if (this.silent) return;
    const bytes = this.#encoder.encode(text);
    for (const stream of this.#streams) stream.enqueue(bytes);
  }

  #reweigh(lb: string, frontend: Frontend, t_ms: number): void {
    const stateOf = (name: string) => this.backend(lb, name).state;
    const isDrained = (name: string) => this.backend(lb, name).intent?.kind === "drain";
    const active = frontend.pools.find(({ backends }) =>
      backends.some(({ name, weight }) => stateOf(name) === "up" && weight > 0 && !isDrained(name))
    );
    const weigh = (entry: PoolBackend, serves: boolean): PoolBackend => {
      // All weights of the file are 100 here.
      const weight = isDrained(entry.name) ? 0 : entry.weight || 100;
      const isUp = serves && stateOf(entry.name) === "up";
      return { ...entry, weight, effective_weight: isUp ? weight : 0 };
    };
    const after: Frontend = {
      ...frontend,
      state: active === undefined ? "down" : "up",
      active_pool: active?.name ?? "",
      pools: frontend.pools.map((pool) => ({
        ...pool,
        backends: pool.backends.map((entry) => weigh(entry, pool === active)),
      })),
    };
    if (JSON.stringify(after) === JSON.stringify(frontend)) return;
    this.emit({
      type: "frontend",
      maglevd: lb,
      t_ms,
      frontend: after,
      ...(after.state === frontend.state
        ? {}
        : { transition: { from: frontend.state, to: after.state, at_ms: t_ms } }),
    });
    const addressOf = new Map(this.lb(lb).backends.map(({ name, address }) => [name, address]));
    const read_ms = t_ms + 700;
    const vips = [lbVipOf(after, addressOf)];
    this.emit({ type: "lb-state", maglevd: lb, t_ms, read_ms, vips, removed: [] });
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (!url.pathname.startsWith(this.prefix)) return new Response(null, { status: 404 });
    const path = url.pathname.slice(this.prefix.length);
    const body = request.method === "GET" ? "" : await request.text();
    if (!/^(view|admin)\/(assets\/|$)/.test(path)) {
      this.requests.push({ method: request.method, path: `${path}${url.search}`, body });
    }
    if (this.refuseWith !== undefined) return new Response(null, { status: this.refuseWith });
    const admin = path.startsWith("admin/");
    if (admin) {
      const login = `Basic ${btoa(`${LOGIN.username}:${LOGIN.password}`)}`;
      if (request.headers.get("authorization") !== login) {
        return new Response("login", {
          status: 401,
          headers: { "www-authenticate": 'Basic realm="vpp-maglev", charset="UTF-8"' },
        });
      }
    }
    if (path === "view/" || path === "admin/") return this.#page(admin);
    if (path.startsWith("view/assets/")) return this.#file(path.slice("view/".length));
    const parts = path.split("/").slice(2).map(decodeURIComponent);
    const isState = path.endsWith("/api/state");
    if (isState) await new Promise((resolve) => setTimeout(resolve, this.stateDelayMs));
    const answer = request.method === "GET"
      ? this.#read(parts, url)
      : admin
      ? await this.#act(parts, JSON.parse(body))
      : failure(404, "not found");
    return isState ? answer : await this.#rewritten(answer);
  }

  async #rewritten(answer: Response): Promise<Response> {
    const isJson = answer.headers.get("content-type") === "application/json";
    if (this.rewrite === undefined || !isJson) return answer;
    return Response.json(this.rewrite(await answer.json()), { status: answer.status });
  }

  #page(admin: boolean): Response {
    const html = new TextDecoder().decode(this.#files.get("index.html"));
    return new Response(admin ? html.replaceAll('"./assets/', '"../view/assets/') : html, {
      headers: { ...pageHeaders("html"), "cache-control": "no-cache" },
    });
  }

  #file(path: string): Response {
    const bytes = this.#files.get(path);
    if (bytes === undefined) return failure(404, "not found");
    return new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: pageHeaders(path.slice(path.lastIndexOf(".") + 1)),
    });
  }

  #read(parts: string[], url: URL): Response {
    const [kind, lb, what, name] = parts;
    if (kind === "version") return Response.json({ version: this.#state.version, admin: true });
    if (kind === "events") return this.#stream(url.searchParams.get("since"));
    if (kind === "state" && lb === undefined) {
      return Response.json({ ...this.#state, now_ms: Date.now() });
    }
    const maglevd = this.#state.maglevds.find((maglevd) => maglevd.name === lb);
    if (maglevd === undefined) return failure(404, `no maglevd ${lb}`);
    if (kind === "history") return Response.json(historyOf(maglevd, Date.now()));
    if (this.isBusy && what !== undefined) {
      return failure(429, "too many requests for details", "resource-exhausted");
    }
    if (kind === "explain" || kind === "timeline") {
      if (this.isOld) {
        return failure(
          502,
          `${lb} cannot answer this: its maglevd 0.0.9 is too old`,
          "unimplemented",
        );
      }
      if (kind === "timeline") {
        return Response.json(timelineOf(this.records, url.searchParams));
      }
      const explained = what === "backends"
        ? explainBackendOf(maglevd, name!)
        : explainFrontendOf(maglevd, name!);
      return explained === undefined ? failure(404, `no ${name}`) : Response.json(explained);
    }
    if (kind === "state" && what === "backends") {
      const backend = maglevd.backends.find((backend) => backend.name === name);
      if (backend === undefined) return failure(404, `no backend ${name}`);
      return Response.json(detailsOf(backend));
    }
    return kind === "state" ? Response.json(maglevd) : failure(404, "not found");
  }

  #stream(since: string | null): Response {
    let mine: ReadableStreamDefaultController<Uint8Array>;
    const end = () => void this.#streams.delete(mine);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        mine = controller;
        this.#streams.add(controller);
        if (this.silent) return;
        const [epoch, seq] = (since ?? "").split("-");
        const missed = epoch === this.#state.epoch
          ? this.#sent.filter((sent) => sent.seq > Number(seq)).map(({ text }) => text).join("")
          : `event: resync\ndata: {"type":"resync","t_ms":${Date.now()}}\n\n`;
        controller.enqueue(this.#encoder.encode(`retry: 1000\n\n${missed}`));
      },
      cancel: end,
    });
    return new Response(body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  }

  async #act(parts: string[], body: PlanBody & WeightBody): Promise<Response> {
    const [lb, ...rest] = parts;
    if (this.#state.maglevds.every(({ name }) => name !== lb)) {
      return failure(404, `no maglevd ${lb}`);
    }
    if (rest[0] === "plan") {
      await new Promise((resolve) => setTimeout(resolve, this.planDelayMs));
      if (this.planRefusal !== undefined) return failure(502, this.planRefusal, "unavailable");
      const plan = planOf(this.lb(lb!), body);
      return Response.json(this.changePlan?.(plan) ?? plan);
    }
    if (rest[0] === "sync") {
      const sync = { vips_added: 0, vips_removed: 0, servers_added: 0, servers_removed: 0 };
      const report = { ...sync, weights_updated: 0, failed: 0, duration_ms: 12 };
      return Response.json({ ok: true, sync: report } satisfies ActionAnswer);
    }
    if (rest[0] === "intents") {
      for (const { name, scheduled } of this.lb(lb!).backends) {
        const left = scheduled?.filter(({ id }) => id !== rest[1]);
        if (left?.length !== scheduled?.length) {
          this.setBackend(lb!, name, { scheduled: left ?? [] });
        }
      }
      return Response.json({ ok: true } satisfies ActionAnswer);
    }
    const done = rest[0] === "backends"
      ? this.#actOnBackend(lb!, rest, body)
      : this.#setWeight(lb!, rest, body);
    await this.#held;
    return this.actIsLost
      ? failure(504, "lb1 does not answer within 10 s", "deadline-exceeded")
      : done;
  }

  #actOnBackend(
    lb: string,
    [, name, action]: string[],
    body: { reason?: string; for_ms?: number; then?: DrainEnd },
  ): Response {
    const state = ({ pause: "paused", disable: "disabled" } as const)[action!] ?? "up";
    const since_ms = Date.now();
    const { intent: _, ...without } = this.backend(lb, name!);
    const held = state === "up" && action !== "drain" ? {} : {
      intent: {
        kind: action as "pause" | "disable" | "drain",
        ...(body.then === undefined ? {} : { then: body.then }),
        since_ms,
        by: LOGIN.username,
        ...(body.reason === undefined ? {} : { reason: body.reason }),
        ...(body.for_ms === undefined ? {} : { until_ms: since_ms + body.for_ms }),
      },
    };
    const maglevd = this.lb(lb);
    this.#state = {
      ...this.#state,
      maglevds: this.#state.maglevds.map((each) =>
        each === maglevd
          ? {
            ...maglevd,
            backends: maglevd.backends.map((each) => each.name === name ? without : each),
          }
          : each
      ),
    };
    this.setBackend(lb, name!, { state, ...held });
    // A drain and its end leave the state.
    for (const frontend of this.lb(lb).frontends) this.#reweigh(lb, frontend, since_ms);
    const backend = this.backend(lb, name!);
    const warning = this.actWarning === undefined ? {} : { warning: this.actWarning };
    return Response.json({ ok: true, backend, ...warning } satisfies ActionAnswer);
  }

  #setWeight(lb: string, [, name, , pool, , backend]: string[], body: WeightBody): Response {
    const frontend = this.frontend(lb, name!);
    const entryOf = (entry: PoolBackend): PoolBackend => {
      if (entry.name !== backend) return entry;
      if (body.weight === "file") return { name: entry.name, weight: 100, effective_weight: 100 };
      const intent = { kind: "weight" as const, since_ms: Date.now(), file_weight: 100 };
      return { ...entry, weight: body.weight, effective_weight: body.weight, intent };
    };
    const after: Frontend = {
      ...frontend,
      pools: frontend.pools.map((each) =>
        each.name === pool ? { ...each, backends: each.backends.map(entryOf) } : each
      ),
    };
    this.emit({ type: "frontend", maglevd: lb, t_ms: Date.now(), frontend: after });
    return Response.json({ ok: true, frontend: after } satisfies ActionAnswer);
  }
}

function pageHeaders(extension: string): Record<string, string> {
  return {
    "content-type": TYPES[extension] ?? "application/octet-stream",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
  };
}

function failure(status: number, message: string, code = "not-found"): Response {
  return Response.json({ error: { code, message } }, { status });
}

function changed(
  maglevd: MaglevdState,
  event: Exclude<DashboardEvent, { type: "resync" | "fleet" }>,
): MaglevdState {
  const replace = <T extends { readonly name: string }>(list: readonly T[], one: T) =>
    list.map((each) => each.name === one.name ? one : each);
  switch (event.type) {
    case "backend":
      return { ...maglevd, backends: replace(maglevd.backends, event.backend) };
    case "frontend":
      return { ...maglevd, frontends: replace(maglevd.frontends, event.frontend) };
    case "maglevd-status":
      return { ...maglevd, ...event.status };
    case "maglevd-state":
      return event.state;
    case "vpp-status":
      return { ...maglevd, vpp: event.vpp };
    case "lb-state": {
      const { read_ms, vips, removed } = event;
      const replaced = new Set([...vips.map(vipKey), ...removed]);
      const kept = maglevd.lb?.vips.filter((vip) => !replaced.has(vipKey(vip))) ?? [];
      return { ...maglevd, lb: { read_ms, vips: [...kept, ...vips] } };
    }
    default:
      return maglevd;
  }
}

function detailsOf(backend: Backend): BackendDetails {
  const result = backend.last_result;
  return {
    backend,
    transitions: [
      { from: "unknown", to: "up", at_ms: backend.since_ms - 3_600_000 },
      {
        from: backend.state === "up" ? "unknown" : "up",
        to: backend.state,
        at_ms: backend.since_ms,
        ...(result === undefined ? {} : { result }),
      },
    ],
    history: {
      results: Array.from({ length: 20 }, (_, index) => ({
        at_ms: Date.now() - (20 - index) * 1000,
        ok: result?.ok ?? true,
        code: result?.code ?? "",
      })),
      strip: "",
    },
  };
}

let built: Promise<ReadonlyMap<string, Uint8Array>> | undefined;

/** The files of the page; built once for all tests of a process. */
export function builtFiles(): Promise<ReadonlyMap<string, Uint8Array>> {
  built ??= build();
  return built;
}

async function build(): Promise<ReadonlyMap<string, Uint8Array>> {
  const script = new URL("../../../tools/dashboard/build.ts", import.meta.url).pathname;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", script],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`The page was not built: ${new TextDecoder().decode(stderr)}`);
  const generated = new URL("../../../src/dashboard/assets.gen.ts", import.meta.url).href;
  const { FILES } = await import(generated) as {
    FILES: readonly (readonly [path: string, length: number, gzip: string])[];
  };
  return new Map(
    await Promise.all(FILES.map(async ([path, , gzip]) => {
      const packed = new Blob([Uint8Array.fromBase64(gzip)]);
      const stream = packed.stream().pipeThrough(new DecompressionStream("gzip"));
      return [path, new Uint8Array(await new Response(stream).arrayBuffer())] as const;
    })),
  );
}
