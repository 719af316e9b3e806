/**
 * A connection with ourselves on loopback, by which the prober notices that results of sockets
 * wait (backlog.ts). Nothing but a socket will do: measured under overload, messages to ourselves
 * and timers come through in 20 ms while sockets wait for a second.
 */
import type { Echo } from "./backlog.ts";

const BYTE = new Uint8Array(1);

/** The two ends of a connection with ourselves. */
export class LoopbackEcho implements Echo {
  readonly #near: Deno.TcpConn;
  readonly #far: Deno.TcpConn;
  #back: (() => void) | undefined;

  private constructor(near: Deno.TcpConn, far: Deno.TcpConn) {
    this.#near = near;
    this.#far = far;
    near.setNoDelay();
    void this.#listen();
  }

  /**
   * Opens it, on an address of 127.0.0.0/8 and a port of the system's choice, open to others only
   * until it is connected. Rejects with the system's error, such as when loopback is down, and when
   * `signal` (of newController(), prober.ts) is aborted, such as when loopback drops packets.
   */
  static async open(signal?: AbortSignal): Promise<LoopbackEcho> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const { port } = listener.addr;
      const near = await Deno.connect({
        hostname: "127.0.0.1",
        port,
        autoSelectFamily: false,
        ...(signal === undefined ? {} : { signal }),
      });
      try {
        return new LoopbackEcho(near, await accepted(listener, near.localAddr.port));
      } catch (error) {
        near.close();
        throw error;
      }
    } finally {
      listener.close();
    }
  }

  send(back: () => void): void {
    this.#back = back;
    // A byte always fits; a connection that broke all the same ends in #listen.
    this.#near.write(BYTE).catch(() => {});
  }

  /** Closes both ends; an echo that is out does not come back. */
  close(): void {
    this.#back = undefined;
    this.#near.close();
    this.#far.close();
  }

  async #listen(): Promise<void> {
    const buffer = new Uint8Array(8);
    try {
      while (await this.#far.read(buffer) !== null) {
        const back = this.#back;
        this.#back = undefined;
        back?.();
      }
    } catch {
      // Closed, by us: nobody else has the other end.
    }
  }
}

/** The connection that comes from `port`; others, which have no business here, are closed. */
async function accepted(listener: Deno.TcpListener, port: number): Promise<Deno.TcpConn> {
  while (true) {
    const connection = await listener.accept();
    if (connection.remoteAddr.port === port) return connection;
    connection.close();
  }
}
