/**
 * Operators' intents from the call to the next start of maglevd: acknowledged over gRPC by python's
 * grpcio, killed with SIGKILL immediately, started again with an empty VPP; and with a disk in
 * every state.
 */
import assert from "node:assert/strict";
import { later, wallMsOf } from "../../src/base/instant.ts";
import { decodeIntents, encodeIntents } from "../../src/intent/file.ts";
import type { Daemon } from "../support/servers/daemon.ts";
import { type Ended, GrpcClient, type Json, part } from "../support/judges/grpc_client.ts";
import { grpcAddress, grpcTest } from "../support/worlds/grpc_stage.ts";
import { vppHas } from "../support/judges/lb_view.ts";
import { onStage, type Stage } from "../support/worlds/stage.ts";

const SERVERS = ["127.0.47.1", "127.0.47.2", "127.0.47.3"] as const;
const [A, B, C] = SERVERS;
const VIP = "192.0.2.1/32 6 80";
const WEB = { web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 100, b2: 60 } } } };
const ENTRY = { frontend: "web", pool: "main", backend: "b2" };
const GRPC = { grpcAddr: "127.0.0.1:0" };

function ok({ code, details, message }: Ended): Json | undefined {
  assert.equal(code, "OK", details);
  return message;
}

function stateDirOf({ configPath }: Stage): string {
  return configPath.replace(/[^/]*$/, "state");
}

/** Names in the state directory, those of the history left out. */
function intentFiles(folder: string): string[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  return names.filter((name) => !name.startsWith("history-")).sort();
}

/** A client of a daemon that has come up. */
async function clientOf(daemon: Daemon): Promise<GrpcClient> {
  return await GrpcClient.start({ target: await grpcAddress(daemon) });
}

const isRoot = Deno.uid() === 0;
/** Reason why file systems cannot be mounted here. */
const NO_ROOT = isRoot ? "" : " (skipped: needs root for a mount of its own)";

