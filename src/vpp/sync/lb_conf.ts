/**
 * Keeps the plugin's global settings in VPP at their desired values.
 *
 * When the number of sticky buckets changes, each thread of VPP discards its table at its next
 * packet: all flows of all VIPs lose their server. So it is sent only when the configuration
 * changed it, at connect, and at an operator's sync. When it is found changed in VPP at another
 * time, both values are logged and it stays.
 */
import { MaglevError } from "../../base/errors.ts";
import { MANY_STICKY_BUCKETS, stickyTableCost } from "../../base/vpp/sticky_table.ts";
import type { LogFields, Logger } from "../../base/ports.ts";
import { unsafeConf } from "../lb/guard/limits.ts";
import type { LbConf } from "../lb/model.ts";
import type { StatsRoom } from "../lb/guard/stats_budget.ts";
import type { LbApi } from "../ports.ts";
import type { SyncTrigger } from "./report.ts";
import { retvalName } from "../wire/retval.ts";
import type { WithheldList } from "./guard/withheld.ts";

/** The warning in logs and in replies where the number of sticky buckets changes. */
export const FLOWS_FORGOTTEN = "all sticky flows of all VIPs are forgotten";

/** The key of the settings in the list of withheld operations. */
export const LB_CONF = "lb_conf";

export interface LbConfKeeperOptions {
  readonly lb: LbApi;
  readonly logger: Logger;
  readonly withheld: WithheldList;
  /** True when VPP has VIPs, whose flows can be forgotten. */
  readonly hasVips: () => boolean;
  /** The room in VPP's stats segment, with the number of threads; undefined while not known. */
  readonly statsRoom: () => StatsRoom | undefined;
}

export class LbConfKeeper {
  readonly #options: LbConfKeeperOptions;
  #known: LbConf | undefined;
  /** The settings sent last. Even if refused, they are not sent again before the next reading. */
  #sent: LbConf | undefined;
  /** The desired settings of the last push(). */
  #wanted: LbConf | undefined;
  /** True while VPP has another number of sticky buckets because another program changed it. */
  #drifted = false;
  #wasRead = false;
  /** True when settings were sent since the present reading began. */
  #sentSince = false;
  /** The number of buckets whose cost was checked last. */
  #costed: number | undefined;

  constructor(options: LbConfKeeperOptions) {
    this.#options = options;
  }

  /** VPP's settings; undefined until read or, in a VPP that does not report them, set. */
  get known(): LbConf | undefined {
    return this.#known;
  }

  /** A reading begins: its requests are sent now. */
  reading(): void {
    this.#sentSince = false;
  }

  /** VPP was read; undefined when it does not report its settings: those acknowledged apply. */
  read(conf: LbConf | undefined): void {
    // Settings sent meanwhile are newer than those read.
    if (this.#sentSince) return;
    if (conf !== undefined) {
      if (this.#known !== undefined) this.#compare(conf, this.#known);
      this.#known = conf;
    }
    this.#sent = undefined;
    this.#wasRead = true;
  }

  /**
   * Sends `wanted` unless VPP has it or it was sent already. To a VPP that does not report its
   * settings they are sent once a connection, which has no effect if it has them.
   */
  push(wanted: LbConf, trigger: SyncTrigger): void {
    if (!this.#wasRead) return;
    const { lb, withheld } = this.#options;
    const unsafe = unsafeConf(wanted);
    const fields = { setting: LB_CONF };
    withheld.set(
      LB_CONF,
      unsafe === undefined ? [] : [{ kind: "limit", of: LB_CONF, message: unsafe, fields }],
    );
    if (unsafe !== undefined) return;
    // The fast path of a transition does not read the segment.
    if (trigger !== "transition" && trigger !== "weight") this.#warnOfCost(wanted);
    const told = this.#tolerating(wanted, trigger);
    this.#wanted = wanted;
    const there = this.#sent ?? this.#known;
    if (there !== undefined && sameConf(there, told)) return;
    const forgets = this.#known !== undefined && this.#options.hasVips() &&
      this.#known.stickyBucketsPerCore !== told.stickyBucketsPerCore;
    this.#sent = told;
    this.#sentSince = true;
    lb.setConf(told).then(
      (retval) => this.#answered(told, retval, forgets),
      (error) => this.#failed(MaglevError.from(error)),
    );
  }

  /**
   * Warns once of a table that is large over all threads. A check of the configuration cannot,
   * because the number of threads is VPP's.
   */
  #warnOfCost({ stickyBucketsPerCore: buckets }: LbConf): void {
    const threads = this.#costed === buckets ? undefined : this.#options.statsRoom()?.threads;
    if (threads === undefined) return;
    this.#costed = buckets;
    const all = buckets * threads;
    if (all <= MANY_STICKY_BUCKETS) return;
    const { mebibytes, flushMs } = stickyTableCost(all);
    this.#options.logger.warn("vpp-platform", {
      "sticky-buckets-per-core": buckets,
      threads,
      message: `sticky-buckets-per-core ${buckets} takes ${mebibytes} MiB of VPP's memory on its ` +
        `${threads} threads, and each flush stops forwarding for ${flushMs} ms; use at most ` +
        `${MANY_STICKY_BUCKETS} buckets on all threads together`,
    });
  }

