/** The plugin's global settings: known, wanted, and pushed when the two differ. */
import { MaglevError } from "../base/errors.ts";
import type { Logger } from "../base/ports.ts";
import type { LbConf } from "./lb/model.ts";
import type { LbApi } from "./ports.ts";
import { retvalName } from "./wire/retval.ts";

export class LbConfKeeper {
  readonly #lb: LbApi;
  readonly #logger: Logger;
  #known: LbConf | undefined;
  /** What was sent last. It is not sent again, even when refused, until VPP was read again. */
  #sent: LbConf | undefined;
  #wasRead = false;

  constructor(lb: LbApi, logger: Logger) {
    this.#lb = lb;
    this.#logger = logger;
  }

  /** What VPP has; undefined until it was read or, where it does not tell, set. */
  get known(): LbConf | undefined {
    return this.#known;
  }

  /** VPP was read; undefined when it does not tell: it has what it acknowledged. */
  read(conf: LbConf | undefined): void {
    if (conf !== undefined) this.#known = conf;
    this.#sent = undefined;
    this.#wasRead = true;
  }

  /**
   * Sends `wanted` unless VPP has it or was told already. A VPP that does not tell what it has is
   * told once a connection; that changes nothing in one that has it.
   */
  push(wanted: LbConf): void {
    const there = this.#sent ?? this.#known;
    if (!this.#wasRead || (there !== undefined && sameConf(there, wanted))) return;
    this.#sent = wanted;
    this.#lb.setConf(wanted).then(
      (retval) => this.#answered(wanted, retval),
      (error) => this.#failed(MaglevError.from(error)),
    );
  }

  #answered(conf: LbConf, retval: number): void {
    if (retval !== 0) return this.#log(retvalName(retval));
    this.#known = conf;
    this.#logger.info("vpp-lb-conf-set", {
      ipv4_src_address: conf.ip4SrcAddress.text,
      ipv6_src_address: conf.ip6SrcAddress.text,
      sticky_buckets_per_core: conf.stickyBucketsPerCore,
      flow_timeout_s: conf.flowTimeoutS,
    });
  }

  #failed(error: MaglevError): void {
    // The connection ended, or is ended for this.
    if (error.code === "unavailable" || error.code === "deadline-exceeded") return;
    this.#log(error.message);
  }

  #log(error: string): void {
    this.#logger.error("vpp-lbsync-error", { operation: "lb-conf", error });
  }
}

function sameConf(a: LbConf, b: LbConf): boolean {
  return a.ip4SrcAddress.text === b.ip4SrcAddress.text &&
    a.ip6SrcAddress.text === b.ip6SrcAddress.text &&
    a.stickyBucketsPerCore === b.stickyBucketsPerCore && a.flowTimeoutS === b.flowTimeoutS;
}