grpcTest(
  "an action acknowledged over gRPC is in force after kill -9, before anything reaches VPP, and is shown",
  async () => {
    await onStage(SERVERS, async (stage) => {
      const { configure, simulator, start } = stage;
      const stateDir = stateDirOf(stage);
      await configure(WEB);
      const first = start({ ...GRPC, stateDir });
      const until = (BigInt(Date.now()) + 3_600_000n) * 1_000_000n;
      {
        await using client = await clientOf(first);
        for (const name of ["b0", "b1", "b2"]) await first.transition(name, "up");
        ok(
          await client.call("PauseBackend", {
            name: "b0",
            reason: "a new disk",
            forNs: "3600000000000",
          }),
        );
        ok(
          await client.call("SetFrontendPoolBackendWeight", {
            ...ENTRY,
            weight: 7,
            reason: "canary",
            untilUnixNs: String(until),
          }),
        );
        const disabled = ok(
          await client.call("DisableBackend", { name: "b1", reason: "gone bad" }),
        );
        first.process.signal("SIGKILL");
        assert.equal(part(disabled, "warning"), "");
      }
      await first.process.ended;
      await simulator.restart();
      const second = start({ ...GRPC, stateDir });
      await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 0`, `${C} 7`] });
      // The log of what was sent is written after VPP has it.
      await second.seen(({ msg }) => msg === "vpp-lbsync-done");
      const at = (msg: string) => second.lines.findIndex((line) => line.msg.startsWith(msg));
      assert.equal(
        second.lines.filter(({ msg }) => msg === "operator-intent-restored").length,
        3,
      );
      assert.ok(at("operator-intent-restored") < at("vpp-lbsync-"));
      for (const line of second.lines.filter(({ msg }) => msg.startsWith("vpp-lbsync-as-"))) {
        assert.ok(
          line.weight === 0 || (line.address === C && line.weight === 7),
          JSON.stringify(line),
        );
      }
      await using client = await clientOf(second);
      const info = (name: string) => client.call("GetBackend", { name }).then(ok);
      const [b0, b1] = [await info("b0"), await info("b1")];
      const shown = (message: Json | undefined, ...path: (string | number)[]) =>
        ["kind", "reason", "backend"].map((key) => part(message, ...path, "intent", key));
      assert.deepEqual([part(b0, "state"), ...shown(b0)], ["paused", "pause", "a new disk", "b0"]);
      assert.deepEqual([part(b1, "state"), ...shown(b1)], [
        "disabled",
        "disable",
        "gone bad",
        "b1",
      ]);
      assert.equal(part(b1, "enabled"), false);
      const peer = String(part(b0, "intent", "peer"));
      assert.match(peer, /^127\.0\.0\.1:\d+$/);
      const left = Number(part(b0, "intent", "untilUnixNs")) / 1e6 - Date.now();
      assert.ok(left > 3_500_000 && left <= 3_600_000, `${left}`);
      const web = ok(await client.call("GetFrontend", { name: "web" }));
      const entry = ["pools", 0, "backends", 2];
      assert.deepEqual(shown(web, ...entry), ["weight", "canary", "b2"]);
      assert.equal(part(web, ...entry, "intent", "untilUnixNs"), String(until));
      assert.deepEqual(
        [part(web, ...entry, "weight"), part(web, ...entry, "intent", "fileWeight")],
        [7, 60],
      );
    });
  },
);

grpcTest(
  "a requested end comes, even after a restart, and only passing checks bring a backend back",
  async () => {
    await onStage(SERVERS, async (stage) => {
      const { configure, simulator, start, servers } = stage;
      const stateDir = stateDirOf(stage);
      await configure(WEB);
      const first = start({ ...GRPC, stateDir });
      {
        await using client = await clientOf(first);
        for (const name of ["b0", "b1", "b2"]) await first.transition(name, "up");
        // One ends in this life, one in the next, one between the two.
        ok(await client.call("DisableBackend", { name: "b0", forNs: "300000000" }));
        const hour = { forNs: "3600000000000" };
        ok(await client.call("PauseBackend", { name: "b1", ...hour }));
        ok(await client.call("SetFrontendPoolBackendWeight", { ...ENTRY, weight: 1, ...hour }));
        await servers[0]!.close();
        const ended = await first.seen(({ msg }) => msg === "operator-intent-expired");
        assert.deepEqual([ended.intent, ended.backend], ["disable", "b0"]);
        await first.transition("b0", "down", first.lines.indexOf(ended));
        assert.equal(
          part(ok(await client.call("GetBackend", { name: "b0" })), "intent"),
          undefined,
        );
        servers[0]!.open();
        await first.transition("b0", "up", first.lines.indexOf(ended));
        await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 0`, `${C} 1`] });
      }
      first.process.signal("SIGKILL");
      await first.process.ended;
      const path = `${stateDir}/intents.json`;
      const decoded = decodeIntents(await Deno.readTextFile(path));
      assert.ok(decoded.kind === "ok");
      const nowMs = wallMsOf(new Date());
      const ends = { weight: later(nowMs, -1), pause: later(nowMs, 5000), disable: undefined };
      const moved = decoded.intents.map((each) => {
        assert.ok(each.kind !== "drain" && each.kind !== "lameduck");
        return { ...each, untilMs: ends[each.kind] };
      });
      await Deno.writeTextFile(path, encodeIntents(moved));
      const second = start({ ...GRPC, stateDir });
      const gone = await second.seen(({ msg }) => msg === "operator-intent-expired");
      assert.deepEqual([gone.intent, gone.backend], ["weight", "b2"]);
      const restored = await second.seen(({ msg }) => msg === "operator-intent-restored");
      assert.deepEqual([restored.intent, restored.backend], ["pause", "b1"]);
      await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 0`, `${C} 60`] });
      const ended = await second.seen((line) =>
        line.msg === "operator-intent-expired" && line.backend === "b1"
      );
      await second.transition("b1", "up", second.lines.indexOf(ended));
      const changes = second.lines.filter(({ msg, backend }) =>
        msg === "backend-transition" && backend === "b1"
      );
      assert.deepEqual(changes.map(({ to }) => to), ["paused", "unknown", "up"]);
      await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 100`, `${C} 60`] });
    });
  },
);

