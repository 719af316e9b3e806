/**
 * WatchEvents, followed by python's grpcio: the present state and then every event, without loss
 * between the two, for each watcher as requested, and nothing left of a closed one.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import type { Daemon } from "../support/servers/daemon.ts";
import { GrpcClient, type GrpcStream, type Json, part } from "../support/judges/grpc_client.ts";
import { grpcTest, onGrpcStage, texts } from "../support/worlds/grpc_stage.ts";
import { FRAME, grpcMessage, RawH2 } from "../support/servers/raw_h2.ts";

/** `b0 unknown→up`, `web up→up`, or the name of a log record. */
function words(message: Json): string {
  const log = part(message, "log");
  if (log !== undefined) return String(part(log, "msg"));
  const event = part(message, "backend") ?? part(message, "frontend");
  return `${part(event, "name")} ${part(event, "transition", "from")}→${
    part(event, "transition", "to")
  }`;
}

const REPLAY = ["b0 up→up", "b1 up→up", "b2 up→up", "web up→up", "api up→up"];

/** Waits until as many messages are there. */
async function count(stream: GrpcStream, wanted: number): Promise<string[]> {
  if (wanted > 0) await stream.seen((message) => message === stream.messages[wanted - 1]);
  return stream.messages.slice(0, wanted).map(words);
}

