/**
 * Thirty load balancers whose statuses change all the time. Goal: the store gets no more of them than
 * docs/fleet.md has. Judge: etcd's own revision. MAGLEV_FLEET_FLAP_SECONDS sets the length.
 */
import assert from "node:assert/strict";
import { MAX_VALUE_LENGTH } from "../../src/fleet/book/values.ts";
import { EtcdCluster, etcdTest } from "../support/servers/etcd.ts";
import { flapStatuses } from "../support/worlds/flapping_statuses.ts";

/** Longer than the burst, which a status may write once a second. */
const SECONDS = Number(Deno.env.get("MAGLEV_FLEET_FLAP_SECONDS") ?? 50);

etcdTest(`30 statuses flap for ${SECONDS} s: writes and bytes stay under their bound`, async () => {
  await using cluster = await EtcdCluster.start(3);
  const { writers, revisions, bound, bytesEach, ...rest } = await flapStatuses(cluster, {
    writers: 30,
    seconds: SECONDS,
  });
  console.log(JSON.stringify({ writers, revisions, bound, bytesEach, ...rest }));
  assert.ok(revisions >= writers, `${revisions} writes of ${writers}`);
  assert.ok(revisions <= bound, `${revisions} writes of at most ${bound}`);
  assert.ok(bytesEach > 100 && bytesEach <= MAX_VALUE_LENGTH, `${bytesEach} bytes`);
});