grpcTest(
  "an intent that is too old, or without its object in the configuration, is dropped with an event",
  async () => {
    await onStage(SERVERS, async (stage) => {
      const { configure, configPath, simulator, start } = stage;
      const stateDir = stateDirOf(stage);
      const by = { peer: "198.51.100.7:4711", identity: "operator #1" };
      const asked = { by, reason: "", untilMs: undefined };
      const now = wallMsOf(new Date());
      await Deno.mkdir(stateDir);
      await Deno.writeTextFile(
        `${stateDir}/intents.json`,
        encodeIntents([
          { kind: "disable", backend: "b0", ...asked, sinceMs: later(now, -40 * 86_400_000) },
          { kind: "disable", backend: "gone", ...asked, sinceMs: now },
          { kind: "pause", backend: "b1", ...asked, sinceMs: later(now, -29 * 86_400_000) },
          {
            kind: "weight",
            ...ENTRY,
            pool: "spare",
            weight: 3,
            instead: 60,
            ...asked,
            sinceMs: now,
          },
          { kind: "weight", ...ENTRY, weight: 3, instead: 50, ...asked, sinceMs: now },
        ]),
      );
      await configure(WEB);
      const daemon = start({ ...GRPC, stateDir });
      await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 0`, `${C} 60`] });
      const dropped = () =>
        daemon.lines.filter(({ msg }) => msg === "operator-intent-dropped").map((line) =>
          `${line.backend}: ${line.message}`
        );
      assert.deepEqual(dropped(), [
        "b0: it is older than --state-max-age",
        "gone: the backend is gone",
        "b2: the file's weight changed from 50 to 60",
        "b2: the pool is gone",
      ]);
      // A watcher gets the same as an event at a reload.
      await using client = await clientOf(daemon);
      ok(await client.call("SetFrontendPoolBackendWeight", { ...ENTRY, weight: 9 }));
      const watch = client.stream("WatchEvents", { log: true });
      await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100, b2: 61 } } } });
      const text = await Deno.readTextFile(configPath);
      await Deno.writeTextFile(configPath, text.replace(/^ {4}b1: .*\n/m, ""));
      assert.equal(part(ok(await client.call("ReloadConfig")), "ok"), true);
      for (const name of ["b1", "b2"]) {
        await watch.seen((event) =>
          part(event, "log", "msg") === "operator-intent-dropped" &&
          JSON.stringify(event).includes(JSON.stringify(name))
        );
      }
      await vppHas(simulator, { [VIP]: [`${A} 100`, `${C} 61`] });
      await watch.cancel();
      assert.ok((await Deno.readTextFile(`${stateDir}/intents.json`)).includes('"intents":[]'));
    });
  },
);

/** Objects in place of the file, each made by a shell command in the state directory. */
const NO_FILES: readonly (readonly [name: string, make: string, cause: RegExp])[] = [
  ["torn", `printf '{"format":"maglevd operator inte' > intents.json`, /truncated/],
  ["empty", ": > intents.json", /truncated/],
  ["foreign", "echo '{}' > intents.json", /not written by maglevd/],
  ["no text", "head -c 4096 /dev/urandom > intents.json", /UTF-8/],
  ["huge", "truncate -s 1G intents.json", /it has more than [0-9]+ bytes/],
  ["folder", "mkdir intents.json", /not a regular file/],
  ["full folder", "mkdir intents.json && touch intents.json/x", /not a regular file/],
  ["symlink", "ln -s /etc/hostname intents.json", /not a regular file/],
  ["dangling", "ln -s nowhere intents.json", /not a regular file/],
  ["pipe", "mkfifo intents.json", /not a regular file/],
];

grpcTest(
  "an unusable state file is a warning and quarantined; the daemon starts, and the next intent is stored",
  async () => {
    await onStage([A], async (stage) => {
      const { configure, start } = stage;
      await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
      const stateDir = stateDirOf(stage);
      for (const [name, make, cause] of NO_FILES) {
        await Deno.mkdir(stateDir);
        const { success } = await new Deno.Command("sh", { args: ["-c", make], cwd: stateDir })
          .output();
        assert.ok(success, name);
        const daemon = start({ ...GRPC, stateDir });
        const warning = await daemon.seen(({ msg }) => msg === "operator-intent-file-unusable");
        assert.equal(warning.level, "WARN", name);
        assert.match(String(warning.err), cause, name);
        const was = Deno.lstatSync(`${stateDir}/${warning.kept}`);
        assert.equal(was.size >= 1 << 30, name === "huge");
        await using client = await clientOf(daemon);
        const disabled = ok(await client.call("DisableBackend", { name: "b0" }));
        assert.deepEqual(
          [part(disabled, "state"), part(disabled, "warning")],
          ["disabled", ""],
          name,
        );
        daemon.process.signal("SIGKILL");
        await daemon.process.ended;
        assert.match(await Deno.readTextFile(`${stateDir}/intents.json`), /"kind":"disable"/, name);
        await Deno.remove(stateDir, { recursive: true });
      }
    });
  },
);

grpcTest("a drain is in force after kill -9, keeps flows, and disables at its end", async () => {
  await onStage(SERVERS, async (stage) => {
    const { configure, simulator, start } = stage;
    const stateDir = stateDirOf(stage);
    await configure(WEB);
    const first = start({ ...GRPC, stateDir });
    {
      await using client = await clientOf(first);
      for (const name of ["b0", "b1", "b2"]) await first.transition(name, "up");
      const drain = (name: string, more: Record<string, unknown> = {}) =>
        client.call("DrainBackend", { name, reason: "new disk", ...more });
      assert.equal((await drain("b0", { then: "resume" })).code, "INVALID_ARGUMENT");
      const drained = ok(await drain("b0", { forNs: "4000000000" }));
      assert.deepEqual(
        ["state", "warning"].map((key) => part(drained, key)),
        ["up", ""],
      );
      assert.deepEqual(
        ["kind", "then", "reason"].map((key) => part(drained, "intent", key)),
        ["drain", "disable", "new disk"],
      );
      ok(await drain("b1"));
      const last = await drain("b2");
      assert.equal(last.code, "FAILED_PRECONDITION");
      assert.match(last.details, /last server with a weight of frontend "web"/);
      await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 0`, `${C} 60`] });
      ok(await client.call("EnableBackend", { name: "b1" }));
      first.process.signal("SIGKILL");
    }
    await first.process.ended;
    const second = start({ ...GRPC, stateDir });
    const restored = await second.seen(({ msg }) => msg === "operator-intent-restored");
    // The simulator counts no flows, so the drain may have ended early already.
    assert.equal(restored.backend, "b0");
    assert.ok(restored.intent === "drain" || restored.intent === "disable");
    await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 100`, `${C} 60`] });
    await second.transition("b0", "disabled");
    const sent = second.lines.filter(({ msg, address }) =>
      msg.startsWith("vpp-lbsync-as-") && address === A
    );
    assert.ok(sent.every(({ weight }) => weight === 0), JSON.stringify(sent));
    await using client = await clientOf(second);
    const b0 = ok(await client.call("GetBackend", { name: "b0" }));
    assert.deepEqual([part(b0, "state"), part(b0, "intent", "kind")], ["disabled", "disable"]);
  });
});

grpcTest("scheduled intents are listed, cancelled, and begin after kill -9", async () => {
  await onStage(SERVERS, async (stage) => {
    const { configure, simulator, start } = stage;
    const stateDir = stateDirOf(stage);
    await configure(WEB);
    const first = start({ ...GRPC, stateDir });
    {
      await using client = await clientOf(first);
      for (const name of ["b0", "b1", "b2"]) await first.transition(name, "up");
      const inNs = "3000000000";
      const paused = ok(await client.call("PauseBackend", { name: "b1", inNs, forNs: inNs }));
      assert.deepEqual([part(paused, "state"), part(paused, "warning")], ["up", ""]);
      ok(await client.call("DisableBackend", { name: "b0", inNs, reason: "new disk" }));
      const later = await client.call("DisableBackend", { name: "b0", inNs: "9000000000000" });
      assert.match(String(part(ok(later), "warning")), /when it begins it replaces disable/);
      const place = { frontend: "web", pool: "main", backend: "b2", weight: 5 };
      ok(await client.call("SetFrontendPoolBackendWeight", { ...place, inNs, forNs: inNs }));
      const past = await client.call("PauseBackend", { name: "b2", fromUnixNs: "1000000000" });
      assert.match(past.details, /cannot take the beginning/);
      const list = part(ok(await client.call("ListIntents")), "intents") as Json[];
      assert.equal(list.length, 4);
      assert.ok(list.every((each) => part(each, "scheduled") === true));
      const [weight] = list.filter((each) => part(each, "kind") === "weight");
      const id = part(weight, "id") as string;
      ok(await client.call("CancelIntent", { id }));
      assert.equal((await client.call("CancelIntent", { id })).code, "NOT_FOUND");
      await vppHas(simulator, { [VIP]: [`${A} 100`, `${B} 100`, `${C} 60`] });
      first.process.signal("SIGKILL");
    }
    await first.process.ended;
    const second = start({ ...GRPC, stateDir });
    await second.transition("b0", "disabled");
    await second.transition("b1", "paused");
    await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 0`, `${C} 60`] });
    await second.seen(({ msg, backend }) => msg === "operator-intent-expired" && backend === "b1");
    await second.transition("b1", "up");
    await vppHas(simulator, { [VIP]: [`${A} 0`, `${B} 100`, `${C} 60`] });
    await using client = await clientOf(second);
    const left = part(ok(await client.call("ListIntents")), "intents") as Json[];
    assert.deepEqual(left.map((each) => [part(each, "kind"), part(each, "scheduled")]), [
      ["disable", false],
      ["disable", true],
    ]);
  });
});

