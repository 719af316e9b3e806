/** Runs maglevd-frontend as a process, and speaks to it without a library. */
import assert from "node:assert/strict";
import { FrontendProcess } from "../../../src/demo/daemon_process.ts";
import { readAll, send } from "../worlds/http_world.ts";
import { LoggingProgram } from "./daemon.ts";

export const LOGIN = {
  MAGLEV_FRONTEND_USER: "ops",
  MAGLEV_FRONTEND_PASSWORD: "correct horse",
} as const;

/** Value of `Authorization` of LOGIN, or of another password. */
export function loginOf(password: string = LOGIN.MAGLEV_FRONTEND_PASSWORD): string {
  return `Basic ${btoa(`${LOGIN.MAGLEV_FRONTEND_USER}:${password}`)}`;
}

/** An answer; header names are in lower case. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface FrontendOptions {
  /** Default: an address where nothing listens. */
  readonly server?: string;
  readonly listen?: string;
  readonly flags?: readonly string[];
  /** Default: LOGIN. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running dashboard. */
export class Frontend extends LoggingProgram {
  readonly process: FrontendProcess;
  #port = 0;

  private constructor(
    { server = "127.0.0.1:1", listen, flags = [], env = LOGIN }: FrontendOptions,
  ) {
    super();
    this.process = new FrontendProcess({
      server,
      flags,
      env,
      ...listen !== undefined && { listen },
      onLine: (line) => this.add(line),
    });
    this.process.ended.then(() => this.add(undefined));
  }

  /** Starts it, and waits until it listens. */
  static async start(options: FrontendOptions = {}): Promise<Frontend> {
    const frontend = new Frontend(options);
    try {
      const { address } = await frontend.seen(({ msg }) => msg === "dashboard-listen");
      frontend.#port = Number(/:(\d+)$/.exec(String(address))?.[1] ?? 0);
      return frontend;
    } catch (error) {
      await frontend.stop();
      throw error;
    }
  }

  get port(): number {
    return this.#port;
  }

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.#port });
  }

  /** Sends the text, and reads until the server hangs up. */
  async exchange(request: string): Promise<RawAnswer> {
    const conn = await this.connect();
    try {
      await send(conn, request);
      return parseAnswer(await readAll(conn));
    } finally {
      conn.close();
    }
  }

  /** A request whose path is sent as it is. */
  ask(
    path: string,
    { method = "GET", headers = {}, body = "" }: {
      readonly method?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    } = {},
  ): Promise<RawAnswer> {
    const fields = {
      Host: `127.0.0.1:${this.#port}`,
      Connection: "close",
      ...body !== "" && { "Content-Length": `${new TextEncoder().encode(body).length}` },
      ...headers,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return this.exchange(`${method} ${path} HTTP/1.1\r\n${lines}\r\n${body}`);
  }
}

/** An answer with a length, as it came over the wire. */
export function parseAnswer(text: string): RawAnswer {
  const at = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, at).split("\r\n");
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  return { status: Number(first.split(" ")[1]), headers, body: text.slice(at + 4) };
}

/** Runs `fn` with a dashboard, which must end well and write nothing on its standard error. */
export async function withFrontend(
  options: FrontendOptions,
  fn: (frontend: Frontend) => Promise<void>,
): Promise<void> {
  const frontend = await Frontend.start(options);
  try {
    await fn(frontend);
  } finally {
    assert.equal(await frontend.stop(), 0, frontend.process.errors);
    assert.equal(frontend.process.errors, "");
  }
}
