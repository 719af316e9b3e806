/**
 * A TCP connection to a scoped address (`fe80::1%eth0`) as a Node stream, so that TLS can run over
 * it. In Deno 2.9.6 only Deno.connect supports zones; node:net loses them on the way to the
 * kernel. It costs more than a socket of node:net, because every byte passes through JavaScript
 * twice.
 */
import { Duplex } from "node:stream";
import { SCOPED_CODE } from "../outcome.ts";
import { newController, type ProbeSpec, sourceOf } from "../prober.ts";
import { withZoneNumber } from "./zone.ts";

const READ_BYTES = 16 * 1024;

/** Emits `connect` when there is a connection, otherwise `error`; closed by destroy(). */
export class ScopedSocket extends Duplex {
  readonly #controller = newController();
  readonly #buffer = new Uint8Array(READ_BYTES);
  #connection: Deno.TcpConn | undefined;

  constructor(spec: ProbeSpec) {
    super();
    void this.#connect(spec);
  }

  async #connect(spec: ProbeSpec): Promise<void> {
    try {
      if (sourceOf(spec) !== undefined) {
        throw Object.assign(new Error("Scoped"), { code: SCOPED_CODE });
      }
      const connection = await Deno.connect({
        hostname: withZoneNumber(spec.address),
        port: spec.healthcheck.port,
        autoSelectFamily: false,
        signal: this.#controller.signal,
      });
      if (this.destroyed) return connection.close();
      this.#connection = connection;
      this.emit("connect");
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(`${error}`));
    }
  }

  override _read(): void {
    this.#connection?.read(this.#buffer).then(
      (count) => this.push(count === null ? null : this.#buffer.slice(0, count)),
      (error) => this.destroy(error),
    );
  }

  override _write(chunk: Uint8Array, _: string, done: (error?: Error | null) => void): void {
    this.#writeAll(chunk).then(() => done(), done);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await this.#connection!.write(bytes.subarray(at));
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#controller.abort();
    this.#connection?.close();
    this.#connection = undefined;
    done(error);
  }
}
