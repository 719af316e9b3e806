/** What happens to a load balancer in its life, and what a client sees of each. */
import assert from "node:assert/strict";
import { HELD, type Held, type Lab, type Seen, type Vip, VIPS } from "./lab.ts";

/** Longest outages that a client may see, in milliseconds. */
const LIMITS = {
  /** The next check within 200 ms, three failures 50 ms apart, and the change in VPP. */
  refuses: 1500,
  /** As before, and each of the three lasts 200 ms. */
  hangs: 2500,
  /** An overloaded machine may lose two probes in a row. */
  nothing: 60,
  /** VPP's own start, and all of its VIPs made by maglevd. */
  restart: 10_000,
};

/** Those of the connections that a server broke, by the server's name. */
function brokenOf(held: readonly Held[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { server, broken } of held) {
    if (broken !== null) counts[server] = (counts[server] ?? 0) + 1;
  }
  return counts;
}

function heldBy(held: readonly Held[], server: string): number {
  return held.filter((one) => one.server === server).length;
}

/** No probe failed, and every connection lives. */
function unnoticed(seen: Seen): void {
  for (const vip of Object.keys(VIPS) as Vip[]) {
    assert.equal(seen.longestOutage(vip), 0, vip);
    // An overloaded machine may lose one.
    assert.ok(seen.failed(vip) <= 1, `${vip}: ${seen.failed(vip)} failures`);
  }
  assert.deepEqual(brokenOf(seen.held), {});
}

/** A frontend that a reload adds. */
const FURTHER = `  frontends:
    further:
      address: 192.0.2.3
      protocol: tcp
      port: 80
      pools: [ { name: main, backends: { nginx1: {} } } ]
`;

const BOTH = ["nginx0", "nginx1"];

/** New connections go to these servers, and to no others. */
async function answered(lab: Lab, vip: Vip, servers: readonly string[]): Promise<void> {
  const answers = await lab.ask();
  assert.deepEqual(Object.keys(answers[vip]), servers, vip);
}

async function synced(lab: Lab, act: () => Promise<void>): Promise<void> {
  const { mark } = lab.daemon;
  await act();
  await lab.synced(mark);
}

/** Waits until a server that serves again has all its traffic. */
async function returned(lab: Lab, serve: () => Promise<void>): Promise<void> {
  const { mark } = lab.daemon;
  await serve();
  await lab.followed(["nginx0"], "up", mark);
}

/** nginx0 stops serving by `fail`, and serves again by `mend`: the other one takes over. */
async function serverFails(
  lab: Lab,
  { name, maxOutageMs, patienceS = 30, fail, mend }: {
    readonly name: string;
    readonly maxOutageMs: number;
    readonly patienceS?: number;
    readonly fail: () => Promise<void>;
    readonly mend: () => Promise<void>;
  },
): Promise<void> {
  const failure = await lab.watch(name, { maxOutageMs, patienceS }, async () => {
    const { mark } = lab.daemon;
    await fail();
    await lab.followed(["nginx0"], "down", mark);
  });
  assert.ok(failure.longestOutage("failover") > 50, "the client saw the failure");
  const broken = brokenOf(failure.held);
  assert.deepEqual(Object.keys(broken), ["nginx0"]);
  assert.equal(broken.nginx0, heldBy(failure.held, "nginx0"), "a dead server keeps no client");
  assert.ok(heldBy(failure.held, "nginx1") > 0);
  for (const vip of Object.keys(VIPS) as Vip[]) await answered(lab, vip, ["nginx1"]);
  const recovery = await lab.watch(
    `${name}, and returns`,
    { maxOutageMs: LIMITS.nothing },
    () => returned(lab, mend),
  );
  // The pool in reserve is left; its connections end, because its server may take none now.
  assert.equal(recovery.longestOutage("shared"), 0);
  await answered(lab, "failover", ["nginx0"]);
  await answered(lab, "shared", BOTH);
}

/** Ends VPP as by kill -9 and starts it again, until maglevd has made its VIPs. */
async function restartVpp(lab: Lab): Promise<void> {
  const { mark, lines } = lab.daemon;
  await lab.balancer.kill();
  await lab.balancer.restart();
  const connected = await lab.daemon.seen(({ msg }) => msg === "vpp-connect", { from: mark });
  await lab.synced(lines.indexOf(connected));
}

const TIMEOUT = "timeout: 200ms";

/** Reloads a file with other checks, and waits until the servers are up by these. */
async function recheck(lab: Lab, edit: (text: string) => string): Promise<void> {
  await lab.configure(edit);
  const mark = await lab.reload();
  for (const name of BOTH) await lab.daemon.transition(name, "up", mark);
}

/** A story, and where it can be played. */
export interface Story {
  readonly name: string;
  /** Why it is not played with a simulated VPP; undefined: it is. */
  readonly onlyReal?: string;
  readonly play: (lab: Lab) => Promise<void>;
}

