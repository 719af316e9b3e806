/**
 * A lack of this host never fails a server. Goal: a healthy server never goes down because the
 * prober has no ports, descriptors, address or namespace; the lack is logged once, as a warning;
 * and a server that died meanwhile is detected as soon as probes count again. Method: a real
 * maglevd, servers of every kind in a namespace of the test's own, and one resource taken away at a
 * time.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { runToEnd, withFolder } from "../support/servers/daemon.ts";
import { grpcAddress, grpcTest } from "../support/worlds/grpc_stage.ts";
import { GrpcClient, part } from "../support/judges/grpc_client.ts";
import { lackConfig, lackName, type LackStage, onLackStage } from "../support/worlds/lack_stage.ts";
import { NO_FAULTS } from "../support/servers/failing_calls.ts";
import { NET4, netnsTest, NO_NETNS, TestNamespace } from "../support/servers/netns.ts";

const ENOMEM = 12;
const ENFILE = 23;

/** Takes something away, lets a server die meanwhile, and gives it back. */
async function withoutIt(
  stage: LackStage,
  reason: string,
  words: RegExp,
  change: {
    readonly take: () => Promise<void>;
    readonly giveBack: () => Promise<void>;
    /** The daemon does not answer meanwhile. */
    readonly deaf?: boolean;
  },
): Promise<void> {
  const { daemon } = stage;
  const from = daemon.mark;
  await change.take();
  const line = await stage.blind(reason, from);
  assert.equal(line.level, "ERROR");
  assert.equal(line.netns, stage.namespace.name);
  assert.match(String(line.err), words);
  await stage.kill();
  // Ten intervals in which each server would have been called down three times over.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  if (change.deaf !== true) {
    // A machine that is busy comes late to the last of them.
    const { status, reasons } = await readUntil(
      () => stage.see(reason),
      ({ gauge }) => gauge === 5,
      { what: "the newest probe of all five backends is void" },
    );
    assert.equal(status, 503, reasons);
    assert.match(reasons, words);
  }
  assert.equal(daemon.lines.filter(({ msg }) => msg === "prober-blind").length, 1);
  const down = daemon.lines.filter(({ msg, to }) => msg === "backend-transition" && to === "down");
  assert.deepEqual(down, [], "nothing is known, so nothing changes");
  await change.giveBack();
  await daemon.transition("frail", "down", from);
  await stage.restored(reason, from);
  const after = await stage.see(reason);
  assert.deepEqual([after.status, after.gauge], [200, 0]);
  stage.assertNoServerBlamed();
}

netnsTest("a full range of local ports takes no server down, and is named", async () => {
  await onLackStage({}, async (stage) => {
    const { namespace, daemon } = stage;
    let giveBack = () => Promise.resolve();
    await withoutIt(stage, "ports", /no local port is free/, {
      async take() {
        await namespace.sysctl("net.ipv4.ip_local_port_range=40000 40199");
        giveBack = await stage.takePorts();
      },
      async giveBack() {
        await namespace.sysctl("net.ipv4.ip_local_port_range=30000 39999");
        await giveBack();
      },
    });
    const lines = daemon.lines.filter(({ msg, err }) => msg === "probe-void" && err !== undefined);
    assert.ok(lines.length <= 2, "the log is not flooded");
  });
});

netnsTest(
  "a daemon without descriptors takes no server down, and names the limit to raise",
  async () => {
    await onLackStage({}, async (stage) => {
      const { pid } = stage.daemon.process;
      const limit = async (soft: number) => {
        const args = ["--pid", `${pid}`, `--nofile=${soft}:`];
        const { success } = await new Deno.Command("prlimit", { args }).output();
        assert.ok(success);
      };
      await withoutIt(stage, "descriptors", /out of file descriptors.*LimitNOFILE/, {
        // Below what it has: it keeps those, and gets no more, for its metrics port neither.
        deaf: true,
        take: () => limit(10),
        giveBack: () => limit(4096),
      });
    });
  },
);

if (NO_FAULTS === undefined) {
  netnsTest("a host without memory for sockets takes no server down", async () => {
    await onLackStage({ faults: true }, async (stage) => {
      await withoutIt(stage, "memory", /^.*out of kernel memory$/, {
        take: () => stage.faults.fail("socket", ENOMEM),
        giveBack: () => stage.faults.heal(),
      });
    });
  });

  netnsTest(
    "a system without descriptors takes no server down, though Deno hides the code",
    async () => {
      await onLackStage({ faults: true }, async (stage) => {
        await withoutIt(
          stage,
          "descriptors",
          /the limit of the system is reached \(raise fs\.file-max\)/,
          {
            take: () => stage.faults.fail("socket", ENFILE),
            giveBack: () => stage.faults.heal(),
          },
        );
      });
    },
  );
}

netnsTest("a source address that vanishes takes no server down, and is named", async () => {
  const source = `${NET4}2`;
  await onLackStage({ extra: `probe-ipv4-src: ${source}` }, async (stage) => {
    const address = (verb: string) => stage.namespace.ip(`address ${verb} ${source}/32 dev lo`);
    await withoutIt(stage, "source-address", /source address 198\.18\.77\.2 is not on this host/, {
      take: () => address("del"),
      giveBack: () => address("add"),
    });
  });
});

netnsTest("a namespace that vanishes and returns takes no server down", async () => {
  await onLackStage({}, async (stage) => {
    await withoutIt(stage, "namespace", /network namespace .* (has vanished|does not exist)/, {
      take: () => stage.hide(),
      giveBack: () => stage.unhide(),
    });
  });
});