/** Runs maglevd where `stateDir` is a file system of its own. */
function mounted(stateDir: string, options: string, then = ":"): string[] {
  const script = `mount -t tmpfs -o ${options} maglev-test "$0" && ${then} && exec "$@"`;
  return ["unshare", "-m", "sh", "-c", script, stateDir];
}

grpcTest(
  `a full disk: the action is in force, warned about, logged, and stored when there is room${NO_ROOT}`,
  async () => {
    if (!isRoot) return;
    await onStage([A], async (stage) => {
      const { configure, start } = stage;
      await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
      const stateDir = stateDirOf(stage);
      await Deno.mkdir(stateDir);
      const fill = 'head -c 16384 /dev/zero > "$0/filler"';
      const prefix = mounted(stateDir, "size=16k", fill);
      const daemon = start({ ...GRPC, stateDir, prefix });
      await using client = await clientOf(daemon);
      await daemon.transition("b0", "up");
      const disabled = ok(await client.call("DisableBackend", { name: "b0", reason: "drill" }));
      assert.equal(part(disabled, "state"), "disabled");
      assert.match(
        String(part(disabled, "warning")),
        /^in force, but it will not survive the end of maglevd: .*No space left/,
      );
      const record = await daemon.seen(({ msg }) => msg === "operator-action");
      assert.deepEqual([record.result, record.before, record.after], ["ok", "up", "disabled"]);
      const inside = `/proc/${daemon.process.pid}/root${stateDir}`;
      await Deno.remove(`${inside}/filler`);
      await daemon.seen(({ msg }) => msg === "operator-intent-stored", { deadlineMs: 30_000 });
      assert.match(await Deno.readTextFile(`${inside}/intents.json`), /"kind":"disable"/);
      assert.deepEqual(intentFiles(inside), ["intents.json"]);
    });
  },
);

