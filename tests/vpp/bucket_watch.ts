/** Reads the buckets of all VIPs of a real VPP repeatedly, on a connection of its own. */
import assert from "node:assert/strict";
import type { MonotonicMs } from "../../src/base/instant.ts";
import type { Clock } from "../../src/base/ports.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { createVppConnection } from "../../src/vpp/api/connection.ts";
import type { LbApi } from "../../src/vpp/ports.ts";
import type { ServerDetails } from "../../src/vpp/lb/actual.ts";
import { vipKeyText } from "../../src/vpp/lb/model.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import type { RunningVpp } from "./support.ts";

const CLOCK = new SystemClock();

/** VIP → `10.0.0.1 weight 100 buckets 512, …` of the servers in use. */
export type Buckets = Readonly<Record<string, string>>;

/** On a busy machine VPP answers later than a daemon may wait: deadlines are twelve times as long. */
const SLOWNESS = 12;
const PATIENT: Clock = {
  monotonicMs: () => CLOCK.monotonicMs() / SLOWNESS as MonotonicMs,
  wallMs: () => CLOCK.wallMs(),
  after: (ms, run) => CLOCK.after(ms * SLOWNESS, run),
};

export class BucketWatch implements AsyncDisposable {
  readonly #connection;
  #stopped = false;
  #loop: Promise<void> = Promise.resolve();
  /** How often it has read. */
  reads = 0;
  /** All that were seen, in order, without immediate repeats. */
  readonly seen: Buckets[] = [];

  private constructor(vpp: RunningVpp) {
    this.#connection = createVppConnection({
      apiAddress: vpp.apiSocket,
      clock: PATIENT,
      logger: new RecordingLogger(),
      observer: { message: () => {} },
    });
  }

  /** Begins to read; the first reading is there when this resolves. */
  static async start(vpp: RunningVpp): Promise<BucketWatch> {
    const watch = new BucketWatch(vpp);
    const { promise, resolve } = Promise.withResolvers<LbApi>();
    watch.#connection.subscribe((state) => {
      if (state.kind === "connected") resolve(state.lb);
    });
    watch.#connection.start();
    const lb = await promise;
    await watch.#read(lb);
    watch.#loop = watch.#run(lb);
    return watch;
  }

  /** Every value that one VIP had, in order; one that it had again is there again. */
  valuesOf(vip: string): string[] {
    return this.seen.map((buckets) => buckets[vip] ?? "no VIP")
      .filter((text, i, all) => text !== all[i - 1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    await this.#connection.stop();
  }

  async #run(lb: LbApi): Promise<void> {
    while (!this.#stopped) {
      await this.#read(lb);
      await new Promise<void>((resolve) => void CLOCK.after(2, resolve));
    }
  }

  async #read(lb: LbApi): Promise<void> {
    const [vips, servers] = await Promise.all([lb.dumpVips(), lb.dumpServers()]);
    const buckets = bucketsOf(vips.map(vipKeyText), servers);
    this.reads++;
    if (JSON.stringify(buckets) !== JSON.stringify(this.seen.at(-1))) this.seen.push(buckets);
  }
}

function bucketsOf(vips: readonly string[], servers: readonly ServerDetails[]): Buckets {
  const lines = new Map([...vips].sort().map((vip): [string, string[]] => [vip, []]));
  for (const { vip, address, flags, weight, buckets } of servers) {
    if ((flags & 1) === 0) continue;
    const list = lines.get(vipKeyText(vip));
    assert.ok(list !== undefined, "a server in use belongs to a VIP in use");
    list.push(`${address.text} weight ${weight} buckets ${buckets}`);
  }
  return Object.fromEntries([...lines].map(([vip, list]) => [vip, list.sort().join(", ")]));
}
