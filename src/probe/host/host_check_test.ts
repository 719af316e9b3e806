import assert from "node:assert/strict";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { dns, UDP } from "../../../tests/support/worlds/healthcheck.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import type { Shim, ShimResult } from "../../../ffi/open.ts";
import { LOOK } from "../../../ffi/symbols.ts";
import { descriptorsNeeded, HostCheck } from "./host_check.ts";

/** Results of the shim: 0 or minus an errno, or the text of a setting. */
interface Host {
  readonly limit: number;
  readonly icmp?: number;
  /** Opening a raw socket. */
  readonly raw?: number;
  /** Entering a namespace. */
  readonly enter?: number;
  readonly range?: string | number;
}

/** A shim of a host, the calls made on it, and how often it was left open. */
function shimOf({ limit, icmp = 0, raw = 0, enter = 0, range = "32768\t60999\n" }: Host) {
  const asked: string[] = [];
  const calls = {
    maglev_nofile_raise(wanted: number, limits: Float64Array) {
      asked.push(`descriptors ${wanted}`);
      limits[0] = limit;
      return 0;
    },
    maglev_netns_look(path: Uint8Array, _: number, what: number, text: Uint8Array) {
      const where = new TextDecoder().decode(path).replace("\0", "");
      const name = Object.entries(LOOK).find(([, number]) => number === what)![0];
      asked.push(`${name}${where === "" ? "" : ` in ${where}`}`);
      const answer: Record<string, string | number> = { portRange: range, twReuse: "2\n", raw };
      const said = answer[name] ?? (name === "enter" ? enter : name.startsWith("icmp") ? icmp : 0);
      if (typeof said === "number") return said;
      return new TextEncoder().encodeInto(said, text).written;
    },
  };
  const shim: Shim = { calls: calls as unknown as Shim["calls"], close: () => asked.push("close") };
  return { result: { kind: "ok", shim } satisfies ShimResult, asked };
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

const ENCAP = smallConfig({
  backends: { a: {} },
  frontends: { web: { pools: "a", encap: "warn" } },
});

/** Three backends, two of them with an agent. */
const WITH_AGENTS = smallConfig({
  healthchecks: { asked: { agent: { port: 9, intervalMs: 500 } } },
  backends: { a: { healthcheck: "asked" }, b: { healthcheck: "asked" }, c: {} },
  frontends: {},
});

const hostCheckOf = (result: ShimResult, log = new RecordingLogger()) =>
  new HostCheck({ log, open: () => result });

Deno.test("descriptorsNeeded() has one for each target, and room for the rest of the daemon", () => {
  assert.ok(descriptorsNeeded(0) >= 100);
  assert.equal(descriptorsNeeded(10_000) - descriptorsNeeded(0), 10_000);
});

Deno.test("HostCheck requests exactly the needs of a configuration", () => {
  const cases: [ReturnType<typeof smallConfig>, string[]][] = [
    [config(), [`descriptors ${descriptorsNeeded(3)}`, "icmp4", "icmp6", "close"]],
    [config("blue"), [
      `descriptors ${descriptorsNeeded(3)}`,
      ...["enter", "icmp4", "icmp6"].map((what) => `${what} in /run/netns/blue`),
      "close",
    ]],
    [TCP_ONLY, [`descriptors ${descriptorsNeeded(1)}`, "close"]],
    [ENCAP, [`descriptors ${descriptorsNeeded(1)}`, "raw", "close"]],
    [WITH_AGENTS, [`descriptors ${descriptorsNeeded(5)}`, "close"]],
  ];
  for (const [wanted, calls] of cases) {
    const { result, asked } = shimOf({ limit: 1000 });
    assert.equal(hostCheckOf(result).problem(wanted), undefined);
    assert.deepEqual(asked, calls);
  }
});

Deno.test("HostCheck names the missing resource", () => {
  const problem = (limit: number, icmp: number) =>
    hostCheckOf(shimOf({ limit, icmp }).result).problem(config());
  assert.match(problem(100, 0)!, /3 probed backends .* only 100 .*LimitNOFILE=/);
  const untunneled = hostCheckOf(shimOf({ limit: 1000, raw: -1 }).result);
  assert.match(untunneled.problem(ENCAP)!, /through VPP's tunnel are not permitted.*CAP_NET_RAW/);
  assert.match(problem(1000, -1)!, /CAP_NET_RAW .*net\.ipv4\.ping_group_range/);
  assert.match(problem(1000, -13)!, /CAP_NET_RAW/);
  assert.equal(problem(1000, -97), undefined, "without IPv6 each probe reports it");
});

Deno.test("HostCheck without the shim accepts checks that do not need it, and warns once", () => {
  const result: ShimResult = { kind: "error", reason: "absent", message: "no shim: build it" };
  const log = new RecordingLogger();
  const without = hostCheckOf(result, log);
  assert.equal(
    without.problem(config()),
    "cannot use ICMP probes without the shim: no shim: build it",
  );
  assert.equal(
    without.problem(smallConfig({ backends: { a: {} }, frontends: {}, netns: "blue" })),
    "cannot use healthchecker.netns without the shim: no shim: build it",
  );
  for (
    const [params, transport] of [[UDP, "udp"], [dns(), "udp"], [
      dns({ transport: "tcp" }),
      "tcp",
    ]] as const
  ) {
    const refused = "cannot use probes over UDP without the shim: no shim: build it";
    const wanted = smallConfig({
      healthchecks: { c: { params } },
      backends: { a: { healthcheck: "c" } },
      frontends: {},
    });
    assert.equal(hostCheckOf(result).problem(wanted), transport === "udp" ? refused : undefined);
  }
  assert.deepEqual([without.problem(TCP_ONLY), without.problem(TCP_ONLY)], [undefined, undefined]);
  assert.deepEqual(log.of("config-warning"), [
    { message: "cannot check the limits on file descriptors and local ports: no shim: build it" },
  ]);
});

Deno.test("HostCheck refuses a namespace that is missing or cannot be entered, with the reason", () => {
  const cases: [enter: number, sentence: RegExp][] = [
    [
      -2,
      /^healthchecker\.netns: cannot enter network namespace blue: it does not exist;/,
    ],
    [-1, /cannot enter network namespace blue: operation not permitted; .*CAP_SYS_ADMIN/],
    [-13, /cannot enter .* blue: no permission to open its file in \/run\/netns$/],
    [-22, /cannot enter .* blue: its file in \/run\/netns is not a network namespace$/],
    [-24, /cannot enter .*: out of file descriptors/],
  ];
  for (const [enter, sentence] of cases) {
    const { result } = shimOf({ limit: 1000, enter });
    assert.match(hostCheckOf(result).problem(config("blue"))!, sentence);
  }
});

Deno.test("HostCheck warns of too few local ports, and reports when it cannot count them", () => {
  const busy = smallConfig({
    healthchecks: { tcp: { intervalMs: 1, downIntervalMs: 1 } },
    backends: { a: {} },
    frontends: {},
    netns: "blue",
  });
  const warnings = (host: Partial<Host>) => {
    const { result, asked } = shimOf({ limit: 1000, ...host });
    const found = hostCheckOf(result).warnings(busy);
    assert.ok(asked.includes("portRange in /run/netns/blue"), "the range is the namespace's");
    return found;
  };
  assert.match(warnings({}).join(), /^probes of 10\.0\.0\.1 port 80 may need 60000 local ports/);
  assert.deepEqual(warnings({ range: "1024 65535" }), []);
  assert.deepEqual(warnings({ range: -2 }), [
    "cannot check whether there are enough local ports for the probes: " +
    "cannot read /proc/sys/net/ipv4/ip_local_port_range: no such file " +
    "(check whether /proc is restricted, for example by ProcSubset=pid)",
  ]);
  const { result, asked } = shimOf({ limit: 1000 });
  assert.deepEqual(hostCheckOf(result).warnings(smallConfig({ backends: {}, frontends: {} })), []);
  assert.deepEqual(asked, []);
});
