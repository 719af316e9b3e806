/** The engine with real workers against real servers on loopback. */
import assert from "node:assert/strict";
import {
  answerWith,
  closedPort,
  type NastyServer,
  sayNothing,
  serve,
  stall,
} from "../../../tests/support/servers/nasty_servers.ts";
import { until } from "../../../tests/support/judges/until.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { FakeThread } from "../../../tests/support/fakes/fake_thread.ts";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { healthcheck, http } from "../../../tests/support/worlds/healthcheck.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { parseIp } from "../../base/address.ts";
import { SystemClock } from "../../system/system_clock.ts";
import type { HealthcheckConfig } from "../../config/model.ts";
import { CALM_MS } from "./blindness.ts";
import type { Lack } from "../lack.ts";
import type { ProbeOutcome, ProbeTarget, VoidProbe } from "../ports.ts";
import { CONNECTED } from "../outcome.ts";
import { OutcomeBatch } from "./result_batch.ts";
import type { ScheduledTarget } from "./slot.ts";
import { WorkerPool, type WorkerPoolOptions } from "./worker_pool.ts";
import { type Command, CommandBatch, commandsOf } from "./worker_protocol.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class Harness {
  readonly log = new RecordingLogger();
  readonly outcomes: ProbeOutcome[] = [];
  readonly voids: VoidProbe[] = [];
  /** The checker's rise/fall counters, by target. */
  readonly counters = new Map<number, number>();
  readonly pool: WorkerPool;

  constructor(options: Partial<WorkerPoolOptions> = {}) {
    this.pool = new WorkerPool({ clock: new SystemClock(), log: this.log, workers: 1, ...options });
    this.pool.onOutcomes = (list) => this.outcomes.push(...list);
    this.pool.onVoid = (probe) => this.voids.push(probe);
  }

  start(
    id: number,
    changes: Partial<HealthcheckConfig>,
    others: Partial<ProbeTarget> = {},
  ): void {
    const target: ProbeTarget = {
      id,
      generation: 1,
      backend: `b${id}`,
      address: parseIp("127.0.0.1")!,
      healthcheck: healthcheck({ ...FAST, ...changes }),
      netns: "",
      firstDelayMs: 0,
      counter: () => this.counters.get(id) ?? 1,
      ...others,
    };
    this.pool.start(target);
  }

  codesOf(id: number): string[] {
    return this.outcomes.filter((outcome) => outcome.id === id).map(({ result }) => result.code);
  }
}

const FAST = { intervalMs: 50, fastIntervalMs: 50, downIntervalMs: 50, timeoutMs: 40 };