grpcTest(
  `a disk that refuses all writes: the file is neither used nor lost${NO_ROOT}`,
  async () => {
    if (!isRoot) return;
    await onStage([A], async (stage) => {
      const { configure, start } = stage;
      await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
      const stateDir = stateDirOf(stage);
      await Deno.mkdir(stateDir);
      const torn = 'echo torn > "$0/intents.json" && mount -o remount,ro "$0"';
      const daemon = start({ ...GRPC, stateDir, prefix: mounted(stateDir, "size=64k", torn) });
      const warning = await daemon.seen(({ msg }) => msg === "operator-intent-file-unusable");
      assert.match(String(warning.err), /Read-only/);
      await using client = await clientOf(daemon);
      const paused = ok(await client.call("PauseBackend", { name: "b0" }));
      assert.match(String(part(paused, "warning")), /will not survive .*Read-only/);
      // When it can be written to again, what was there is put aside before anything else.
      const { pid } = daemon.process;
      const again = new Deno.Command("nsenter", {
        args: ["-t", `${pid}`, "-m", "mount", "-o", "remount,rw", stateDir],
      });
      assert.ok((await again.output()).success);
      await daemon.seen(({ msg }) => msg === "operator-intent-stored", { deadlineMs: 30_000 });
      const inside = `/proc/${pid}/root${stateDir}`;
      const names = intentFiles(inside);
      assert.equal(names.length, 2, names.join());
      assert.match(await Deno.readTextFile(`${inside}/${names[0]}`), /"kind":"pause"/);
      assert.equal(await Deno.readTextFile(`${inside}/${names[1]}`), "torn\n");
    });
  },
);
