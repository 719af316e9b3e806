/**
 * Listens on all addresses of both families, with any sysctls of the host. A socket on `::` takes
 * IPv4 too, unless `net.ipv6.bindv6only` is 1, and neither Deno nor node:net lets a program choose.
 * So IPv4 gets a socket of its own wherever the system allows it:
 *
 *     [::]:P bound   0.0.0.0:P          means
 *     yes            bound              bindv6only is 1: two sockets
 *     yes            in use             one socket takes both, or another program has IPv4's port
 *     no             bound              a host without IPv6
 *
 * A free port shows what "in use" means. Reading the sysctl was rejected: Deno
 * needs all permissions for files of /proc.
 */

/** A socket that listens. */
export interface Bound {
  /** The port it got. */
  readonly port: number;
  readonly close: () => void;
}

/** Listens on one address; rejects with the error of the system. */
export type Bind<B extends Bound> = (host: string, port: number) => Promise<B>;

/** Sockets, and the addresses on which they listen together. */
export interface AllAddresses<B> {
  readonly sockets: readonly B[];
  readonly hosts: readonly string[];
  readonly port: number;
}

const IPV4 = "0.0.0.0";
const IPV6 = "::";
/** Ports tried where the system chooses one: another program may have IPv4's by chance. */
const ATTEMPTS = 3;

/** Listens on `port` of all addresses; 0: the system's choice, the same for both families. */
export async function bindAllAddresses<B extends Bound>(
  port: number,
  bind: Bind<B>,
): Promise<AllAddresses<B>> {
  for (let attempt = 1;; attempt++) {
    const six = await unlessAbsent(() => bind(IPV6, port));
    if (six === undefined) {
      const four = await bind(IPV4, port);
      return { sockets: [four], hosts: [IPV4], port: four.port };
    }
    try {
      const four = await bind(IPV4, six.port);
      return { sockets: [four, six], hosts: [IPV4, IPV6], port: six.port };
    } catch (error) {
      if (isInUse(error) && await takesBoth(bind)) {
        return { sockets: [six], hosts: [IPV4, IPV6], port: six.port };
      }
      six.close();
      if (port !== 0 || !isInUse(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The result, or undefined where the host has no such family. */
async function unlessAbsent<T>(bind: () => Promise<T>): Promise<T | undefined> {
  try {
    return await bind();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Any other error concerns IPv4 too, whose attempt reports it.
    if (isInUse(error) || error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}

/** True when a socket on `::` takes IPv4 too. */
async function takesBoth<B extends Bound>(bind: Bind<B>): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const six = await bind(IPV6, 0);
    try {
      (await bind(IPV4, six.port)).close();
      return false;
    } catch (error) {
      if (!isInUse(error)) throw error;
    } finally {
      six.close();
    }
  }
  return true;
}

/** True for an address that is in use, in the words of Deno and of node:net. */
export function isInUse(error: unknown): boolean {
  return error instanceof Deno.errors.AddrInUse ||
    (error instanceof Error && "code" in error && error.code === "EADDRINUSE");
}