export const STORIES: readonly Story[] = [
  {
    name: "a server refuses connections: the other one and the pool in reserve take over",
    play: (lab) =>
      serverFails(lab, {
        name: "a server refuses",
        maxOutageMs: LIMITS.refuses,
        fail: () => lab.servers.close(0),
        mend: () => lab.servers.open(0),
      }),
  },
  {
    name: "a server accepts and never answers",
    play: (lab) =>
      serverFails(lab, {
        name: "a server hangs",
        maxOutageMs: LIMITS.hangs,
        // A client that has sent its request gets no packet, so it has to give up by itself.
        patienceS: 1,
        fail: () => lab.servers.hang(0),
        mend: () => lab.servers.open(0),
      }),
  },
  {
    name: "a server is unplugged",
    onlyReal: "the simulated one cannot end connections to a server that is silent",
    play: (lab) =>
      serverFails(lab, {
        name: "a server is unplugged",
        maxOutageMs: LIMITS.hangs,
        fail: () => lab.servers.unplug(0),
        mend: () => lab.servers.plug(0),
      }),
  },
  {
    name: "a drain: new connections go elsewhere, and those that exist stay",
    async play(lab) {
      const nginx0 = "set frontend shared pool main backend nginx0 weight";
      const seen = await lab.watch("drain", { maxOutageMs: 0 }, async () => {
        await synced(lab, () => lab.operator(`${nginx0} 0`));
        await answered(lab, "shared", ["nginx1"]);
        await answered(lab, "failover", ["nginx0"]);
        await synced(lab, () => lab.operator(`${nginx0} file`));
      });
      unnoticed(seen);
      assert.ok(heldBy(seen.held, "nginx0") > HELD, "some were at it, in both VIPs");
      await answered(lab, "shared", BOTH);
    },
  },
  {
    name: "a pause: the server takes no new connections, and keeps those that it has",
    async play(lab) {
      const seen = await lab.watch("pause", { maxOutageMs: 0 }, async () => {
        const { mark } = lab.daemon;
        await lab.operator("set backend nginx0 pause");
        await lab.followed(["nginx0"], "paused", mark);
        await answered(lab, "shared", ["nginx1"]);
        await answered(lab, "failover", ["nginx1"]);
      });
      unnoticed(seen);
      await returned(lab, () => lab.operator("set backend nginx0 resume"));
      await answered(lab, "failover", ["nginx0"]);
    },
  },
  {
    name: "a disable: connections to the server end immediately, and new ones go elsewhere",
    async play(lab) {
      const seen = await lab.watch("disable", { maxOutageMs: LIMITS.nothing }, async () => {
        const { mark } = lab.daemon;
        await lab.operator("set backend nginx0 disable");
        await lab.followed(["nginx0"], "disabled", mark);
        for (const vip of Object.keys(VIPS) as Vip[]) await answered(lab, vip, ["nginx1"]);
      });
      const flushed = heldBy(seen.held, "nginx0");
      assert.ok(flushed > HELD);
      assert.deepEqual(brokenOf(seen.held), { nginx0: flushed });
      await returned(lab, () => lab.operator("set backend nginx0 enable"));
      await answered(lab, "failover", ["nginx0"]);
    },
  },
  {
    name: "reloads under load: no client notices",
    async play(lab) {
      const edits: readonly ((text: string) => string)[] = [
        (text) => text.replaceAll("nginx1: { weight: 100 }", "nginx1: { weight: 40 }"),
        (text) => text.replace("interval: 200ms", "interval: 300ms"),
        (text) => text.replace("  frontends:\n", FURTHER),
        (text) => text,
      ];
      const seen = await lab.watch("reloads", { maxOutageMs: 0 }, async () => {
        for (const edit of edits) {
          await lab.configure(edit);
          await lab.synced(await lab.reload());
        }
      });
      unnoticed(seen);
    },
  },
  {
    name: "maglevd is killed and started again: no client notices",
    async play(lab) {
      const seen = await lab.watch("maglevd restarts", { maxOutageMs: 0 }, async () => {
        await lab.killDaemon();
        await lab.startDaemon();
      });
      unnoticed(seen);
      await answered(lab, "shared", BOTH);
    },
  },
  {
    name: "a server fails while maglevd is dead: the next maglevd takes it out",
    onlyReal: "the one above shows a maglevd that starts",
    async play(lab) {
      const seen = await lab.watch(
        "a server fails without maglevd",
        { maxOutageMs: LIMITS.restart },
        async () => {
          await lab.killDaemon();
          await lab.servers.close(0);
          await lab.startDaemon();
          await lab.followed(["nginx0"], "down");
        },
      );
      assert.deepEqual(Object.keys(brokenOf(seen.held)), ["nginx0"]);
      for (const vip of Object.keys(VIPS) as Vip[]) await answered(lab, vip, ["nginx1"]);
      await returned(lab, () => lab.servers.open(0));
    },
  },
  {
    name: "VPP restarts under load: service returns, and flows stay with their servers",
    onlyReal: "connections through the simulated one end with it",
    async play(lab) {
      // Probes go through VPP. Servers that went down with it would return one by one, and the
      // first would get the flows of all.
      await recheck(lab, (text) => text.replaceAll(TIMEOUT, `${TIMEOUT}\n      fall: 100`));
      const seen = await lab.watch(
        "VPP restarts",
        { maxOutageMs: LIMITS.restart },
        () => restartVpp(lab),
      );
      assert.ok(seen.longestOutage("shared") > 0);
      // The same servers have the same tables. The client's retries bridge the gap.
      assert.deepEqual(brokenOf(seen.held), {});
      await recheck(lab, (text) => text);
      await answered(lab, "failover", ["nginx0"]);
      await answered(lab, "shared", BOTH);
    },
  },
  {
    name: "VPP restarts while maglevd is dead: the next maglevd makes its VIPs",
    async play(lab) {
      const seen = await lab.watch(
        "VPP restarts without maglevd",
        { maxOutageMs: 2 * LIMITS.restart },
        async () => {
          await lab.killDaemon();
          await lab.balancer.kill();
          await lab.balancer.restart();
          await lab.startDaemon();
          await lab.followed(BOTH, "up");
        },
      );
      assert.ok(seen.longestOutage("shared") > 0);
      await answered(lab, "shared", BOTH);
    },
  },
];
