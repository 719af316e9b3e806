import assert from "node:assert/strict";
import { badFleetSettings, createFleetMember, type FleetSettings, openBook } from "./fleet.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { setUp } from "../../../tests/support/worlds/checker_fixture.ts";

const OFF: FleetSettings = {
  "fleet-store": "",
  fleet: "default",
  "fleet-lb": "",
  "fleet-site": "",
  "fleet-tls-ca": "",
  "fleet-tls-cert": "",
  "fleet-tls-key": "",
  "state-dir": "",
};
const ON: FleetSettings = { ...OFF, "fleet-store": "etcd:h1:2379,[::1]:2379", "fleet-lb": "lb1" };

Deno.test("badFleetSettings() names the flag and what it needs", () => {
  const cases: [Partial<FleetSettings>, RegExp | undefined][] = [
    [{}, undefined],
    [{ "fleet-store": "h1:2379" }, /--fleet-store: need etcd:HOST:PORT/],
    [{ "fleet-store": "etcd:h1" }, /--fleet-store: need host:port of each server, have "h1"/],
    [{ "fleet-store": "etcd::2379" }, /--fleet-store: need host:port/],
    [{ "fleet-lb": "" }, /--fleet-lb: need a name/],
    [{ fleet: "a/b" }, /--fleet: need a name/],
    [{ "fleet-site": "a b" }, /--fleet-site: need a name/],
    [{ "fleet-tls-cert": "c" }, /need both or neither/],
    [{ "fleet-tls-cert": "c", "fleet-tls-key": "k" }, /needs --fleet-tls-ca too/],
  ];
  for (const [change, wanted] of cases) {
    const problem = badFleetSettings({ ...ON, ...change });
    if (wanted === undefined) assert.equal(problem, undefined);
    else assert.match(String(problem), wanted);
  }
  assert.equal(badFleetSettings({ ...OFF, "fleet-tls-cert": "c" }), undefined);
});

Deno.test("without --fleet-store nothing is opened or made", async () => {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  assert.equal(await openBook({ ...OFF, "state-dir": "/nowhere" }, { clock, logger }), undefined);
  const { checker } = setUp();
  const parts = { checker, vpp: undefined, book: undefined, configHash: () => "", clock, logger };
  assert.equal(await createFleetMember(OFF, parts), undefined);
  assert.deepEqual(logger.records, []);
});

Deno.test("a store without a state directory is warned of", async () => {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  assert.equal(await openBook(ON, { clock, logger }), undefined);
  assert.match(String(logger.of("config-warning")[0]?.message), /--state-dir sets one/);
});
