/** The dashboard's handler without sockets: requests as a client would send them, and their answers. */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { BuildInfo } from "../../../src/base/version.ts";
import { type Assets, assetsOf } from "../../../src/dashboard/assets.ts";
import { dashboard } from "../../../src/dashboard/server/app.ts";
import { parseAllowedHosts } from "../../../src/dashboard/server/access/allowed_hosts.ts";
import { parseTrustedProxies } from "../../../src/dashboard/server/access/client.ts";
import { Login } from "../../../src/dashboard/server/access/login.ts";
import { DashboardMetrics } from "../../../src/dashboard/server/metrics.ts";
import type {
  EventStream,
  HttpAnswer,
  HttpMethod,
  HttpPeer,
  StreamEnd,
} from "../../../src/http/ports.ts";
import { FakeClock } from "../fakes/fake_clock.ts";
import { FakeHub } from "../fakes/fake_hub.ts";
import { RecordingLogger } from "../fakes/recording_logger.ts";

const BUILD: BuildInfo = { version: "0.1.0", commit: "c0ffee", date: "2026-11-28T00:00:00Z" };

/** What browsers have in their address bar. */
const HOST = "lb.example.net";

export const USER = "ops";
export const PASSWORD = "correct horse: battery";

/** Value of `Authorization`. */
export function basic(user: string, password: string): string {
  return `Basic ${new TextEncoder().encode(`${user}:${password}`).toBase64()}`;
}

const PAGE = `<html><script type="module" src="./assets/index-a1.js"></script>
<link rel="stylesheet" href="./assets/index-b2.css"><a href="https://example.net/">x</a></html>`;

/** A page with a script. */
export async function smallAssets(): Promise<Assets> {
  const embedded = async (path: string, text: string) => {
    const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
    const gzip = new Uint8Array(await new Response(stream).arrayBuffer());
    return [path, text.length, gzip.toBase64()] as const;
  };
  return assetsOf([
    await embedded("index.html", PAGE),
    await embedded("assets/index-a1.js", "export const page = 1;\n"),
    await embedded("plain.txt", "text\n"),
  ]);
}

export interface WorldOptions {
  /** Default: a login of USER and PASSWORD. */
  readonly login?: false;
  readonly assets?: Assets | undefined;
  readonly adminRequiresTls?: boolean;
  readonly proxies?: string;
  /** Default: the one that requests name. */
  readonly hosts?: string;
}

/** One request; what is left out is as a browser on the network sends it. */
export interface AskOptions {
  readonly method?: HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  readonly peer?: HttpPeer | string;
  readonly encrypted?: boolean;
  /** A string as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Adds the right login. */
  readonly login?: boolean;
}

/** Requests of an operator. */
export const READ: AskOptions = { login: true };
export const POST: AskOptions = { method: "POST", body: {}, login: true };
export const PUT: AskOptions = { method: "PUT", body: { weight: 50 }, login: true };

/** An answer, decoded. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Of a JSON body. */
  readonly json: unknown;
}

export class DashboardWorld {
  readonly hub = new FakeHub();
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly metrics = new DashboardMetrics({
    build: BUILD,
    startedMs: this.clock.wallMs(),
    figures: () => ({
      connected: this.hub.state("viewer").maglevds.map(({ name, connected }) => [name, connected]),
      residentBytes: 1,
    }),
  });
  readonly #handle;

  constructor(options: WorldOptions = {}) {
    const proxies = parseTrustedProxies(options.proxies ?? "");
    assert.ok(typeof proxies !== "string", String(proxies));
    const hosts = parseAllowedHosts(options.hosts ?? HOST, "");
    assert.ok(typeof hosts !== "string", String(hosts));
    const { hub, clock, logger, metrics } = this;
    this.#handle = dashboard({
      hub,
      clock,
      logger,
      metrics,
      proxies,
      hosts,
      assets: options.assets,
      login: options.login === false ? undefined : new Login({ user: USER, password: PASSWORD }),
      adminRequiresTls: options.adminRequiresTls ?? false,
      build: BUILD,
    });
  }

  /** The answer as the server gets it. */
  async answer(target: string, options: AskOptions = {}): Promise<HttpAnswer> {
    const { method = "GET", encrypted = false, body, login = false } = options;
    const { peer = "192.0.2.9" } = options;
    const at = target.indexOf("?");
    const headers = new Map(Object.entries({
      host: HOST,
      ...login && { authorization: basic(USER, PASSWORD) },
      ...body !== undefined && { "content-type": "application/json" },
      ...options.headers,
    }));
    const text = typeof body === "string" ? body : JSON.stringify(body ?? "");
    return await this.#handle({
      method,
      path: at < 0 ? target : target.slice(0, at),
      query: at < 0 ? "" : target.slice(at + 1),
      headers,
      peer: typeof peer === "string" ? { kind: "tcp", host: peer, port: 4711 } : peer,
      encrypted,
      body: () =>
        Promise.resolve(
          body === undefined ? new Uint8Array() : new TextEncoder().encode(text),
        ),
    });
  }

  /** The same, decoded; a stream is an error. */
  async ask(target: string, options: AskOptions = {}): Promise<Answered> {
    const answer = await this.answer(target, options);
    assert.equal(answer.kind, "whole", target);
    if (answer.kind !== "whole") throw new Error();
    const { status, headers } = answer;
    const plain = headers["Content-Encoding"] === "gzip" && answer.body.length > 0
      ? gunzipSync(answer.body)
      : answer.body;
    const text = new TextDecoder().decode(plain);
    const isJson = headers["Content-Type"] === "application/json" && text !== "";
    return { status, headers, text, json: isJson ? JSON.parse(text) : undefined };
  }
}

/** A client of a stream that reads everything. */
export class FakeStream implements EventStream {
  text = "";
  queuedBytes = 0;
  readonly ended: Promise<StreamEnd>;
  readonly #end: (reason: StreamEnd) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<StreamEnd>();
    this.ended = promise;
    this.#end = resolve;
  }

  send(bytes: Uint8Array): boolean {
    this.text += new TextDecoder().decode(bytes);
    return true;
  }

  close(): void {
    this.end("closed");
  }

  end(reason: StreamEnd): void {
    this.#end(reason);
  }
}
