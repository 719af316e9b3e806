/**
 * Demo web servers on loopback: each answers on its own address, and can be switched to fail.
 *   GET /healthz   200, or 503 while failing
 *   GET /fail      from now on /healthz returns 503
 *   GET /recover   and 200 again
 */
import { DEMO_ADDRESSES } from "./scenario.ts";

export interface DemoServer {
  readonly name: string;
  readonly address: string;
  setFailing(failing: boolean): void;
  stop(): Promise<void>;
}

/** Ports to try, in this order; a port that is in use on any address is skipped. */
const PORTS = [18080, 18081, 18082, 18083, 18084, 18085, 18086, 18087];

/** Starts the servers on the first port that is free on all addresses. */
export async function startServers(): Promise<{ port: number; servers: readonly DemoServer[] }> {
  for (const port of PORTS) {
    const servers: DemoServer[] = [];
    try {
      for (const [index, address] of DEMO_ADDRESSES.entries()) {
        servers.push(startServer(`web${index + 1}`, { address, port }));
      }
      return { port, servers };
    } catch (error) {
      await Promise.all(servers.map((server) => server.stop()));
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error(
    `cannot start the demo servers: ports ${PORTS[0]} to ${PORTS.at(-1)} are all taken`,
  );
}

function startServer(name: string, at: { address: string; port: number }): DemoServer {
  let failing = false;
  const server = Deno.serve(
    { hostname: at.address, port: at.port, onListen: () => {} },
    (request) => {
      const { pathname } = new URL(request.url);
      switch (pathname) {
        case "/fail":
          failing = true;
          return new Response(`${name} fails its health check from now on\n`);
        case "/recover":
          failing = false;
          return new Response(`${name} is well again\n`);
        case "/healthz":
          return failing
            ? new Response("failing\n", { status: 503 })
            : new Response("ok\n", { headers: { "X-Served-By": name } });
        default:
          return new Response(`Hello from ${name}\n`);
      }
    },
  );
  return {
    name,
    address: at.address,
    setFailing: (value) => {
      failing = value;
    },
    stop: () => server.shutdown(),
  };
}