netnsTest("a route that vanishes is a failure, and its return a pass", async () => {
  await onLackStage({}, async (stage) => {
    const { daemon, namespace } = stage;
    const from = daemon.mark;
    // The addresses are the namespace's own; without this route they are nowhere.
    const route = `local ${NET4}1 dev lo table local proto kernel scope host src ${NET4}1`;
    await namespace.ip(`route del ${route}`);
    for (const name of ["tcp", "http", "tls", "https"]) {
      const { detail } = await daemon.transition(name, "down", from);
      // Probes in flight run into their timeout.
      if (name === "tcp") assert.equal(detail, "network unreachable");
    }
    assert.deepEqual(daemon.lines.filter(({ msg }) => msg === "prober-blind"), []);
    const mark = daemon.mark;
    await namespace.ip(`route add ${route}`);
    await daemon.transition("tcp", "up", mark);
  });
});

netnsTest(
  "a namespace that is missing is a warning at --check, and refused at the start and at a reload",
  async () => {
    const missing = lackName();
    await withFolder(async (folder) => {
      const config = `${folder}/maglev.yaml`;
      await Deno.writeTextFile(config, lackConfig(missing));
      const check = await runToEnd({ config, flags: ["--check"] });
      assert.equal(check.code, 0);
      assert.match(
        check.stdout,
        /warning: healthchecker\.netns: cannot enter network namespace \S+: \S+ does not exist/,
      );
      const start = await runToEnd({ config });
      assert.equal(start.code, 1);
      assert.match(
        start.stderr,
        /cannot start: healthchecker\.netns: cannot enter network namespace \S+: \S+ does not/,
      );
      assert.match(start.stderr, /ip netns add/);
    });
    await onLackStage({}, async (stage) => {
      const { daemon, configPath } = stage;
      const from = daemon.mark;
      await Deno.writeTextFile(configPath, lackConfig(missing));
      daemon.process.signal("SIGHUP");
      const { message } = await daemon.seen(({ msg }) => msg === "config-error", { from });
      assert.match(String(message), /cannot enter network namespace \S+: \S+ does not exist/);
      await daemon.seen(({ msg, ok }) => msg === "config-reload" && ok === false, { from });
      await new Promise((resolve) => setTimeout(resolve, 500));
      stage.assertNoServerBlamed();
    });
  },
);

/** Started as root without one capability. */
const WITHOUT = (capability: string) => [
  "setpriv",
  `--bounding-set=-${capability}`,
  `--inh-caps=-${capability}`,
];

netnsTest(
  "a start without the permission to enter the namespace is refused and names the capability",
  async () => {
    const namespace = await TestNamespace.make(lackName());
    try {
      await withFolder(async (folder) => {
        const config = `${folder}/maglev.yaml`;
        await Deno.writeTextFile(config, lackConfig(namespace.name));
        const start = await runToEnd({ config, prefix: WITHOUT("sys_admin") });
        assert.equal(start.code, 1);
        assert.match(
          start.stderr,
          /cannot enter .*: operation not permitted; give the process CAP_SYS_ADMIN/,
        );
        const check = await runToEnd({ config, flags: ["--check"], prefix: WITHOUT("sys_admin") });
        assert.equal(check.code, 0);
        assert.match(check.stdout, /warning: .*CAP_SYS_ADMIN/);
        const icmp = lackConfig(namespace.name).replace("type: tcp, port: 18079", "type: icmp");
        await Deno.writeTextFile(config, icmp);
        const raw = await runToEnd({ config, prefix: WITHOUT("net_raw") });
        assert.equal(raw.code, 1);
        assert.match(raw.stderr, /CAP_NET_RAW/);
      });
    } finally {
      await namespace.remove();
    }
  },
);

netnsTest(
  "a start warns about too few local ports, with numbers and fixes, and continues",
  async () => {
    const sysctls = ["net.ipv4.ip_local_port_range=30000 30999"];
    await onLackStage({ extra: "down-interval: 10ms", sysctls }, async (stage) => {
      const { message } = await stage.daemon.seen(({ msg, message }) =>
        msg === "config-warning" && /local ports/.test(String(message))
      );
      assert.match(
        String(message),
        /^probes of 198\.18\.77\.1 port 18077 may need 12000 local ports \(2 backends, 200 probes a second, each port is kept 60 s\), and this host has 1000 \(/,
      );
    });
  },
);

if (NO_NETNS === undefined) {
  grpcTest(
    "the API returns the reason for void probes of a backend, and the blind threads",
    async () => {
      await onLackStage({}, async (stage) => {
        const target = await grpcAddress(stage.daemon);
        await using client = await GrpcClient.start({ target });
        const status = async () => (await client.call("GetStatus", {})).message;
        const before = await status();
        assert.equal(part(before, "ready"), true);
        assert.deepEqual(part(before, "probers"), [
          {
            netns: stage.namespace.name,
            threads: 1,
            backends: 5,
            blind: false,
            isolated: false,
            reason: "",
          },
        ]);
        await stage.hide();
        await stage.blind("namespace");
        const after = await status();
        assert.notEqual(part(after, "ready"), true);
        assert.equal(part(after, "probers", "0", "blind"), true);
        assert.match(String(part(after, "probers", "0", "reason")), /network namespace/);
        assert.ok(Number(part(after, "probers", "0", "blindSinceUnixNs")) > 0);
        const backend = (await client.call("GetBackend", { name: "tcp" })).message;
        assert.match(String(part(backend, "blind")), /network namespace/);
        assert.equal(part(backend, "state"), "up");
        const plan = await client.call("PlanConfig", {});
        assert.match(
          JSON.stringify(plan.message),
          /cannot enter network namespace \S+: \S+ does not exist/,
        );
        await stage.unhide();
        await stage.restored("namespace");
        assert.equal(part(await status(), "ready"), true);
      });
    },
  );
}
