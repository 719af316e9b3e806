/**
 * A server of a VIP on loopback that records what it did and when, as the truth for a tester. It is
 * written on Deno.listen, so that it closes and opens at the instant of the call.
 */

/** Unix times in milliseconds. */
export interface Absence {
  readonly beginMs: number;
  readonly endMs: number;
}

export class VipServer {
  readonly address: string;
  readonly port: number;
  /** Times in which its port was closed, after its first opening. */
  readonly absences: Absence[] = [];
  /** Names in turn in the header `X-IPng-Frontend`; empty: no header. */
  names: readonly string[];
  status = 200;
  requests = 0;
  #listener: Deno.TcpListener | undefined;
  #closedMs = 0;

  constructor(address: string, port: number, names: readonly string[] = []) {
    this.address = address;
    this.port = port;
    this.names = names;
  }

  /** Servers on the addresses, on one port that is free on each. */
  static group(addresses: readonly string[]): VipServer[] {
    for (let attempt = 0; attempt < 50; attempt++) {
      const first = Deno.listen({ hostname: addresses[0]!, port: 0 });
      const { port } = first.addr as Deno.NetAddr;
      first.close();
      const servers = addresses.map((address) => new VipServer(address, port));
      try {
        for (const server of servers) server.open();
        return servers;
      } catch (error) {
        for (const server of servers) server.close();
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      }
    }
    throw new Error(`No port is free on all of ${addresses.join(", ")}`);
  }

  open(): void {
    this.#listener = Deno.listen({ hostname: this.address, port: this.port });
    if (this.#closedMs > 0) this.absences.push({ beginMs: this.#closedMs, endMs: Date.now() });
    this.#closedMs = 0;
    void this.#serve(this.#listener);
  }

  /** Connects are refused from now on. */
  close(): void {
    if (this.#listener === undefined) return;
    this.#closedMs = Date.now();
    this.#listener.close();
    this.#listener = undefined;
  }

  async #serve(listener: Deno.TcpListener): Promise<void> {
    for await (const connection of listener) void this.#answer(connection);
  }

  async #answer(connection: Deno.TcpConn): Promise<void> {
    try {
      await connection.read(new Uint8Array(4096));
      const name = this.names[this.requests++ % Math.max(1, this.names.length)];
      const header = name === undefined ? "" : `X-IPng-Frontend: ${name}\r\n`;
      const text = `HTTP/1.1 ${this.status} x\r\n${header}Content-Length: 0\r\n` +
        "Connection: close\r\n\r\n";
      await connection.write(new TextEncoder().encode(text));
    } catch {
      // The client has gone.
    }
    connection.close();
  }
}

/** The servers of a configuration: two of the port, or one on a port of its own. */
interface Place {
  readonly address: string;
  readonly port: number;
}

/**
 * A configuration of VIPs that are probed by HTTP. Those on the port of the first have the servers
 * nginx0 and nginx1 in equal shares; any other has one, with a check on its port.
 */
export function vipConfig(
  vips: Readonly<Record<string, Place>>,
  secure: Readonly<Record<string, Place & { readonly caFile: string }>> = {},
): string {
  const shared = Object.values(vips)[0]!.port;
  const checks = [`web: {type: http, port: ${shared}, interval: 1s, timeout: 1s}`];
  const backends = [0, 1].map((at) => `nginx${at}: {address: 127.0.0.9${at}, healthcheck: web}`);
  const frontends: string[] = [];
  const add = (name: string, { address, port }: Place, members: string) =>
    frontends.push(
      `${name}: {address: ${address}, protocol: tcp, port: ${port}, ` +
        `pools: [{name: main, backends: {${members}}}]}`,
    );
  const addOwn = (name: string, place: Place, check: string) => {
    checks.push(`check-${name}: {${check}, port: ${place.port}, interval: 1s, timeout: 1s}`);
    backends.push(`server-${name}: {address: 127.0.0.99, healthcheck: check-${name}}`);
    add(name, place, `server-${name}: {}`);
  };
  for (const [name, place] of Object.entries(vips)) {
    if (place.port === shared) add(name, place, "nginx0: {weight: 50}, nginx1: {weight: 50}");
    else addOwn(name, place, "type: http");
  }
  for (const [name, { caFile, ...place }] of Object.entries(secure)) {
    addOwn(name, place, `type: https, params: {ca-file: ${caFile}}`);
  }
  const section = (name: string, lines: readonly string[]) =>
    `  ${name}:\n${lines.map((line) => `    ${line}\n`).join("")}`;
  return "maglev:\n" + section("healthchecks", checks) + section("backends", backends) +
    section("frontends", frontends);
}
