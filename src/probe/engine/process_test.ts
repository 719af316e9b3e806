/**
 * The engine in a process of its own, because a process can be stopped, starved and confined.
 * Goal: no fault of the prober takes a healthy server down.
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { farmAddress } from "../../../bench/support/farm_address.ts";
import { linesOf } from "../../../bench/support/lines.ts";
import { type NastyServer, serve } from "../../../tests/support/servers/nasty_servers.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const ANSWER = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

/** Figures that bench/support/engine.ts writes. */
interface Figures {
  readonly failures: number;
  readonly outcomes: number;
  readonly voids: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly reasons: readonly string[];
}

interface EngineOptions {
  readonly targets: number;
  readonly port: number;
  readonly kind: "tcp" | "http";
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Limit on its file descriptors. */
  readonly descriptors?: number;
}

/** Runs `body` with an engine that has the permissions it is documented to need, no others. */
async function withEngine(
  options: EngineOptions,
  body: (pid: number, figures: () => Promise<Figures>) => Promise<void>,
): Promise<void> {
  const { targets, port, kind, intervalMs, timeoutMs, descriptors = 4096 } = options;
  const engine = `${ROOT}bench/support/engine.ts`;
  const child = new Deno.Command("/bin/sh", {
    args: [
      ...["-c", `ulimit -n ${descriptors}; exec "$@"`, "sh", Deno.execPath(), "run"],
      ...["--no-prompt", `--allow-read=${ROOT}src,${ROOT}ffi`, "--allow-net=127.0.0.0/8", engine],
      ...[targets, port, kind, intervalMs, timeoutMs, 1].map(String),
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const lines = linesOf(child.stdout);
  const next = async (event: string) => {
    while (true) {
      const { value, done } = await lines.next();
      assert.ok(!done, "the engine ended");
      const record = JSON.parse(value);
      if (record.event === event) return record;
    }
  };
  try {
    await next("all-known");
    await body(child.pid, async () => {
      await input.write(new TextEncoder().encode("figures\n"));
      return await next("figures");
    });
  } finally {
    await input.close();
    while (!(await lines.next()).done);
    await child.status;
  }
}

/** `count` servers at the addresses of the farm, all on one port. */
function serveAll(count: number, handle: (connection: Deno.TcpConn) => Promise<void>) {
  const servers: NastyServer[] = [];
  for (let index = 0; index < count; index++) {
    servers.push(serve(handle, farmAddress(index), servers[0]?.port ?? 0));
  }
  return {
    port: servers[0]!.port,
    close: () => Promise.all(servers.map((server) => server.close())),
  };
}

Deno.test("a prober that was stopped for seconds does not report healthy servers as down", async () => {
  // Slow but healthy servers, so that many probes are in flight when the process is stopped.
  const servers = serveAll(12, async (connection) => {
    await connection.read(new Uint8Array(1024));
    await pause(250);
    await connection.write(ANSWER);
  });
  try {
    const pace = { intervalMs: 300, timeoutMs: 500 };
    await withEngine(
      { targets: 12, port: servers.port, kind: "http", ...pace },
      async (pid, figures) => {
        for (let i = 0; i < 2; i++) {
          Deno.kill(pid, "SIGSTOP");
          await pause(2000);
          Deno.kill(pid, "SIGCONT");
          await pause(1500);
        }
        const { failures, codes } = await figures();
        assert.equal(failures, 0, JSON.stringify(codes));
        assert.ok(codes.L7OK! > 12 * 6, "it went on probing");
      },
    );
  } finally {
    await servers.close();
  }
});

Deno.test("a prober without descriptors reports the lack and no server as down", async () => {
  // Each probe holds its connection for a while: some 150 at a time, more than there may be.
  // Not from the start on: Deno itself needs some when it starts, and panics without.
  let slow = false;
  const servers = serveAll(200, async (connection) => {
    await connection.read(new Uint8Array(1024));
    if (slow) await pause(300);
    await connection.write(ANSWER);
  });
  try {
    const pace = { intervalMs: 400, timeoutMs: 2000, descriptors: 120 };
    await withEngine(
      { targets: 200, port: servers.port, kind: "http", ...pace },
      async (_, figures) => {
        await pause(1000);
        slow = true;
        await pause(1500);
        const { failures, codes, voids, reasons } = await figures();
        assert.equal(failures, 0, JSON.stringify(codes));
        assert.ok(voids > 0);
        assert.match(reasons.join(), /out of file descriptors/);
      },
    );
  } finally {
    await servers.close();
  }
});
