/**
 * How many connections there may be. Those of other hosts have their own share, and each host a
 * part of it, so that nobody from outside can keep out who is on the machine itself. PURE.
 */

export interface ConnectionQuota {
  /** From this host. */
  readonly local: number;
  /** From all other hosts together. */
  readonly remote: number;
  /** From one other host. */
  readonly perHost: number;
}

/** The daemon's. */
export const DEFAULT_QUOTA: ConnectionQuota = { local: 512, remote: 512, perHost: 128 };

/** Counts connections. */
export class ConnectionLimits {
  readonly #quota: ConnectionQuota;
  readonly #byHost = new Map<string, number>();
  #local = 0;
  #remote = 0;

  constructor(quota: ConnectionQuota) {
    this.#quota = quota;
  }

  /** Counts one more of `host`, or says why it may not be. */
  admit(host: string, local: boolean): string | undefined {
    const { local: maxLocal, remote: maxRemote, perHost } = this.#quota;
    if (local) {
      if (this.#local >= maxLocal) return `${maxLocal} connections from this host are there`;
      this.#local++;
      return undefined;
    }
    const ofHost = this.#byHost.get(host) ?? 0;
    if (ofHost >= perHost) return `${perHost} connections from that host are there`;
    if (this.#remote >= maxRemote) return `${maxRemote} connections from other hosts are there`;
    this.#remote++;
    this.#byHost.set(host, ofHost + 1);
    return undefined;
  }

  /** One that was admitted is gone. */
  release(host: string, local: boolean): void {
    if (local) {
      this.#local--;
      return;
    }
    this.#remote--;
    const ofHost = (this.#byHost.get(host) ?? 1) - 1;
    if (ofHost > 0) this.#byHost.set(host, ofHost);
    else this.#byHost.delete(host);
  }
}
