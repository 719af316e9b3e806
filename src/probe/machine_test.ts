import assert from "node:assert/strict";
import { RecordingLogger } from "../../tests/support/recording_logger.ts";
import { smallConfig } from "../../tests/support/small_config.ts";
import type { Shim, ShimResult } from "../../ffi/open.ts";
import { descriptorsNeeded, Machine } from "./machine.ts";

/** A shim of a machine with `limit` descriptors that gives ICMP sockets or an errno. */
function shimOf(machine: { limit: number; icmp: number }) {
  const asked: string[] = [];
  let open = 0;
  const calls = {
    maglev_nofile_raise(wanted: number, limits: Float64Array) {
      asked.push(`descriptors ${wanted}`);
      limits[0] = machine.limit;
      return 0;
    },
    maglev_icmp_open(family: number) {
      asked.push(`icmp ${family}`);
      if (machine.icmp >= 0) open++;
      return machine.icmp;
    },
    maglev_close() {
      open--;
      return 0;
    },
  };
  const shim: Shim = { calls: calls as unknown as Shim["calls"], close: () => asked.push("close") };
  return { result: { kind: "ok", shim } satisfies ShimResult, asked, open: () => open };
}

const BACKENDS = {
  a: {},
  b: { healthcheck: "ping" },
  c: { healthcheck: "ping", address: "2001:db8::1" },
};
const PING = { ping: { params: { type: "icmp" }, port: 0 } } as const;
const config = (netns = "") =>
  smallConfig({ healthchecks: PING, backends: BACKENDS, frontends: {}, netns });
const TCP_ONLY = smallConfig({ backends: { a: {}, s: { healthcheck: "" } }, frontends: {} });

const machine = (result: ShimResult, log = new RecordingLogger()) =>
  new Machine({ log, open: () => result });

Deno.test("descriptorsNeeded() has one for each target, and room for the rest of the daemon", () => {
  assert.ok(descriptorsNeeded(0) >= 100);
  assert.equal(descriptorsNeeded(10_000) - descriptorsNeeded(0), 10_000);
});

Deno.test("Machine asks for what a configuration needs, and for nothing else", () => {
  const cases: [ReturnType<typeof smallConfig>, string[]][] = [
    [config(), [`descriptors ${descriptorsNeeded(3)}`, "icmp 4", "icmp 6", "close"]],
    [config("blue"), [`descriptors ${descriptorsNeeded(3)}`, "close"]],
    [TCP_ONLY, [`descriptors ${descriptorsNeeded(1)}`, "close"]],
  ];
  for (const [wanted, calls] of cases) {
    const { result, asked, open } = shimOf({ limit: 1000, icmp: 7 });
    assert.equal(machine(result).problem(wanted), undefined);
    assert.deepEqual([asked, open()], [calls, 0]);
  }
});

Deno.test("Machine names what cannot be had", () => {
  const problem = (limit: number, icmp: number) =>
    machine(shimOf({ limit, icmp }).result).problem(config());
  assert.match(problem(100, 7)!, /3 probed backends .* only 100 .*LimitNOFILE=/);
  assert.match(problem(1000, -1)!, /CAP_NET_RAW .*net\.ipv4\.ping_group_range/);
  assert.match(problem(1000, -13)!, /CAP_NET_RAW/);
  assert.equal(problem(1000, -97), undefined, "a machine without IPv6: said of each probe");
});

Deno.test("Machine without the shim runs what needs none, and warns once", () => {
  const result: ShimResult = { kind: "error", reason: "absent", message: "no shim: build it" };
  const log = new RecordingLogger();
  const without = machine(result, log);
  assert.equal(without.problem(config()), "ICMP probes need the shim: no shim: build it");
  assert.equal(
    without.problem(smallConfig({ backends: { a: {} }, frontends: {}, netns: "blue" })),
    "healthchecker.netns needs the shim: no shim: build it",
  );
  assert.deepEqual([without.problem(TCP_ONLY), without.problem(TCP_ONLY)], [undefined, undefined]);
  assert.deepEqual(log.of("config-warning"), [
    { message: "the limit on file descriptors is not checked: no shim: build it" },
  ]);
});