async function withServers<T extends NastyServer>(
  servers: readonly T[],
  body: (...servers: readonly T[]) => Promise<void>,
): Promise<void> {
  try {
    await body(...servers);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

Deno.test("WorkerPool probes servers of all kinds over and over, each to its own verdict", async () => {
  const stalled = await stall();
  const servers = [serve(async () => {}), answerWith([OK]), sayNothing(), answerWith(["huh?"])];
  await withServers(servers, async (tcp, web, silent, garbled) => {
    const harness = new Harness({ workers: 2 });
    harness.start(0, { port: tcp!.port });
    harness.start(1, { port: web!.port, params: http() });
    harness.start(2, { port: silent!.port, params: http() });
    harness.start(3, { port: garbled!.port, params: http() });
    harness.start(4, { port: closedPort() });
    harness.start(5, { port: stalled.port });
    await until(() => [0, 1, 2, 3, 4, 5].every((id) => harness.codesOf(id).length >= 5));
    const kinds = [0, 1, 2, 3, 4, 5].map((id) => [...new Set(harness.codesOf(id))].join());
    assert.deepEqual(kinds, ["L4OK", "L7OK", "L7TOUT", "L7RSP", "L4CON", "L4TOUT"]);
    const { result, atMs } = harness.outcomes.find(({ id }) => id === 5)!;
    assert.ok(result.durationMs >= 40 && result.durationMs < 1000, `${result.durationMs}`);
    assert.ok(Math.abs(Date.now() - atMs) < 60_000);
    const stats = await harness.pool.stats();
    assert.ok(stats.probes >= 30);
    assert.equal(stats.lateness.count >= stats.probes, true);
    assert.equal((await harness.pool.stats()).lateness.count < stats.lateness.count, true);
    await harness.pool.close();
    await until(() => servers.every((server) => server.open() === 0));
  });
  stalled.close();
});

Deno.test("WorkerPool.stop() ends the probe in flight and drops its result", async () => {
  await withServers([sayNothing()], async (silent) => {
    const harness = new Harness();
    harness.start(0, { port: silent!.port, params: http(), timeoutMs: 60_000 });
    await until(() => silent!.open() === 1);
    harness.pool.stop(0);
    await until(() => silent!.open() === 0);
    assert.deepEqual(harness.outcomes, []);
    assert.equal((await harness.pool.stats()).inFlight, 0);
    await harness.pool.close();
  });
});

Deno.test("WorkerPool.start() of a started id reports the new generation only", async () => {
  await withServers([serve(async () => {})], async (tcp) => {
    const harness = new Harness();
    harness.start(0, { port: closedPort() });
    await until(() => harness.codesOf(0).length >= 2);
    harness.start(0, { port: tcp!.port }, { generation: 2 });
    const from = harness.outcomes.length;
    await until(() => harness.outcomes.length >= from + 3);
    for (const { generation, result } of harness.outcomes.slice(from)) {
      assert.deepEqual([generation, result.code], [2, "L4OK"]);
    }
    await harness.pool.close();
  });
});

Deno.test("WorkerPool.readdress() continues with the new address", async () => {
  await withServers([serve(async () => {}, "127.0.0.2")], async (tcp) => {
    const harness = new Harness();
    harness.start(0, { port: tcp!.port });
    await until(() => harness.codesOf(0).includes("L4CON"));
    harness.pool.readdress(0, parseIp("127.0.0.2")!);
    await until(() => harness.codesOf(0).includes("L4OK"));
    assert.equal(new Set(harness.outcomes.map(({ generation }) => generation)).size, 1);
    await harness.pool.close();
  });
});

Deno.test("WorkerPool continues after a worker died, without a false failure", async () => {
  await withServers([serve(async () => {})], async (tcp) => {
    let spawned = 0;
    const harness = new Harness({
      spawn() {
        const file = spawned++ === 0
          ? "../../../tests/support/fakes/crashing_worker.ts"
          : "./worker.ts";
        return new Worker(new URL(file, import.meta.url), { type: "module" });
      },
    });
    for (let id = 0; id < 10; id++) harness.start(id, { port: tcp!.port });
    harness.start(10, { port: closedPort() });
    harness.start(11, { port: tcp!.port });
    harness.pool.stop(11);
    await until(() => spawned === 2);
    const from = harness.outcomes.length;
    await until(() => new Set(harness.outcomes.slice(from).map(({ id }) => id)).size === 11);
    for (const { id, result } of harness.outcomes) assert.equal(result.ok, id < 10, result.code);
    assert.deepEqual(harness.voids, []);
    assert.match(String(harness.log.of("probe-worker")[0]!.err), /a bug in the worker/);
    await harness.pool.close();
  });
});

Deno.test("WorkerPool.close() is idempotent, and silent afterwards", async () => {
  await withServers([serve(async () => {})], async (tcp) => {
    const harness = new Harness({ workers: 3 });
    for (let id = 0; id < 6; id++) harness.start(id, { port: tcp!.port });
    await until(() => harness.outcomes.length >= 6);
    await Promise.all([harness.pool.close(), harness.pool.close()]);
    const count = harness.outcomes.length;
    harness.start(0, { port: tcp!.port }, { generation: 2 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(harness.outcomes.length, count);
  });
});

Deno.test("WorkerPool drops results of an earlier generation or an unknown target", async () => {
  const thread = new FakeThread();
  const harness = new Harness({ spawn: () => thread });
  harness.start(0, { port: 1 });
  harness.start(0, { port: 1 }, { generation: 2 });
  harness.start(1, { port: 1 });
  harness.pool.stop(1);
  const batch = new OutcomeBatch();
  for (const [id, generation] of [[0, 1], [0, 2], [1, 1], [7, 1]] as const) {
    batch.add({ id, generation, verdict: CONNECTED, durationMs: 1, matters: true }, wall(0));
    const report = { id, generation, latenessMs: 300, reason: "late", lack: undefined };
    thread.say({ kind: "void", report });
  }
  thread.say(batch.take());
  assert.deepEqual(harness.outcomes.map(({ id, generation }) => [id, generation]), [[0, 2]]);
  assert.deepEqual(harness.voids.map(({ id, generation }) => [id, generation]), [[0, 2]]);
  await harness.pool.close();
});

Deno.test("WorkerPool sends the counters to a new worker in one message", async () => {
  const threads: FakeThread[] = [];
  const harness = new Harness({
    spawn() {
      threads.push(new FakeThread());
      return threads.at(-1)!;
    },
  });
  for (let id = 0; id < 3; id++) harness.start(id, { port: 1 });
  await Promise.resolve();
  assert.equal(threads[0]!.heard.length, 1, "started together");
  const batch = new OutcomeBatch();
  for (let i = 0; i < 3; i++) {
    batch.add({ id: 1, generation: 1, verdict: CONNECTED, durationMs: 1, matters: true }, wall(0));
  }
  threads[0]!.say(batch.take());
  harness.counters.set(1, 4);
  harness.pool.readdress(1, parseIp("127.0.0.9")!);
  harness.pool.stop(2);
  threads[0]!.die("boom");
  await until(() => threads.length === 2);
  const [message] = threads[1]!.heard;
  assert.equal(message?.kind, "commands");
  if (message?.kind !== "commands") return;
  const starts = [...commandsOf(message)].map((command) =>
    command.kind === "start"
      ? [
        command.target.id,
        command.target.spec.address,
        command.target.counter,
        command.target.unknown,
      ]
      : command.kind
  );
  assert.deepEqual(starts, [[0, "127.0.0.1", 1, true], [1, "127.0.0.9", 4, false]]);
  await harness.pool.close();
});

Deno.test("WorkerPool reports first probes of a dead thread as void, and answers() false until the next", async () => {
  const { harness, clock, threads } = withFakeThreads(1);
  harness.start(0, { port: 1 });
  harness.start(1, { port: 1 });
  await Promise.resolve();
  assert.equal(harness.pool.answers(0), false, "it may still be loading");
  clock.advance(1000);
  assert.deepEqual([0, 1, 2].map((id) => harness.pool.answers(id)), [true, true, false]);
  const batch = new OutcomeBatch();
  batch.add({ id: 1, generation: 1, verdict: CONNECTED, durationMs: 1, matters: true }, wall(0));
  threads[0]!.say(batch.take());
  threads[0]!.die("boom");
  assert.equal(harness.pool.answers(0), false);
  clock.advance(100);
  assert.equal(threads.length, 2);
  assert.deepEqual(harness.voids.map(({ id, reason }) => [id, reason]), [[0, "its worker died"]]);
  threads[1]!.answers = false;
  clock.advance(1000);
  assert.equal(harness.pool.answers(0), false);
  threads[1]!.answers = true;
  await harness.pool.close();
});

Deno.test("WorkerPool starts with the given counter, here and in the worker", async () => {
  const { harness, threads } = withFakeThreads(1);
  const target: ProbeTarget = {
    id: 0,
    generation: 1,
    backend: "b",
    address: parseIp("127.0.0.1")!,
    healthcheck: healthcheck({ rise: 2, fall: 3 }),
    netns: "",
    firstDelayMs: 0,
    counter: () => 4,
  };
  harness.pool.start(target);
  await Promise.resolve();
  const [message] = threads[0]!.heard;
  assert.ok(message?.kind === "commands");
  const [command] = commandsOf(message);
  assert.ok(command?.kind === "start");
  const { counter, unknown } = command.target;
  assert.deepEqual([counter, unknown], [4, true], "it is in doubt, so it is asked quickly");
  await harness.pool.close();
});

Deno.test("CommandBatch keeps all commands, in their order, and begins a new batch when taken", () => {
  const batch = new CommandBatch();
  const checks = [healthcheck({ port: 1 }), healthcheck({ port: 2 })];
  const first = { firstDelayMs: 0.25, soonestMs: 0.125, spreadMs: 2000 };
  const target = (id: number): ProbeTarget => ({
    id,
    generation: id + 7,
    backend: "b",
    address: parseIp(`2001:db8::${id}`)!,
    healthcheck: checks[id % 2]!,
    netns: "",
    firstDelayMs: 0,
    counter: () => id,
  });
  const expected: Command[] = [];
  // More than the first buffer holds.
  for (let id = 1; id <= 100; id++) {
    const unknown = id % 3 === 0;
    batch.start({ target: target(id), unknown }, first);
    const spec = { address: `2001:db8::${id}`, healthcheck: checks[id % 2]! };
    const numbers = { id, generation: id + 7, counter: id };
    expected.push({ kind: "start", target: { ...numbers, spec, ...first, unknown } });
  }
  batch.stop(5);
  batch.readdress(6, "192.0.2.6");
  expected.push({ kind: "stop", id: 5 }, { kind: "readdress", id: 6, address: "192.0.2.6" });
  assert.equal(batch.size, 102);
  const message = structuredClone(batch.take());
  assert.equal(message.healthchecks.length, 2, "each is sent once");
  assert.deepEqual([...commandsOf(message)], expected);
  assert.equal(batch.size, 0);
  batch.stop(1);
  assert.deepEqual([...commandsOf(batch.take())], [{ kind: "stop", id: 1 }]);
  batch.stop(2);
  batch.clear();
  assert.deepEqual([...commandsOf(batch.take())], []);
});

/** Pools of fake threads, which are kept in the order in which they were started. */
function withFakeThreads(workers: number) {
  const clock = new FakeClock();
  const threads: FakeThread[] = [];
  const harness = new Harness({
    clock,
    workers,
    spawn() {
      threads.push(new FakeThread());
      return threads.at(-1)!;
    },
  });
  /** Ids each thread probes, by what it heard. */
  const shares = () =>
    threads.map(({ heard }) => {
      const ids = new Set<number>();
      for (const message of heard) {
        if (message.kind !== "commands") continue;
        for (const command of commandsOf(message)) {
          if (command.kind === "start") ids.add(command.target.id);
          if (command.kind === "stop") ids.delete(command.id);
        }
      }
      return [...ids].sort((a, b) => a - b);
    });
  return { clock, threads, harness, shares };
}

Deno.test("WorkerPool spreads targets evenly and does not move them", async () => {
  const { harness, shares } = withFakeThreads(3);
  for (let id = 0; id < 9; id++) harness.start(id, { port: 1 });
  await Promise.resolve();
  assert.deepEqual(shares(), [[0, 3, 6], [1, 4, 7], [2, 5, 8]]);
  for (const id of [0, 3, 6]) harness.pool.stop(id);
  harness.start(4, { port: 1 }, { generation: 2 });
  harness.pool.readdress(5, parseIp("127.0.0.9")!);
  await Promise.resolve();
  assert.deepEqual(shares(), [[], [1, 4, 7], [2, 5, 8]], "the others stay");
  for (const id of [10, 11, 12, 13]) harness.start(id, { port: 1 });
  await Promise.resolve();
  assert.deepEqual(shares(), [[10, 11, 12, 13], [1, 4, 7], [2, 5, 8]], "new ones fill the gap");
  await harness.pool.close();
});

Deno.test("WorkerPool spawns workers for a namespace, which enter it first", async () => {
  const { clock, threads, harness, shares } = withFakeThreads(2);
  harness.start(0, { port: 1 });
  harness.start(1, { port: 1 }, { netns: "blue" });
  harness.start(2, { port: 1 }, { netns: "blue" });
  await Promise.resolve();
  assert.deepEqual(shares(), [[0], [], [1], [2]]);
  const first = threads.map(({ heard }) => heard[0]);
  const enter = { kind: "enter", netns: "blue" };
  assert.deepEqual(first.slice(2), [enter, enter]);
  assert.deepEqual(first[1], undefined);
  threads[2]!.die("boom");
  clock.advance(100);
  const again = threads[4]!.heard;
  assert.deepEqual(again[0], enter, "the one who takes its place, too");
  assert.deepEqual(shares()[4], [1]);
  await harness.pool.close();
});

Deno.test("WorkerPool moves a target to another namespace and retires idle workers", async () => {
  const { clock, threads, harness, shares } = withFakeThreads(1);
  harness.start(0, { port: 1 }, { netns: "blue" });
  harness.start(0, { port: 1 }, { generation: 2, netns: "green" });
  await Promise.resolve();
  assert.deepEqual(shares(), [[], [0]]);
  clock.advance(10_000);
  await until(() => threads[0]!.terminated);
  assert.equal(threads[1]!.terminated, false);
  // Idle for a moment only: a reload stops and starts.
  harness.pool.stop(0);
  clock.advance(1000);
  harness.start(1, { port: 1 }, { netns: "green" });
  clock.advance(10_000);
  // `close` is sent immediately, and the thread is terminated later.
  const retired = threads[1]!.heard.some(({ kind }) => kind === "close");
  assert.deepEqual([threads.length, retired], [2, false]);
  await harness.pool.close();
  assert.equal(clock.timers, 0);
});

Deno.test("WorkerPool probes the targets of a dead worker within half a second of its return", async () => {
  const { clock, threads, harness } = withFakeThreads(1);
  const slow = { intervalMs: 60_000, fastIntervalMs: 60_000, downIntervalMs: 60_000 };
  for (let id = 0; id < 10; id++) harness.start(id, { port: 1, ...slow });
  await Promise.resolve();
  threads[0]!.die("boom");
  clock.advance(100);
  const [message] = threads[1]!.heard;
  assert.ok(message?.kind === "commands");
  const delays = [...commandsOf(message)].map((command) =>
    command.kind === "start" ? command.target.firstDelayMs : Infinity
  );
  assert.ok(Math.max(...delays) <= 500 && new Set(delays).size === 10, delays.join());
  await harness.pool.close();
});

Deno.test("WorkerPool: targets of a dead worker are spread over the window of their return", async () => {
  const { clock, threads, harness } = withFakeThreads(1);
  const pace = { intervalMs: 1000, fastIntervalMs: 1000, downIntervalMs: 1000 };
  for (let id = 0; id < 10; id++) harness.start(id, { port: 1, ...pace });
  await Promise.resolve();
  threads[0]!.die("boom");
  clock.advance(100);
  // Phases follow from place and window: over a longer one they would fill a part of the interval.
  for (const { firstDelayMs, soonestMs, spreadMs } of startsOf(threads[1]!)) {
    assert.deepEqual([soonestMs, spreadMs], [firstDelayMs, 500]);
  }
  await harness.pool.close();
});

Deno.test("WorkerPool.warm() starts workers before the first target, and retires them without one", async () => {
  const { clock, threads, harness } = withFakeThreads(2);
  harness.pool.warm();
  assert.equal(threads.length, 2);
  assert.deepEqual(harness.pool.probers(), [], "not reported: they probe nothing");
  clock.advance(4000);
  harness.start(0, { port: 1 });
  assert.deepEqual(harness.pool.probers().map(({ threads, backends }) => [threads, backends]), [[
    2,
    1,
  ]]);
  clock.advance(10_000);
  assert.deepEqual([threads.length, threads[0]!.terminated], [2, false], "used as they are");
  await harness.pool.close();

  const unused = withFakeThreads(1);
  unused.harness.pool.warm();
  unused.clock.advance(10_000);
  await until(() => unused.threads[0]!.terminated);
  await unused.harness.pool.close();
});

Deno.test("WorkerPool passes on when a first probe may start; not before its place without a word", async () => {
  const { threads, harness } = withFakeThreads(1);
  harness.start(0, { port: 1, fastIntervalMs: 9000 }, { firstDelayMs: 700, soonestMs: 20 });
  harness.start(1, { port: 1 }, { firstDelayMs: 30 });
  await Promise.resolve();
  const first = startsOf(threads[0]!).map((it) => [it.soonestMs, it.firstDelayMs, it.spreadMs]);
  assert.deepEqual(first, [[20, 700, 2000], [30, 30, 50]]);
  await harness.pool.close();
});

Deno.test("WorkerPool sends many commands in parts, in order", async () => {
  const { threads, harness } = withFakeThreads(1);
  for (let id = 0; id < 2500; id++) harness.start(id, { port: 1 });
  assert.equal(startsOf(threads[0]!).length, 2000, "sent while the others are made");
  await Promise.resolve();
  assert.deepEqual(
    startsOf(threads[0]!).map(({ id }) => id),
    Array.from({ length: 2500 }, (_, i) => i),
  );
  await harness.pool.close();
});

Deno.test("WorkerPool logs changes of a namespace", async () => {
  const { threads, harness } = withFakeThreads(1);
  harness.start(0, { port: 1 }, { netns: "blue" });
  threads[0]!.say({ kind: "namespace", news: { action: "waiting", problem: "no such thing" } });
  threads[0]!.say({ kind: "namespace", news: { action: "entered", problem: "" } });
  const worker = { worker: "probe-blue-0", netns: "blue" };
  assert.deepEqual(harness.log.of("probe-worker"), [
    { ...worker, action: "waiting", err: "no such thing" },
    { ...worker, action: "entered" },
  ]);
  await harness.pool.close();
});

Deno.test("WorkerPool drops news of an isolation that other settings have replaced", async () => {
  const { threads, harness } = withFakeThreads(1);
  harness.start(0, { port: 1 });
  const [first, second] = [1, 2].map((port) =>
    ({ address: parseIp("127.0.0.1")!, type: "tcp", port }) as const
  );
  const config = { targets: [first!, second!], quorum: 1, maxHoldMs: 1000 };
  harness.pool.isolate(config);
  const sent = () => threads[0]!.heard.filter((message) => message.kind === "isolation").at(-1)!;
  const { settings } = sent();
  const say = (settings: number) =>
    threads[0]!.say({
      kind: "isolation",
      news: { state: "expired", reason: "0 of 2" },
      settings,
    });
  harness.pool.isolate(undefined);
  // It was under way when the settings were sent.
  say(settings);
  assert.equal(harness.pool.probers()[0]!.expired, undefined);
  harness.pool.isolate(config);
  say(sent().settings);
  assert.equal(harness.pool.probers()[0]!.expired, "0 of 2");
  await harness.pool.close();
});

/** The targets that a thread received. */
function startsOf({ heard }: FakeThread): ScheduledTarget[] {
  return heard.flatMap((message) => message.kind === "commands" ? [...commandsOf(message)] : [])
    .flatMap((command) => command.kind === "start" ? [command.target] : []);
}

/** Lets a thread report a void probe of a target, or one that counted. */
function report(thread: FakeThread, id: number, lack?: Lack): void {
  if (lack !== undefined) {
    const report = { id, generation: 1, latenessMs: 0, reason: `no ${lack}`, lack };
    return thread.say({ kind: "void", report });
  }
  const batch = new OutcomeBatch();
  batch.add({ id, generation: 1, verdict: CONNECTED, durationMs: 1, matters: true }, wall(0));
  thread.say(batch.take());
}

Deno.test("WorkerPool.probers() lists blind spots, and voidReason() the reason of each backend", async () => {
  const { clock, threads, harness } = withFakeThreads(1);
  harness.start(0, { port: 1 });
  harness.start(1, { port: 1 }, { netns: "blue" });
  harness.start(2, { port: 1 }, { netns: "blue" });
  const view = (netns: string) => harness.pool.probers().find((view) => view.netns === netns)!;
  assert.deepEqual(view("blue"), { netns: "blue", threads: 1, backends: 2, blind: [] });
  for (let i = 0; i < 3; i++) report(threads[1]!, 1, "ports");
  report(threads[1]!, 2, "ports");
  assert.deepEqual(view("blue").blind.map(({ lack, backends }) => [lack, backends]), [[
    "ports",
    2,
  ]]);
  assert.deepEqual(view("").blind, []);
  assert.equal(harness.pool.voidReason("b1"), "no ports");
  assert.equal(harness.pool.voidReason("b0"), undefined);
  report(threads[1]!, 1);
  assert.equal(harness.pool.voidReason("b1"), undefined);
  // A backend that is no longer probed does not keep the episode open.
  harness.pool.stop(2);
  assert.equal(harness.pool.voidReason("b2"), undefined);
  clock.advance(CALM_MS);
  assert.deepEqual(view("blue").blind, []);
  assert.equal(harness.log.of("prober-blind").length, 1);
  assert.equal(harness.log.of("prober-restored").length, 1);
  await harness.pool.close();
  assert.equal(clock.timers, 0);
});

Deno.test("WorkerPool survives threads that cannot be started, and logs it", async () => {
  const clock = new FakeClock();
  const threads: FakeThread[] = [];
  let refuses = true;
  const harness = new Harness({
    clock,
    spawn() {
      if (refuses) throw new Error("out of threads");
      threads.push(new FakeThread());
      return threads.at(-1)!;
    },
  });
  harness.start(0, { port: 1 });
  await clock.advanceAsync(1000);
  assert.deepEqual(harness.log.of("prober-blind").map(({ lack }) => lack), ["thread"]);
  assert.match(harness.pool.voidReason("b0")!, /cannot start the thread: out of threads/);
  refuses = false;
  await clock.advanceAsync(10_000);
  report(threads[0]!, 0);
  await clock.advanceAsync(CALM_MS);
  assert.deepEqual(harness.log.of("prober-restored").length, 1);
  await harness.pool.close();
});

Deno.test("WorkerPool reports the backends of a thread that keeps dying as blind and none as down", async () => {
  const { clock, threads, harness } = withFakeThreads(2);
  for (let id = 0; id < 4; id++) harness.start(id, { port: 1 });
  await Promise.resolve();
  const kill = async (thread = threads.at(-1)!) => {
    thread.die("out of memory");
    await clock.advanceAsync(10_000);
  };
  await kill(threads[0]);
  await kill();
  assert.deepEqual(harness.log.of("prober-blind"), [], "it may come back");
  await kill();
  const [line] = harness.log.of("prober-blind");
  assert.deepEqual([line?.lack, line?.backends], ["thread", 2]);
  assert.match(String(line?.err), /^cannot keep the probing thread running: out of memory$/);
  const lacking = harness.voids.filter(({ lack }) => lack !== undefined);
  assert.deepEqual(lacking.map(({ id, lack }) => [id, lack]), [[0, "thread"], [2, "thread"]]);
  assert.deepEqual(harness.outcomes, []);
  report(threads.at(-1)!, 0);
  report(threads.at(-1)!, 2);
  clock.advance(CALM_MS);
  assert.deepEqual(harness.pool.probers()[0]!.blind, []);
  await kill();
  assert.equal(harness.log.of("prober-blind").length, 1, "a thread that worked may die once");
  await harness.pool.close();
});

/** Raw sockets of this process. */
function rawSockets(): number {
  const table = Deno.readTextFileSync("/proc/net/raw").trim().split("\n").slice(1);
  const inodes = new Set(table.map((line) => line.trim().split(/\s+/)[9]));
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/self/fd/${name}`)) ?? [];
      return inodes.has(inode);
    } catch {
      return false; // Closed meanwhile.
    }
  }).length;
}

const NOT_ROOT = Deno.uid() === 0 ? "" : " (skipped: raw sockets need root)";

Deno.test({
  name: `workers that die while they wait for ICMP leave no socket, and break nothing${NOT_ROOT}`,
  ignore: NOT_ROOT !== "",
  fn: icmpWorkersDie,
});

async function icmpWorkersDie(): Promise<void> {
  const before = rawSockets();
  const threads: Worker[] = [];
  const harness = new Harness({
    spawn() {
      const thread = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
      threads.push(thread);
      return thread;
    },
  });
  for (let id = 0; id < 50; id++) harness.start(id, { params: { type: "icmp" } });
  for (let round = 1; round <= 3; round++) {
    const from = harness.outcomes.length;
    await until(() => new Set(harness.outcomes.slice(from).map(({ id }) => id)).size === 50);
    assert.equal(rawSockets() > before, true);
    // As a watchdog ends a thread that hangs: in the middle of its work.
    const died = threads.at(-1)!;
    died.terminate();
    died.onerror!(new ErrorEvent("error", { message: "terminated by the test", cancelable: true }));
    await until(() => threads.length === round + 1);
  }
  const from = harness.outcomes.length;
  await until(() => new Set(harness.outcomes.slice(from).map(({ id }) => id)).size === 50);
  assert.ok(harness.outcomes.every(({ result }) => result.ok));
  await harness.pool.close();
  await until(() => rawSockets() === before);
}
