/**
 * A loopback connection within the process, by which the prober detects a backlog of socket
 * results (backlog.ts). It has to be a socket: measured under overload, posted messages and timers
 * take 20 ms while sockets wait for a second.
 */
import type { Echo } from "./backlog.ts";

const BYTE = new Uint8Array(1);

/** Both ends of the loopback connection. */
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
   * Opens the connection on 127.0.0.1 and a port that the system chooses. The port is open to other
   * processes only until the connection is made. Rejects with the system's error (for example when
   * loopback is down), and when `signal` (of newController(), prober.ts) is aborted.
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
    // A byte always fits; a broken connection ends #listen.
    this.#near.write(BYTE).catch(() => {});
  }

  /** Closes both ends; an echo that is out is never delivered. */
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
      // Closed by close(): both ends belong to this object.
    }
  }
}

/** Accepts the connection from `port`; connections of other processes are closed. */
async function accepted(listener: Deno.TcpListener, port: number): Promise<Deno.TcpConn> {
  while (true) {
    const connection = await listener.accept();
    if (connection.remoteAddr.port === port) return connection;
    connection.close();
  }
}
