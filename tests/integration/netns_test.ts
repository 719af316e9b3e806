/**
 * The engine in network namespaces of the test's own. Goal: only a valid reply is a pass, and
 * nothing of a probe leaves its namespace. Method: a responder inside replies correctly,
 * incorrectly or with a false identity; outside, the same addresses are unreachable.
 */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import type { HealthcheckConfig } from "../../src/config/model.ts";
import { certificates } from "../support/servers/certificates.ts";
import { dns, http, TCP, UDP } from "../support/worlds/healthcheck.ts";
import {
  HTTP_PORT,
  NET4,
  NET6,
  netnsTest,
  TestNamespace,
  TLS_PORT,
  withNamespace,
} from "../support/servers/netns.ts";
import { until } from "../support/judges/until.ts";
import { ICMP, PACE, withEngine } from "../support/worlds/netns_engine.ts";

const NO_REPLY = "L7TOUT no echo reply within the timeout";

/** By the last number of the address; see icmp_responder.py. */
const EXPECTED: readonly [number: number, what: string, v4: string, v6: string][] = [
  [1, "good", "L7OK", "L7OK"],
  [2, "lost", NO_REPLY, NO_REPLY],
  [3, "three times", "L7OK", "L7OK"],
  [4, "late", NO_REPLY, NO_REPLY],
  [5, "foreign identifier", NO_REPLY, NO_REPLY],
  [6, "forged payload", NO_REPLY, NO_REPLY],
  [7, "from another address", NO_REPLY, NO_REPLY],
  [8, "wrong sequence", NO_REPLY, NO_REPLY],
  [9, "an error", "L4CON host unreachable", "L4CON host unreachable"],
  [10, "cut payload", NO_REPLY, NO_REPLY],
  [11, "bad checksum", NO_REPLY, NO_REPLY],
  [12, "an error about another", NO_REPLY, NO_REPLY],
  [13, "garbage, then good", "L7OK", "L7OK"],
  [14, "longer payload", NO_REPLY, NO_REPLY],
];

netnsTest("ICMP accepts only a matching reply as a pass", async () => {
  await withNamespace(async (namespace) => {
    await namespace.respond({ lateMs: PACE.timeoutMs + 60 });
    await withEngine(async (engine) => {
      for (const [number] of EXPECTED) {
        engine.start(`v4 ${number}`, `${NET4}${number}`, ICMP, namespace.name);
        engine.start(`v6 ${number}`, `${NET6}${number.toString(16)}`, ICMP, namespace.name);
      }
      await engine.each(8);
      for (const [number, what, v4, v6] of EXPECTED) {
        assert.deepEqual(engine.verdicts(`v4 ${number}`), [v4], what);
        assert.deepEqual(engine.verdicts(`v6 ${number}`), [v6], what);
      }
      assert.deepEqual(engine.voids, []);
      const good = engine.outcomes.get("v4 1")!;
      assert.ok(good.every(({ result }) => result.durationMs >= 0 && result.durationMs < 150));
      assert.ok(good.some(({ result }) => result.durationMs > 0));
    });
  });
});

/** Verdicts on 127.0.0.1 in our own namespace. */
const HOME: Readonly<Record<string, string>> = {
  icmp: "L7OK",
  udp: "L4CON port unreachable",
  dns: "L4CON port unreachable",
};

netnsTest("every kind of probe runs inside its namespace only", async () => {
  await withNamespace(async (namespace) => {
    await namespace.respond({ certificates: (await certificates()).folder });
    await withEngine(async (engine) => {
      const tls = {
        serverName: "good.test",
        insecureSkipVerify: false,
        alpn: [],
        ca: { path: "", pem: (await certificates()).ca },
      };
      const kinds: [kind: string, check: Partial<HealthcheckConfig>, pass: string][] = [
        ["icmp", ICMP, "L7OK"],
        ["tcp", { params: TCP, port: HTTP_PORT }, "L4OK"],
        ["http", { params: http(), port: HTTP_PORT }, "L7OK status 200"],
        ["udp", { params: { ...UDP, expect: "" }, port: HTTP_PORT }, "L7OK 4 bytes"],
        ["dns", { params: dns(), port: HTTP_PORT }, "L7OK NOERROR, 0 records"],
        ["tls", { params: { type: "tcp", ssl: true, ...tls }, port: TLS_PORT }, "L6OK"],
        [
          "https",
          { params: { ...http(), ...tls, type: "https" }, port: TLS_PORT },
          "L7OK status 200",
        ],
      ];
      for (const [kind, quick] of kinds) {
        // Each outcome is judged, so an answer may take long on a busy machine.
        const check = { ...quick, timeoutMs: 5000 };
        for (const [family, net] of [["v4", NET4], ["v6", NET6]]) {
          engine.start(`${kind} ${family} inside`, `${net}1`, check, namespace.name);
          engine.start(`${kind} ${family} outside`, `${net}1`, check, "");
        }
        engine.start(`${kind} home`, "127.0.0.1", check, "");
      }
      await engine.each(5);
      for (const [kind, , pass] of kinds) {
        for (const family of ["v4", "v6"]) {
          const verdicts = (where: string) => engine.verdicts(`${kind} ${family} ${where}`);
          assert.deepEqual(verdicts("inside"), [pass], `${kind} ${family}`);
          assert.deepEqual(verdicts("outside"), ["L4CON no route to host"], `${kind} ${family}`);
        }
        // The kernel of our own namespace answers, and has no such server.
        const home = HOME[kind] ?? "L4CON connection refused";
        assert.deepEqual(engine.verdicts(`${kind} home`), [home]);
      }
      assert.deepEqual(engine.log.of("probe-worker").map(({ action, netns }) => [action, netns]), [
        ["entered", namespace.name],
      ]);
    });
  });
});

