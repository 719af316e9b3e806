/**
 * Intents of a fleet over a real etcd: maglevd, maglevc and the files of both, and members over three
 * servers with faults. Judges: VPP's weights, the states, and the servers' own content by etcdctl.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../src/base/errors.ts";
import { EtcdStore } from "../../src/fleet/etcd/etcd_store.ts";
import { putWish } from "../../src/fleet/member/requests/requests.ts";
import { restoreStore } from "../../src/fleet/member/requests/restore.ts";
import {
  MaglevClient,
  type RequestOf,
  type ResponseOf,
  type UnaryMethod,
} from "../../src/grpc/client/client.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { vppHas } from "../support/judges/lb_view.ts";
import { until } from "../support/judges/until.ts";
import { EtcdCluster, etcdTest } from "../support/servers/etcd.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import { inForce, memberOn, wish } from "../support/worlds/member_world.ts";
import { onStage } from "../support/worlds/stage.ts";

const VIP = "192.0.2.1/32 6 80";
const [A, B] = ["127.0.47.1", "127.0.47.2"] as const;
const WEB = { web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 100 } } } };

function okOf<T>(result: T | MaglevError): T {
  if (result instanceof MaglevError) assert.fail(result.message);
  return result;
}

etcdTest("two load balancers share a disable, also over a restart without the store", async () => {
  await using cluster = await EtcdCluster.start(1);
  await onStage([A, B], async ({ configPath, configure, simulator, start }) => {
    await configure(WEB);
    const home = configPath.replace(/[^/]*$/, "");
    const startAs = (lb: string, vppApiAddr?: string) =>
      start({
        grpcAddr: "127.0.0.1:0",
        stateDir: `${home}${lb}`,
        flags: [
          `--fleet-store=etcd:${cluster.servers.join(",")}`,
          "--fleet=edge",
          `--fleet-lb=${lb}`,
        ],
        ...(vppApiAddr === undefined ? {} : { vppApiAddr }),
      });
    const first = startAs("lb1");
    let second = startAs("lb2", "");
    const clients = new Map<typeof first, MaglevClient>();
    /** The answer, or the refusal. */
    const ask = async <M extends UnaryMethod>(
      daemon: typeof first,
      method: M,
      request: Partial<RequestOf<M>>,
    ): Promise<ResponseOf<M> | MaglevError> => {
      const client = clients.get(daemon) ?? new MaglevClient({
        address: await grpcAddress(daemon),
        clock: new SystemClock(),
        deadlineMs: 60_000,
      });
      clients.set(daemon, client);
      return await client.call(method, request).catch((error) => MaglevError.from(error));
    };
    await using _closing = {
      [Symbol.asyncDispose]() {
        for (const client of clients.values()) client.close();
        return Promise.resolve();
      },
    };
    const patient = { deadlineMs: 60_000 };
    const became = (daemon: typeof first, backend: string, to: string, from = 0) =>
      daemon.seen(
        (line) => line.msg === "backend-transition" && line.backend === backend && line.to === to,
        { ...patient, from },
      );
    await Promise.all([became(first, "b0", "up"), became(second, "b0", "up")]);
    const isOk = ({ msg, state }: { msg: string; state?: unknown }) =>
      msg === "fleet-store" && state === "ok";
    await Promise.all([first.seen(isOk, patient), second.seen(isOk, patient)]);

    const fleet = { scope: "fleet", reason: "drill" };
    okOf(await ask(first, "DisableBackend", { name: "b0", ...fleet }));
    await became(second, "b0", "disabled");
    await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 100`] });
    const shown = okOf(await ask(second, "GetFleet", {}));
    assert.deepEqual([shown.fleet, shown.lb, shown.store], ["edge", "lb2", "ok"]);
    assert.deepEqual(
      shown.intents.map(({ intent, via, here }) => [intent?.backend, intent?.scope, via, here]),
      [["b0", "fleet", "lb1", "obeyed"]],
    );
    const emptied = okOf(await ask(second, "PauseBackend", { name: "b1", ...fleet }));
    assert.match(emptied.warning, /lb2 holds it: frontend web would have no server/);
    await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 100`] });
    okOf(await ask(second, "ResumeBackend", { name: "b1", ...fleet }));

    await cluster.kill(0);
    const isAway = ({ msg, state }: { msg: string; state?: unknown }) =>
      msg === "fleet-store" && state === "away";
    await first.seen(isAway, patient);
    const refused = await ask(first, "PauseBackend", { name: "b1", ...fleet });
    assert.ok(refused instanceof MaglevError);
    assert.equal(refused.code, "unavailable", refused.message);
    assert.match(
      refused.message,
      /cannot reach the fleet's store.*maglevc --server lb1,lb2 …/s,
    );
    // This load balancer by itself goes on.
    okOf(await ask(first, "PauseBackend", { name: "b1" }));
    okOf(await ask(first, "ResumeBackend", { name: "b1", scope: "here" }));
    second.process.signal("SIGKILL");
    await second.process.ended;
    second = startAs("lb2", "");
    const restored = await second.seen(({ msg }) => msg === "operator-intent-restored", patient);
    assert.deepEqual([restored.scope, restored.intent, restored.backend], [
      "fleet",
      "disable",
      "b0",
    ]);
    await became(second, "b1", "up");
    assert.equal(second.lines.some(({ backend, to }) => backend === "b0" && to === "up"), false);

    const mark = first.mark;
    await cluster.startAll();
    await Promise.all([first.seen(isOk, { ...patient, from: mark }), second.seen(isOk, patient)]);
    okOf(await ask(second, "EnableBackend", { name: "b0", ...fleet }));
    await became(first, "b0", "up", mark);
    await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 100`] });
  });
});

etcdTest(
  "three servers: faults of etcd end no intent, and none is believed that is not the fleet's",
  async () => {
    await using cluster = await EtcdCluster.start(3);
    const clock = new SystemClock();
    const add = (lb: string, at: number) => {
      const servers = [...cluster.servers.slice(at), ...cluster.servers.slice(0, at)];
      const store = new EtcdStore({ servers, prefix: "/maglev/edge/", clock });
      return memberOn({ store, clock, newUuid: () => crypto.randomUUID() }, { lb });
    };
    const members = [add("lb1", 0), add("lb2", 1), add("lb3", 2)];
    const [one] = members as [typeof members[number]];
    for (const { member } of members) member.start();
    const all = (holds: (each: typeof one) => boolean, what: string) =>
      until(() => members.every(holds), { deadlineMs: 60_000, what });
    const ok = () => all(({ member }) => member.store.kind === "ok", "the store is believed");
    /** A request of lb1, repeated by the test as an operator would. */
    const put = async (kind: "pause" | "disable", backend: string) => {
      for (let attempt = 0; attempt < 20; attempt++) {
        const atMs = clock.wallMs();
        const intent = wish(kind, backend, { atMs: Math.floor(atMs) });
        const done = await putWish(one.member, { intent, force: true });
        if (!(done instanceof MaglevError)) return;
        await ok();
      }
      assert.fail("no request succeeded");
    };
    const obeyed = (text: readonly string[]) =>
      all(({ checker }) => inForce(checker).join() === text.join(), text.join());
    try {
      await ok();
      await put("disable", "a");
      await obeyed(["fleet disable a"]);

      // A leader that dies.
      const leader = await cluster.leader();
      await cluster.kill(leader);
      await put("pause", "b");
      await obeyed(["fleet disable a", "fleet pause b"]);

      // A minority: nothing changes, and requests are refused.
      const other = (leader + 1) % 3;
      await cluster.kill(other);
      await all(({ member }) => member.store.kind === "away", "the store is away");
      const refused = await putWish(one.member, {
        intent: wish("disable", "c", { atMs: Math.floor(clock.wallMs()) }),
        force: true,
      });
      assert.equal(refused instanceof MaglevError && refused.code, "unavailable");
      await obeyed(["fleet disable a", "fleet pause b"]);
      await cluster.startAll();
      await ok();
      await obeyed(["fleet disable a", "fleet pause b"]);

      // A server that hangs.
      cluster.freeze(0);
      await put("pause", "c");
      cluster.thaw(0);
      await obeyed(["fleet disable a", "fleet pause b", "fleet pause c"]);

      // A wiped store with the same token.
      await cluster.wipe();
      await all(({ member }) => member.store.kind === "foreign", "the store is foreign");
      await obeyed(["fleet disable a", "fleet pause b", "fleet pause c"]);
      assert.equal(await cluster.ctl("get", "--prefix", "/maglev/edge/intent", "--keys-only"), "");
      const restored = await restoreStore(one.member);
      assert.ok(!(restored instanceof MaglevError), String(restored));
      await ok();
      await obeyed(["fleet disable a", "fleet pause b", "fleet pause c"]);
      const keys = await cluster.ctl("get", "--prefix", "/maglev/edge/intent", "--keys-only");
      assert.deepEqual(keys.split("\n").filter((line) => line !== ""), [
        "/maglev/edge/intent/fleet/b/a",
        "/maglev/edge/intent/fleet/b/b",
        "/maglev/edge/intent/fleet/b/c",
      ]);
    } finally {
      for (const { member, checker } of members) {
        await member.stop();
        checker.stop();
      }
    }
  },
);
