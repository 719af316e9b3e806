/** Shows the announcer the frontends, and what VPP acknowledged. */
import { Announcer, type AnnounceSource } from "../../announce/announcer.ts";
import type { Border } from "../../announce/border.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import { FAR_PAST_MS, later } from "../../base/instant.ts";
import type { CheckerReader, FrontendView } from "../../checker/ports.ts";
import type { FolderIo } from "../../system/state_file.ts";
import type { AnnounceConfig, FrontendConfig } from "../../config/model.ts";
import { vipKeyOf } from "../../vpp/lb/desired.ts";
import { type ActualVip, type VipKey, vipPrefix } from "../../vpp/lb/model.ts";
import type { VppConnection } from "../../vpp/ports.ts";
import { type Withheld, withheldVip } from "../../vpp/sync/guard/withheld.ts";
import type { SyncReport } from "../../vpp/sync/report.ts";
import type { SentWeights } from "../../vpp/sync/sent_weights.ts";

export interface AnnounceOptions {
  readonly checker: CheckerReader;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent without VPP. */
  readonly vpp?: {
    readonly sent: SentWeights;
    /** True while VPP is connected and was compared since. */
    readonly programmed: () => boolean;
    readonly warmedUp: () => boolean;
    /** A VIP as VPP acknowledged it; undefined: VPP has not got it, or is away. */
    readonly vip: (key: VipKey) => ActualVip | undefined;
    /** Operations that VPP does not get. */
    readonly withheld: () => readonly Withheld[];
  } | undefined;
  /** True while an operator keeps all prefixes withdrawn. */
  readonly isLameduck: () => boolean;
  /** Opens the folder of the file. */
  readonly folder: (path: string) => FolderIo;
}

/** Follows whether VPP is connected and was programmed since. */
export class VppProgress {
  readonly warmedUp: () => boolean;
  #programmed = false;
  #listener = () => {};

  constructor(connection: Pick<VppConnection, "subscribe">, warmedUp: () => boolean) {
    this.warmedUp = warmedUp;
    connection.subscribe(({ kind }) => {
      if (kind === "connected" || !this.#programmed) return;
      this.#programmed = false;
      this.#listener();
    });
  }

  readonly programmed = () => this.#programmed;

  /** Calls `listener` at each change. */
  follow(listener: () => void): void {
    this.#listener = listener;
  }

  /** VPP answered all of a synchronisation. */
  synchronised({ scope }: Pick<SyncReport, "scope">): void {
    // Prefixes of VIPs that VPP refused are held back one by one.
    if (scope === "all") this.#programmed = true;
    this.#listener();
  }
}

/** `startup-max-delay` of a configuration without a `vpp.lb` section, in milliseconds. */
const MAX_DELAY_MS = 30_000;

/** The announcer of a daemon; start it with the daemon. */
export function createAnnouncer(options: AnnounceOptions): Announcer {
  const { clock, logger, checker, vpp, folder } = options;
  const source = announceSource(options);
  const announcer = new Announcer({ source, clock, logger, folder });
  if (vpp !== undefined) vpp.sent.onSent = () => announcer.updateSoon();
  // At the end of the turn, when the weights of all frontends are sent. A pool may have taken over.
  checker.subscribe(({ kind }) => {
    if (kind === "program" || kind === "reload" || kind === "frontend" || kind === "lameduck") {
      announcer.updateSoon();
    }
  });
  return announcer;
}

function announceSource(
  { checker, vpp, clock, isLameduck }: AnnounceOptions,
): AnnounceSource {
  const startMs = clock.monotonicMs();
  const counts = new BorderCounts(vpp);
  return {
    isLameduck,
    settings: () => checker.current.config.announce,
    borders: () => counts.borders(checker.current.frontends.values()),
    knownByMs() {
      const { config, frontends } = checker.current;
      const known = vpp?.warmedUp() ?? ![...frontends.values()].some(isUnknown);
      if (known) return FAR_PAST_MS;
      // Warm-up goes on while the prober is blind to a frontend; the other prefixes do not wait.
      return later(startMs, config.vppLb?.startupMaxDelayMs ?? MAX_DELAY_MS);
    },
    vppAway: () => vpp !== undefined && !vpp.programmed(),
  };
}

/** True for a frontend with `announce` whose servers have no verdict yet. */
function isUnknown({ state, config: { announce } }: FrontendView): boolean {
  return announce !== undefined && state === "unknown";
}

/** What the border of a frontend follows from, each value replaced whole when it changes. */
interface Known {
  readonly view: FrontendView;
  readonly sent: ReadonlyMap<string, number> | undefined;
  readonly vip: ActualVip | undefined;
  readonly isWithheld: boolean;
}

/**
 * The borders of all frontends with `announce`. Servers are counted again only in frontends where
 * something changed, because this is asked after each transition.
 */
export class BorderCounts {
  readonly #vpp: AnnounceOptions["vpp"];
  /** By the frontend's definition. */
  readonly #counted = new WeakMap<
    FrontendConfig,
    { readonly from: Known; readonly border: Border }
  >();

  constructor(vpp: AnnounceOptions["vpp"]) {
    this.#vpp = vpp;
  }

  borders(views: Iterable<FrontendView>): readonly Border[] {
    const withheld = new Set(this.#vpp?.withheld().map(({ of }) => of));
    const borders: Border[] = [];
    for (const view of views) {
      const { announce } = view.config;
      if (announce !== undefined) borders.push(this.#borderOf(view, announce, withheld));
    }
    return borders;
  }

  #borderOf(
    view: FrontendView,
    announce: AnnounceConfig,
    withheld: ReadonlySet<string>,
  ): Border {
    const vpp = this.#vpp;
    const { config } = view;
    const key = vipKeyOf(config);
    const from: Known = {
      view,
      sent: vpp?.sent.of(key),
      vip: vpp?.vip(key),
      isWithheld: withheld.size > 0 && withheld.has(withheldVip(key)),
    };
    const known = this.#counted.get(config);
    if (known !== undefined && isSame(known.from, from)) return known.border;
    const prefix = vipPrefix(key);
    const counts = vpp === undefined ? countedAlone(view) : countedInVpp(from);
    const border: Border = { frontend: view.name, prefix, ...counts, ...announce };
    this.#counted.set(config, { from, border });
    return border;
  }
}

function isSame(a: Known, b: Known): boolean {
  return a.view === b.view && a.sent === b.sent && a.vip === b.vip &&
    a.isWithheld === b.isWithheld;
}

/** Without VPP. */
function countedAlone({ servers }: FrontendView): Pick<Border, "serving" | "acknowledged"> {
  const serving = servers.filter(({ weight }) => weight > 0).length;
  return { serving, acknowledged: serving };
}

/**
 * Servers with weight, now and in VPP; held, carried and blind ones, and those that serve in place
 * of blind ones, count with VPP's weight. Of a
 * VIP with withheld operations only those count that VPP has.
 */
function countedInVpp(
  { view: { servers }, sent, vip, isWithheld }: Known,
): Pick<Border, "serving" | "acknowledged"> {
  const serving = servers.filter(({ address, weight, keep, reserve }) =>
    (weight > 0 || keep === true || reserve !== undefined) && (sent?.get(address.text) ?? 0) > 0
  );
  const inVpp = new Set(
    vip?.servers.filter(({ weight }) => weight > 0).map(({ address }) => address.text),
  );
  const acknowledged = serving.filter(({ address }) => inVpp.has(address.text)).length;
  return { serving: isWithheld ? acknowledged : serving.length, acknowledged };
}
