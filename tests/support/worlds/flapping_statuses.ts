/** Statuses of many load balancers that change ten times a second, over a real etcd. */
import { EtcdStore } from "../../../src/fleet/etcd/etcd_store.ts";
import { Roster } from "../../../src/fleet/member/roster.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";
import { until } from "../judges/until.ts";
import type { EtcdCluster } from "../servers/etcd.ts";
import { PREFIX } from "./etcd_fleet.ts";

export interface Flapped {
  readonly seconds: number;
  readonly writers: number;
  /** Writes that the store has. */
  readonly revisions: number;
  /** Most writes by docs/fleet.md: of each a burst of 30, then one in ten seconds. */
  readonly bound: number;
  /** Mean length of a status, and of all that were written. */
  readonly bytesEach: number;
  readonly bytes: number;
}

export async function flapStatuses(
  cluster: EtcdCluster,
  { writers: count, seconds }: { readonly writers: number; readonly seconds: number },
): Promise<Flapped> {
  const clock = new SystemClock();
  const revisionOf = async () =>
    Number(JSON.parse(await cluster.ctl("get", "none", "-w", "json")).header.revision);
  const writers = Array.from({ length: count }, (_, at) => {
    const store = new EtcdStore({ servers: cluster.servers, prefix: PREFIX, clock });
    const place = { lb: `lb${at}`, site: "" };
    const roster = new Roster({ store, place, instance: place.lb, clock, onChange() {} });
    let up = false;
    store.start({
      onSnapshot({ values }) {
        up = true;
        roster.snapshot(values);
      },
      onChanges(changes) {
        for (const { key, text, revision } of changes) {
          roster.change(key, text === undefined ? undefined : { key, text, revision });
        }
      },
      onAway: () => void (up = false),
      onLeaseGone: () => roster.leaseGone(),
    });
    return { store, roster, isUp: () => up };
  });
  try {
    await until(() => writers.every(({ isUp }) => isUp()), { deadlineMs: 120_000 });
    const before = await revisionOf();
    const beganMs = performance.now();
    for (let n = 0; performance.now() < beganMs + seconds * 1000; n++) {
      for (const { roster, isUp } of writers) {
        roster.publish({
          version: "1",
          applied: n,
          configHash: "f".repeat(64),
          held: Array.from({ length: 10 }, () => ({ id: "00000000", reason: `reason ${n}` })),
          unfit: [],
          drains: [],
        });
        if (isUp()) void roster.writeDue();
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const revisions = await revisionOf() - before;
    const tookS = (performance.now() - beganMs) / 1000;
    const texts = await cluster.ctl("get", "--prefix", `${PREFIX}lb/`, "--print-value-only");
    const bytesEach = Math.round(texts.length / count);
    return {
      seconds: Math.round(tookS),
      writers: count,
      revisions,
      bound: count * (31 + Math.ceil(tookS / 10)),
      bytesEach,
      bytes: bytesEach * revisions,
    };
  } finally {
    for (const { store } of writers) await store.stop();
  }
}
