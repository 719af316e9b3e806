/** A web server of a test's own on a loopback address, that can die and come back. */
export class WebServer {
  readonly address: string;
  readonly port: number;
  #server: Deno.HttpServer | undefined;
  /** What /healthz answers. */
  status = 200;
  requests = 0;
  /** Status of the nth request since the server opened, from 1 on; default: `status`. */
  statusOf: (request: number) => number = () => this.status;

  private constructor(address: string, port: number) {
    this.address = address;
    this.port = port;
  }

  /** Servers on all the addresses, on one port that is free on each. */
  static group(addresses: readonly string[]): WebServer[] {
    for (let attempt = 0; attempt < 50; attempt++) {
      const probe = Deno.listen({ hostname: addresses[0]!, port: 0 });
      const { port } = probe.addr as Deno.NetAddr;
      probe.close();
      const servers = addresses.map((address) => new WebServer(address, port));
      try {
        for (const server of servers) server.open();
        return servers;
      } catch (error) {
        for (const server of servers) void server.close();
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      }
    }
    throw new Error(`No port is free on all of ${addresses.join(", ")}`);
  }

  /** True when its port takes connections. */
  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  open(): void {
    if (this.#server !== undefined) return;
    this.#server = Deno.serve(
      { hostname: this.address, port: this.port, onListen: () => {} },
      () => {
        this.requests++;
        return new Response("ok", { status: this.statusOf(this.requests) });
      },
    );
  }

  /** Closes the port: connects are refused from now on. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.shutdown();
  }
}
