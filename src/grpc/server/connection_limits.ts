/**
 * Limits the number of connections. Other hosts have a share of their own, and each host a part of
 * it, so that they cannot keep out clients on this host. PURE.
 */

export interface ConnectionQuota {
  /** From this host. */
  readonly local: number;
  /** From all other hosts together. */
  readonly remote: number;
  /** From one other host. */
  readonly perHost: number;
}

/** The daemon's limits. */
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

  /** Counts a connection from `host`, or returns the reason why it is refused. */
  admit(host: string, local: boolean): string | undefined {
    const { local: maxLocal, remote: maxRemote, perHost } = this.#quota;
    if (local) {
      if (this.#local >= maxLocal) return `${maxLocal} connections from this host already open`;
      this.#local++;
      return undefined;
    }
    const ofHost = this.#byHost.get(host) ?? 0;
    if (ofHost >= perHost) return `${perHost} connections from that host already open`;
    if (this.#remote >= maxRemote) return `${maxRemote} connections from other hosts already open`;
    this.#remote++;
    this.#byHost.set(host, ofHost + 1);
    return undefined;
  }

  /** Removes a connection that was admitted. */
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
