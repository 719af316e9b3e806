/**
 * maglevd over VPP's shared memory, with exactly the documented permissions: the stand-in for
 * libvppapiclient leads to the simulator.
 */
import assert from "node:assert/strict";
import { vppHas } from "../support/judges/lb_view.ts";
import {
  buildStandIn,
  StandInSegment,
  withLibrary,
} from "../support/servers/shared_memory_peer.ts";
import { onStage } from "../support/worlds/stage.ts";

const VIP = "192.0.2.1/32 6 80";
const A = "127.0.43.1";
const B = "127.0.43.2";

Deno.test("maglevd programs VPP over shared memory, and again after a restart of VPP", async () => {
  const library = await buildStandIn();
  const segment = new StandInSegment();
  await onStage([A, B], async ({ configure, start, simulator, servers }) => {
    try {
      segment.make(simulator.path);
      await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 50 } } } });
      const daemon = withLibrary(library, () => start({ vppApiAddr: segment.address }));
      await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 50`] });
      await servers[1]!.close();
      await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 0`] });

      const mark = daemon.mark;
      segment.make(simulator.path);
      await simulator.restart();
      await daemon.seen(({ msg }) => msg === "vpp-disconnect", { from: mark });
      await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 0`] });
      assert.equal(await daemon.stop(), 0);
      assert.equal(daemon.process.errors, "");
    } finally {
      segment.remove();
    }
  });
});

Deno.test("maglevd without libvppapiclient reports what is missing, and continues", async () => {
  const segment = new StandInSegment();
  await onStage([A], async ({ configure, start, simulator }) => {
    try {
      segment.make(simulator.path);
      await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
      const library = "/nowhere/libvppapiclient.so";
      const daemon = withLibrary(library, () => start({ vppApiAddr: segment.address }));
      const failure = await daemon.seen(({ msg }) => msg === "vpp-connect-failed");
      assert.match(String(failure.err), /nowhere.*packages vpp and libvppinfra/);
      await daemon.transition("b0", "up");
    } finally {
      segment.remove();
    }
  });
});
