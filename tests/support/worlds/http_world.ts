/** An HTTP server on loopback with a clock that the test moves, and raw clients for it. */
import assert from "node:assert/strict";
import { HttpServer, type HttpServerOptions } from "../../../src/http/server.ts";
import type { Clock, Timer } from "../../../src/base/ports.ts";
import { FakeClock } from "../fakes/fake_clock.ts";

/** Real timers for the pauses between pieces, which have no length; a fake clock for all else. */
export class PausingClock extends FakeClock {
  override after(delayMs: number, fn: () => void): Timer {
    if (delayMs > 0) return super.after(delayMs, fn);
    const timer = setTimeout(fn, 0);
    return { cancel: () => clearTimeout(timer) };
  }
}

/** A running server and its clients, which are closed with it. */
export interface HttpWorld {
  readonly clock: PausingClock;
  readonly server: HttpServer;
  readonly port: number;
  connect(): Promise<Deno.Conn>;
  /** Sends, and reads until the server hangs up. */
  exchange(request: string): Promise<string>;
  /** Waits for real until it holds. */
  until(holds: () => boolean): Promise<void>;
}

export type HttpWorldOptions = Pick<HttpServerOptions, "limits"> & {
  readonly handle: (clock: Clock & FakeClock) => HttpServerOptions["handle"];
  readonly failed?: HttpServerOptions["failed"];
};

/** Runs `fn`; then nothing of the server may be left. */
export async function inHttpWorld(
  { limits, handle, failed }: HttpWorldOptions,
  fn: (world: HttpWorld) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const clock = new PausingClock();
  const server = new HttpServer({
    listeners: [listener],
    clock,
    limits,
    encrypted: false,
    handle: handle(clock),
    failed: failed ?? ((error) => assert.fail(`the handler failed: ${error}`)),
  });
  server.start();
  const conns: Deno.Conn[] = [];
  const connect = async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conns.push(conn);
    return conn;
  };
  try {
    await fn({ clock, server, port, connect, exchange, until });
  } finally {
    for (const conn of conns) closeQuietly(conn);
    await server.stop();
    await server.stop();
    assert.equal(server.connections + server.streams, 0);
    assert.equal(clock.timers, 0, "no timer is left");
  }

  async function exchange(request: string): Promise<string> {
    const conn = await connect();
    await send(conn, request);
    return await readAll(conn);
  }
}

/** Waits for real, at most ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!holds() && performance.now() < endMs) await new Promise((go) => setTimeout(go, 1));
  assert.ok(holds());
}

/** Sends text, as far as the server takes it. */
export async function send(conn: Pick<Deno.Conn, "write">, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  } catch (error) {
    if (
      !(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)
    ) {
      throw error;
    }
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Reads until the server hangs up. */
export async function readAll(conn: Pick<Deno.Conn, "read">): Promise<string> {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(65_536);
  let all = "";
  try {
    for (;;) {
      const count = await conn.read(bytes);
      if (count === null) return all;
      all += decoder.decode(bytes.subarray(0, count), { stream: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    return all;
  }
}

/** Reads until the text ends so. */
export function readTo(conn: Pick<Deno.Conn, "read">, end: string): Promise<string> {
  return readWhile(conn, (all) => !all.endsWith(end));
}

/** Reads until `part` has come, and perhaps more: events of one turn come together. */
export function readPast(conn: Pick<Deno.Conn, "read">, part: string): Promise<string> {
  return readWhile(conn, (all) => !all.includes(part));
}

async function readWhile(
  conn: Pick<Deno.Conn, "read">,
  isMissing: (all: string) => boolean,
): Promise<string> {
  const bytes = new Uint8Array(65_536);
  let all = "";
  while (isMissing(all)) {
    const count = await conn.read(bytes);
    assert.ok(count !== null, `hung up after ${all}`);
    all += new TextDecoder().decode(bytes.subarray(0, count));
  }
  return all;
}