netnsTest(
  "ICMP uses the configured source address, and reports one that is not on this host",
  async () => {
    await withNamespace(async (namespace) => {
      await withEngine(async (engine) => {
        const from = (v4: string, v6: string): Partial<HealthcheckConfig> => ({
          ...ICMP,
          probeIpv4Src: parseIp(v4),
          probeIpv6Src: parseIp(v6),
        });
        // Answers only from the address it was asked from come through this route.
        const good = from(`${NET4}2`, `${NET6}2`);
        const bad = from(`${NET4}99`, `${NET6}99`);
        engine.start("v4", `${NET4}1`, good, namespace.name);
        engine.start("v6", `${NET6}1`, good, namespace.name);
        engine.start("bad v4", `${NET4}1`, bad, namespace.name);
        engine.start("bad v6", `${NET6}1`, bad, namespace.name);
        await until(() => engine.voids.length >= 8 && engine.outcomes.get("v6")!.length >= 3);
        assert.deepEqual(engine.verdicts("v4"), ["L7OK"]);
        assert.deepEqual(engine.verdicts("v6"), ["L7OK"]);
        const sentence = (source: string) => `source address ${source} is not on this host`;
        assert.deepEqual(engine.voidReason("bad v4"), sentence(`${NET4}99`));
        assert.deepEqual(engine.voidReason("bad v6"), sentence(`${NET6}99`));
        assert.deepEqual([engine.verdicts("bad v4"), engine.verdicts("bad v6")], [[], []]);
      });
    });
  },
);

netnsTest("a namespace may appear late, vanish, return and be replaced", async () => {
  await withNamespace(async (first) => {
    await first.remove();
    await withEngine(async (engine) => {
      engine.start("tcp", `${NET4}1`, { params: TCP, port: HTTP_PORT }, first.name);
      engine.start("icmp", `${NET4}1`, ICMP, first.name);
      await engine.lacks("tcp", /^cannot enter network namespace .* does not exist/);
      await engine.lacks("icmp", /^cannot enter network namespace .* does not exist/);

      const second = await TestNamespace.make(first.name);
      await second.respond();
      await engine.sees("tcp", /^L4OK$/);
      await engine.sees("icmp", /^L7OK$/);

      await second.remove();
      await engine.lacks("tcp", /^cannot enter network namespace .* does not exist/);
      await engine.lacks("icmp", /^cannot enter network namespace .* does not exist/);

      const third = await TestNamespace.make(first.name);
      await third.respond();
      await engine.sees("tcp", /^L4OK$/);
      await engine.sees("icmp", /^L7OK$/);

      // Replaced immediately: only the log may show it. The old one has no responder.
      await third.remove();
      const mark = engine.log.of("probe-worker").length;
      const fourth = await TestNamespace.make(first.name);
      await fourth.respond();
      await until(() => engine.log.of("probe-worker").length >= mark + 2);
      await engine.sees("tcp", /^L4OK$/);
      await engine.sees("icmp", /^L7OK$/);
      const news = engine.log.of("probe-worker").map(({ action, err }) =>
        `${action}${err === undefined ? "" : `: ${String(err).replaceAll(first.name, "X")}`}`
      );
      // Seen between the making of the name and the mounting on it, if one looks just then.
      const half = "waiting: cannot enter network namespace X: " +
        "its file in /run/netns is not a network namespace";
      const gone = "waiting: cannot enter network namespace X: it does not exist; create it with " +
        "`ip netns add X`";
      assert.deepEqual(news.filter((line) => line !== half), [
        gone,
        "entered",
        "left: network namespace X has vanished",
        gone,
        "entered",
        "left: network namespace X was replaced by another of its name",
        "entered",
      ]);
      await fourth.remove();
    });
  });
});
