/**
 * A simulated VPP with a path for packets: connections to its VIPs go to the servers that its tables
 * of new flows name, and end when their server is flushed or their VIP is deleted.
 *
 *     deno run -A simulated_balancer.ts API_SOCKET
 *
 * Writes `ready`, and `done` after each line of its standard input: `kill` ends the simulated VPP as
 * kill -9 does, `restart` starts it again, empty. It ends with its standard input.
 */
import { linesOf } from "../../bench/support/lines.ts";
import { type Simulator, startSimulator } from "../../src/sim/api_server.ts";
import { formatAddress46 } from "../../src/sim/plugin/address46.ts";
import type { LbPlugin } from "../../src/sim/plugin/plugin.ts";
import type { Server, Vip } from "../../src/sim/plugin/types.ts";
import { SystemClock } from "../../src/system/system_clock.ts";

const PORT = 80;
/** How soon a flush ends connections. */
const LOOK_MS = 5;
/** A prime, so that successive ports of a client reach all of a table. */
const SPREAD = 7919;

/** A connection with its server, as VPP's table of sticky flows has it. */
interface Flow {
  readonly plugin: LbPlugin;
  readonly vip: Vip;
  readonly server: Server;
  readonly flushes: number;
  readonly ends: readonly Deno.TcpConn[];
}

const flows = new Set<Flow>();
/** True while VPP is dead. */
let dead = false;

function end(connections: readonly Deno.TcpConn[]): void {
  for (const connection of connections) {
    try {
      connection.close();
    } catch {
      // It has ended by itself.
    }
  }
}

/** The server of a new flow: the owner of a bucket of the VIP's table. */
function serverOf(plugin: LbPlugin, vip: Vip, clientPort: number): Server | undefined {
  let bucket = (clientPort * SPREAD) % vip.tableLength;
  for (const server of plugin.serversOf(vip)) {
    if (!server.used) continue;
    bucket -= plugin.bucketsOf(vip, server);
    if (bucket < 0) return server;
  }
  return undefined;
}

async function forward(client: Deno.TcpConn, simulator: Simulator): Promise<void> {
  const { plugin } = simulator;
  const { hostname } = client.localAddr as Deno.NetAddr;
  const vip = [...plugin.vips()].find(({ used, prefix, port }) =>
    used && port === PORT && formatAddress46(prefix) === hostname
  );
  const server = vip && serverOf(plugin, vip, (client.remoteAddr as Deno.NetAddr).port);
  if (dead || vip === undefined || server === undefined) return end([client]);
  const target = { hostname: formatAddress46(server.address), port: PORT };
  const connection = await Deno.connect(target).catch(() => undefined);
  if (connection === undefined) return end([client]);
  const flow = { plugin, vip, server, flushes: server.flushes, ends: [client, connection] };
  flows.add(flow);
  await Promise.race([
    client.readable.pipeTo(connection.writable),
    connection.readable.pipeTo(client.writable),
  ]).catch(() => {});
  flows.delete(flow);
  end(flow.ends);
}

function look(simulator: Simulator): void {
  for (const flow of flows) {
    const { plugin, vip, server, flushes, ends } = flow;
    const lives = !dead && plugin === simulator.plugin && vip.used && server.flushes === flushes;
    if (lives) continue;
    flows.delete(flow);
    end(ends);
  }
}

async function main([path]: readonly string[]): Promise<void> {
  const start = () => startSimulator({ path: path!, clock: new SystemClock() });
  let simulator = await start();
  const listener = Deno.listen({ hostname: "0.0.0.0", port: PORT });
  void (async () => {
    for await (const client of listener) void forward(client, simulator);
  })();
  setInterval(() => look(simulator), LOOK_MS);
  // Of pipes whose connection was ended.
  globalThis.addEventListener("unhandledrejection", (event) => event.preventDefault());
  const write = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  write("ready");
  for await (const line of linesOf(Deno.stdin.readable)) {
    if (line === "kill") {
      dead = true;
      look(simulator);
      await simulator.stop();
    } else {
      simulator = await start();
      dead = false;
    }
    write("done");
  }
  Deno.exit(0);
}

if (import.meta.main) await main(Deno.args);
