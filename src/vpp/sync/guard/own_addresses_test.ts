import assert from "node:assert/strict";
import { World } from "../../../../tests/support/worlds/reconcile_world.ts";
import { desired } from "../../../../tests/support/fakes/vips.ts";
import { parseInterfaceAddresses } from "./own_addresses.ts";

/** The output of VPP 26.10. */
const TEXT = `local0 (dn):
host-mlv0 (up):
  L3 10.77.0.1/24
  L3 2001:db8:77::1/64
  L3 10.99.0.1/24 ip4 table-id 7 fib-idx 1
loop0 (dn):
  L2 bridge bd-id 1 idx 1 shg 0
  L3 198.51.100.1/32
`;

Deno.test("parseInterfaceAddresses() finds the addresses of the default table", () => {
  assert.deepEqual([...parseInterfaceAddresses(TEXT)], [
    ["10.77.0.1", "interface host-mlv0"],
    ["2001:db8:77::1", "interface host-mlv0"],
    ["198.51.100.1", "interface loop0"],
  ]);
  assert.deepEqual([...parseInterfaceAddresses("% unknown input `show interface address'\n")], []);
});

Deno.test("a VIP or server that is an address of VPP itself causes one warning", async () => {
  const world = new World({
    web: desired("198.51.100.1", "10.77.0.1=100 10.0.0.1=100"),
    source: desired("198.51.100.2", "192.0.2.250=100"),
  });
  world.lb.interfacesText = TEXT;
  await world.start();
  const said = () => world.logger.of("vpp-platform").map(({ message }) => message);
  assert.deepEqual(said(), [
    "the VIP does not work: its address is VPP's own (interface loop0)",
    "server 10.77.0.1 gets no packets: its address is VPP's own (interface host-mlv0)",
    "server 192.0.2.250 gets no packets: its address is VPP's own (the source of GRE packets)",
  ]);
  await world.pass(60_000);
  assert.equal(said().length, 3);
  // An address that was removed and added again causes another warning.
  world.lb.interfacesText = "";
  await world.pass(30_000);
  world.lb.interfacesText = TEXT;
  await world.pass(30_000);
  assert.equal(said().length, 5);
  await world.reconciler.stop();
});