grpcTest("WatchEvents replays the present state and continues with events", async () => {
  await onGrpcStage({}, async ({ client, servers }) => {
    const stream = client.stream("WatchEvents");
    assert.deepEqual(await count(stream, 5), REPLAY);
    await servers[0]!.close();
    const down = await stream.seen((message) => words(message) === "b0 up→down", 5);
    assert.equal(part(down, "backend", "transition", "result", "code"), "L4CON");
    const log = await stream.seen((message) => words(message) === "backend-transition", 5);
    assert.equal(part(log, "log", "level"), "info");
    assert.match(String(part(log, "log", "time")), /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    assert.deepEqual(part(log, "log", "attributes", 0), { key: "backend", value: "b0" });
    servers[0]!.open();
    await stream.seen((message) => words(message) === "b0 down→up", 5);
    assert.deepEqual(await stream.cancel(), {
      code: "CANCELLED",
      details: "Locally cancelled by application!",
    });
  });
});

grpcTest("WatchEvents sends each watcher the requested events", async () => {
  await onGrpcStage({}, async ({ client }) => {
    const cases: [request: Json, replay: string[], live: string[]][] = [
      [{ backend: true }, REPLAY.slice(0, 3), ["b1 up→disabled"]],
      [{ frontend: true }, REPLAY.slice(3), ["api up→down"]],
      [{ backend: true, backendNames: ["b2", "b1"] }, REPLAY.slice(1, 3), ["b1 up→disabled"]],
      [{ frontend: true, frontendNames: ["web"] }, ["web up→up"], []],
      [{ backend: true, frontend: true, frontendNames: ["api"] }, [
        ...REPLAY.slice(0, 3),
        "api up→up",
      ], ["b1 up→disabled", "api up→down"]],
      [{ log: true, logLevel: "warn" }, [], []],
    ];
    const streams = cases.map(([request]) => client.stream("WatchEvents", request));
    for (const [index, [, replay]] of cases.entries()) {
      if (replay.length > 0) await count(streams[index]!, replay.length);
    }
    const all = client.stream("WatchEvents");
    await all.seen(() => true);
    await client.call("DisableBackend", { name: "b1", reason: "test" });
    const action = await all.seen((message) => words(message) === "operator-action");
    assert.deepEqual(
      Object.fromEntries(
        (part(action, "log", "attributes") as Json[]).map((
          pair,
        ) => [part(pair, "key"), part(pair, "value")]),
      ).reason,
      "test",
    );
    for (const [index, [, replay, live]] of cases.entries()) {
      const told = await count(streams[index]!, replay.length + live.length);
      assert.deepEqual(told, [...replay, ...live], JSON.stringify(cases[index]![0]));
      assert.equal(streams[index]!.messages.length, told.length);
    }
  });
});

grpcTest(
  "WatchEvents sums up probes and messages to VPP for a watcher that asks for it",
  async () => {
    await onGrpcStage({}, async ({ client, servers }) => {
      const sums = client.stream("WatchEvents", { activityEveryNs: "250000000" });
      const sum = await sums.seen((message) =>
        texts(part(message, "activity"), "probes", "count").length > 0
      );
      assert.deepEqual(
        sums.messages.filter((message) => part(message, "activity") === undefined),
        [],
      );
      const names = texts(part(sum, "activity"), "probes", "backend");
      assert.ok(names.length > 0 && names.every((name) => /^b[012]$/.test(name)));
      assert.equal(part(sum, "activity", "probes", 0, "result", "code"), "L7OK");
      const one = client.stream("WatchEvents", {
        activityEveryNs: "100000000",
        backendNames: ["b1"],
        log: true,
        logLevel: "error",
      });
      await servers[1]!.close();
      const failed = await one.seen((message) =>
        part(message, "activity", "probes", 0, "result", "code") === "L4CON" &&
        part(message, "activity", "probes", 0, "counter") === 0
      );
      assert.deepEqual(texts(part(failed, "activity"), "probes", "backend"), ["b1"]);
      // VPP was programmed for that.
      await sums.seen((message) => Number(part(message, "activity", "vppCalls") ?? 0) > 0);
      for (const activityEveryNs of ["1", "99000000", "61000000000", "-250000000"]) {
        const { code, details } = await client.stream("WatchEvents", { activityEveryNs }).ended;
        assert.equal(code, "INVALID_ARGUMENT");
        assert.match(details, /^Cannot sum up activity every -?\d+ ms: need 100 to 60000 ms$/);
      }
    });
  },
);

grpcTest("the level of a watcher's log is its own", async () => {
  await onGrpcStage({}, async ({ client, daemon }) => {
    const debug = client.stream("WatchEvents", { log: true, logLevel: "DEBUG" });
    const info = client.stream("WatchEvents", { log: true, frontend: true });
    await info.seen(() => true);
    await debug.seen((message) => words(message) === "probe-start");
    await debug.seen((message) => words(message) === "probe-done");
    await client.call("PauseBackend", { name: "b0" });
    await info.seen((message) => words(message) === "operator-action");
    assert.ok(info.messages.every((message) => part(message, "log", "level") !== "debug"));
    assert.ok(daemon.lines.every(({ level }) => level !== "DEBUG"));
  });
});

/** Waits until the daemon has no watcher: as many as it admits get in. */
async function watchersGone(client: GrpcClient, daemon: Daemon): Promise<void> {
  const read = async () => {
    const streams = Array.from(
      { length: MAX_WATCHERS },
      () => client.stream("WatchEvents", { frontend: true }),
    );
    const results = await Promise.all(streams.map((stream) =>
      Promise.race([
        stream.seen(() => true).then(() => "in", () => "late"),
        stream.ended.then(({ code }) => code),
      ])
    ));
    await Promise.all(streams.map((stream) => stream.cancel()));
    assert.ok(results.every((result) => result === "in" || result === "RESOURCE_EXHAUSTED"));
    assert.equal(daemon.process.errors, "");
    return results;
  };
  const allIn = (results: readonly string[]) => results.every((result) => result === "in");
  await readUntil(read, allIn, { what: "watchers that left are forgotten", everyMs: 50 });
}

/** Of src/grpc/handlers/watch.ts; streams of one connection are fewer. */
const MAX_WATCHERS = 90;

grpcTest("a watcher that disconnects in any way is forgotten immediately", async () => {
  await onGrpcStage({}, async ({ client, daemon, address }) => {
    const others = await Promise.all(
      ["cancel", "deadline", "SIGTERM", "SIGKILL"].map(() => GrpcClient.start({ target: address })),
    );
    const [cancelled, late, ended, killed] = others;
    const watch = (other: GrpcClient, timeout = 60) =>
      Array.from(
        { length: 42 },
        () => other.stream("WatchEvents", { log: true, logLevel: "debug" }, { timeout }),
      );
    const streams = [watch(cancelled!), watch(late!, 3), watch(ended!), watch(killed!)];
    for (const i of [0, 2, 3]) for (const stream of streams[i]!) await stream.seen(() => true);
    for (const stream of streams[0]!) assert.equal((await stream.cancel()).code, "CANCELLED");
    for (const stream of streams[1]!) {
      assert.equal((await stream.ended).code, "DEADLINE_EXCEEDED");
    }
    ended!.kill("SIGTERM");
    killed!.kill("SIGKILL");
    await watchersGone(client, daemon);
    for (const other of others) await other[Symbol.asyncDispose]();
  });
});

grpcTest(
  "a watcher that stands still loses the newest events, gets their number, and delays no other",
  async () => {
    await onGrpcStage({ logLevel: "info" }, async ({ client, daemon, address, configPath }) => {
      await using stuck = await GrpcClient.start({
        target: address,
        // Little room on the way: what is not read stays with the daemon.
        options: { "grpc.http2.lookahead_bytes": 1024, "grpc.http2.bdp_probe": 0 },
      });
      // The replay of one backend shows that the watch began.
      const watched = { log: true, backend: true, backendNames: ["b2"] };
      const slow = stuck.stream("WatchEvents", watched);
      await slow.seen(() => true);
      await client.call("PauseBackend", { name: "b0" });
      await slow.seen((message) => words(message) === "operator-action");
      stuck.kill("SIGSTOP");
      const quick = client.stream("WatchEvents", { log: true });
      const before = await Deno.readTextFile(configPath);
      for (let i = 0; i < 2500; i += 50) {
        const calls = Array.from(
          { length: 50 },
          (_, j) => client.call("PauseBackend", { name: `none${i + j}`, reason: "x".repeat(400) }),
        );
        for (const { code } of await Promise.all(calls)) {
          assert.equal(code, "NOT_FOUND");
        }
      }
      await quick.seen((message) => JSON.stringify(message).includes("none2499"));
      assert.ok(!quick.messages.some((message) => words(message) === "events-dropped"));
      stuck.kill("SIGCONT");
      const gap = await slow.seen((message) => words(message) === "events-dropped");
      const lost = Number(
        (part(gap, "log", "attributes") as Json[]).map((pair) =>
          part(pair, "key") === "count" ? part(pair, "value") : undefined
        ).find((value) => value !== undefined),
      );
      await client.call("PauseBackend", { name: "last" });
      await slow.seen((message) => JSON.stringify(message).includes('"last"'));
      const actions = slow.messages.filter((message) =>
        words(message) === "operator-action"
      ).length;
      assert.equal(actions + lost, 2502, `${actions} came and ${lost} were said to be lost`);
      assert.ok(lost > 200);
      assert.equal(before, await Deno.readTextFile(configPath));
      assert.equal(daemon.process.errors, "");
    });
  },
);

grpcTest(
  "a watcher gets its response headers immediately, even without an event",
  async () => {
    await onGrpcStage({}, async ({ address }) => {
      using raw = await RawH2.connect(address);
      const stream = await raw.begin("/maglev.Maglev/WatchEvents");
      // The log at level error, and nothing else.
      const request = Uint8Array.of(0x08, 1, 0x12, 5, ...new TextEncoder().encode("error"));
      await raw.data(stream, grpcMessage(request), { end: true });
      assert.ok(await raw.until(({ type }) => type === FRAME.headers, 3000) !== undefined);
      assert.equal(await raw.until(({ type }) => type === FRAME.data, 300), undefined);
    });
  },
);

grpcTest("nothing is lost between the replay and later events", async () => {
  await onGrpcStage({}, async ({ client }) => {
    const turn = async (kind: string) => {
      assert.equal((await client.call(`${kind}Backend`, { name: "b2" })).code, "OK");
    };
    const streams: GrpcStream[] = [];
    for (let i = 0; i < 30; i++) {
      const acting = turn(i % 2 === 0 ? "Disable" : "Enable");
      streams.push(client.stream("WatchEvents", { backend: true, backendNames: ["b2"] }));
      await acting;
    }
    await turn("Pause");
    for (const stream of streams) {
      await stream.seen((message) => words(message).endsWith("→paused"));
      const told = stream.messages.map(words);
      // Each begins where the one before ended: from the replay's state to the last.
      for (let i = 1; i < told.length; i++) {
        assert.equal(told[i]!.split(/[ →]/)[1], told[i - 1]!.split(/[ →]/)[2], told.join(", "));
      }
    }
  });
});

grpcTest("at the end of the daemon streams and calls end soon, with UNAVAILABLE", async () => {
  await onGrpcStage({}, async ({ client, daemon, address }) => {
    const streams = Array.from({ length: 20 }, () => client.stream("WatchEvents"));
    for (const stream of streams) await stream.seen(() => true);
    const health = client.stream("grpc.health.v1.Health/Watch", {});
    await health.seen((message) => part(message, "status") === "SERVING");
    await using stuck = await GrpcClient.start({ target: address });
    const slow = stuck.stream("WatchEvents", { log: true, logLevel: "debug" });
    await slow.seen(() => true);
    stuck.kill("SIGSTOP");
    const startMs = performance.now();
    assert.equal(await daemon.stop(), 0);
    assert.ok(performance.now() - startMs < 5000);
    const log = daemon.lines.map(({ time, msg }) => ({ at: Date.parse(time), msg }));
    assert.ok(log.some(({ msg }) => msg === "shutdown"));
    assert.deepEqual(health.messages.map((message) => part(message, "status")), [
      "SERVING",
      "NOT_SERVING",
    ]);
    for (const stream of [...streams, health]) {
      assert.deepEqual(await stream.ended, { code: "UNAVAILABLE", details: "maglevd is stopping" });
    }
    stuck.kill("SIGCONT");
    assert.equal((await slow.ended).code, "UNAVAILABLE");
    assert.equal(daemon.process.errors, "");
  });
});
