/** The servers that are asked: each with its connection, and with what the shell remembers of it. */
import { MaglevError } from "../base/errors.ts";
import type { Clock } from "../base/ports.ts";
import { MaglevClient } from "../grpc/client.ts";
import type { Credentials } from "./credentials.ts";
import type { Asked } from "./failures.ts";

export interface ServerOptions {
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export class Server {
  /** How it is asked; the address has its port. */
  readonly asked: Asked;
  /** From one command to the next. */
  readonly memory = new Map<string, unknown>();
  readonly #options: ServerOptions;
  #client: MaglevClient | undefined;
  /** How many calls are under way. */
  #asking = 0;

  constructor(address: string, options: ServerOptions) {
    const { tls, token } = options.credentials;
    this.#options = options;
    this.asked = {
      server: address,
      tls: tls !== undefined,
      token: token !== undefined,
      timeoutMs: options.timeoutMs,
    };
  }

  get address(): string {
    return this.asked.server;
  }

  /** Made by the first use; whoever is through with it calls close(). @throws {MaglevError} `invalid-argument` */
  get client(): MaglevClient {
    const { credentials, timeoutMs, clock } = this.#options;
    return this.#client ??= new MaglevClient({
      address: this.address,
      ...credentials,
      clock,
      deadlineMs: timeoutMs,
    });
  }

  /**
   * Calls, gives what `call` gives, and ends the connection when nobody else uses it. Deno 2.9.6 dies
   * inside its HTTP/2 library when a server says goodbye (GOAWAY, as at any restart) on a connection
   * whose calls are all done (denoland/deno#36788): a shell must have none such. It costs a few
   * milliseconds a command, and a server that returns is found at once: the library would wait
   * longer before each further attempt.
   */
  async ask<T>(call: (client: MaglevClient) => Promise<T>): Promise<T> {
    this.#asking++;
    try {
      return await call(this.client);
    } catch (error) {
      throw MaglevError.from(error);
    } finally {
      this.#asking--;
      if (this.#asking === 0) this.close();
    }
  }

  /** Ends the connection; the next use makes another one. */
  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}
