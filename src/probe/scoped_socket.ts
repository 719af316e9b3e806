/**
 * A TCP connection to a scoped address (`fe80::1%eth0`) as a stream of Node, so that TLS can be
 * spoken over it. Of Deno 2.9.6 only Deno.connect knows zones: node:net loses them on the way to
 * the kernel. Dearer than a socket of node:net, for every byte passes through JavaScript twice.
 *
 * Deno.connect resolves an address with a zone in a thread of its pool, and that is not in the
 * network namespace of this one. A name of an interface would be looked up in the wrong place, so
 * it is turned into its number here.
 */
import { Duplex } from "node:stream";
import { openShim, type Shim } from "../../ffi/open.ts";
import { SCOPED_CODE } from "./outcome.ts";
import { newController, type ProbeSpec, sourceOf } from "./prober.ts";

const READ_BYTES = 16 * 1024;

/** The shim of this thread; undefined before it was asked for, null where there is none. */
let shim: Shim | null | undefined;

/**
 * `address` with the zone as a number, of this thread's namespace and now: an interface that was
 * made anew has another. Throws when there is no such interface.
 */
export function withZoneNumber(address: string): string {
  const at = address.indexOf("%");
  const zone = address.slice(at + 1);
  if (at < 0 || /^\d+$/.test(zone)) return address;
  if (shim === undefined) {
    const result = openShim();
    shim = result.kind === "ok" ? result.shim : null;
  }
  if (shim === null) return address;
  const name = new TextEncoder().encode(`${zone}\0`);
  const index = shim.calls.maglev_interface_index(name, name.length);
  if (index <= 0) throw new Error(`no interface ${zone}`);
  return `${address.slice(0, at)}%${index}`;
}

/** Lets the shim go, if withZoneNumber() needed it; it may be needed again. */
export function closeZones(): void {
  shim?.close();
  shim = undefined;
}

/** Emits `connect` when there is a connection, else `error`; closed by destroy(). */
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