  /** `wanted`, but with the number of buckets that was found for as long as that stays. */
  #tolerating(wanted: LbConf, trigger: SyncTrigger): LbConf {
    const known = this.#known;
    if (!this.#drifted || known === undefined) return wanted;
    const isNew = this.#wanted?.stickyBucketsPerCore !== wanted.stickyBucketsPerCore;
    if (isNew || trigger === "connect" || trigger === "operator") {
      this.#drifted = false;
      return wanted;
    }
    return { ...wanted, stickyBucketsPerCore: known.stickyBucketsPerCore };
  }

  /** Logs the settings that another program changed. */
  #compare(found: LbConf, known: LbConf): void {
    const [now, then] = [confFields(found), confFields(known)];
    const changed = Object.keys(now).filter((name) => now[name] !== then[name]);
    if (changed.length === 0) return;
    const words = (fields: LogFields) => changed.map((name) => `${name} ${fields[name]}`);
    const sticky = found.stickyBucketsPerCore !== known.stickyBucketsPerCore;
    if (sticky) this.#drifted = found.stickyBucketsPerCore !== this.#wanted?.stickyBucketsPerCore;
    this.#options.logger.warn("vpp-lbsync-drift", {
      setting: LB_CONF,
      found: words(now),
      expected: words(then),
      message: this.#drifted
        ? "sticky-buckets-per-core stays until the next connect or `sync vpp lb`: when it changes, " +
          FLOWS_FORGOTTEN
        : undefined,
    });
  }

  #answered(conf: LbConf, retval: number, forgets: boolean): void {
    if (retval !== 0) return this.#log(retvalName(retval));
    this.#known = conf;
    const fields = confFields(conf);
    const { logger } = this.#options;
    if (forgets) logger.warn("vpp-lb-conf-set", { ...fields, message: FLOWS_FORGOTTEN });
    else logger.info("vpp-lb-conf-set", fields);
  }

  #failed(error: MaglevError): void {
    // The connection ended, or is about to end because of this error.
    if (error.code === "unavailable" || error.code === "deadline-exceeded") return;
    this.#log(error.message);
  }

  #log(err: string): void {
    this.#options.logger.warn("vpp-lb-conf-set-failed", { err });
  }
}

/** The fields of a log record, named as in the configuration. */
function confFields(conf: LbConf): LogFields {
  return {
    "ipv4-src-address": conf.ip4SrcAddress.text,
    "ipv6-src-address": conf.ip6SrcAddress.text,
    "sticky-buckets-per-core": conf.stickyBucketsPerCore,
    "flow-timeout": conf.flowTimeoutS,
  };
}

function sameConf(a: LbConf, b: LbConf): boolean {
  return a.ip4SrcAddress.text === b.ip4SrcAddress.text &&
    a.ip6SrcAddress.text === b.ip6SrcAddress.text &&
    a.stickyBucketsPerCore === b.stickyBucketsPerCore && a.flowTimeoutS === b.flowTimeoutS;
}
