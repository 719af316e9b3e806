/** A server of the command line: its connection, and the shell's memory of it. */
import { MaglevError } from "../base/errors.ts";
import type { NamedServer } from "../base/lb_names.ts";
import type { Clock } from "../base/ports.ts";
import { MaglevClient } from "../grpc/client/client.ts";
import type { Credentials } from "../grpc/client/credentials.ts";
import { type Endpoint, isUnreached } from "../grpc/client/failures.ts";

export interface ServerOptions {
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  /** Name of the user; the server logs it. */
  readonly user?: string | undefined;
  readonly clock: Clock;
}

export class Server {
  /** Its name in comparisons. */
  readonly name: string;
  /** Its address has a port. */
  readonly endpoint: Endpoint;
  /** Kept from one command to the next. */
  readonly memory = new Map<string, unknown>();
  readonly #options: ServerOptions;
  #client: MaglevClient | undefined;

  constructor({ name, address }: NamedServer, options: ServerOptions) {
    const { tls, token } = options.credentials;
    this.#options = options;
    this.name = name;
    this.endpoint = {
      server: address,
      tls: tls !== undefined,
      token: token !== undefined,
      timeoutMs: options.timeoutMs,
      timeoutFlag: "--timeout",
    };
  }

  get address(): string {
    return this.endpoint.server;
  }

  /** Created at the first use. @throws {MaglevError} `invalid-argument` */
  get client(): MaglevClient {
    const { credentials, timeoutMs, user, clock } = this.#options;
    return this.#client ??= new MaglevClient({
      address: this.address,
      ...credentials,
      user,
      clock,
      deadlineMs: timeoutMs,
    });
  }

  /**
   * Runs `call` and returns its result. After a failed connection the next call opens a new one
   * immediately, because the library would wait first, longer each time.
   */
  async ask<T>(call: (client: MaglevClient) => Promise<T>): Promise<T> {
    try {
      return await call(this.client);
    } catch (caught) {
      const error = MaglevError.from(caught);
      if (isUnreached(error)) this.close();
      throw error;
    }
  }

  /** Ends the connection; the next use opens a new one. */
  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}
