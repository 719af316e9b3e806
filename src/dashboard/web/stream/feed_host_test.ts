/// <reference lib="deno.ns" />
/** The shared stream with a server, a clock and tabs of the test's own. */
import assert from "node:assert/strict";
import type { FeedPorts } from "./feed.ts";
import { FeedHost, type TabPort, type ToHost, type ToTab } from "./feed_host.ts";

const URL = "http://127.0.0.1/view/api/events";

interface Attempt {
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
  readonly send: (text: string) => void;
  readonly end: () => void;
}

class World {
  nowMs = 1_000_000;
  /** Streams that were asked for, oldest first. */
  readonly attempts: Attempt[] = [];
  /** The status of the next answers. */
  status = 200;
  readonly #ticks = new Set<() => void>();
  readonly host: FeedHost;

  constructor() {
    const ports: FeedPorts = {
      nowMs: () => this.nowMs,
      random: () => 1,
      every: (_ms, tick) => {
        this.#ticks.add(tick);
        return () => this.#ticks.delete(tick);
      },
      fetch: (url, { signal }) => {
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
        const writer = writable.getWriter();
        const ignore = () => {};
        this.attempts.push({
          query: new URLSearchParams(url.slice(url.indexOf("?"))),
          signal: signal!,
          send: (text) => void writer.write(new TextEncoder().encode(text)).catch(ignore),
          end: () => void writer.close().catch(ignore),
        });
        signal!.addEventListener("abort", () => void writer.abort(signal!.reason).catch(ignore));
        return Promise.resolve(new Response(readable, { status: this.status }));
      },
    };
    this.host = new FeedHost(ports);
  }

  /** Lets seconds pass, and everything that waits run. */
  async pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      this.nowMs += 1000;
      for (const tick of [...this.#ticks]) tick();
      await settle();
    }
  }

  tab(): Tab {
    const tab = new Tab();
    this.host.connect(tab);
    return tab;
  }
}

class Tab implements TabPort {
  onmessage: TabPort["onmessage"] = null;
  readonly received: ToTab[] = [];
  joins = 0;

  postMessage(message: ToTab): void {
    this.received.push(message);
  }

  send(message: ToHost): void {
    this.onmessage!({ data: message });
  }

  join(seq: number, { epoch = "e1", shows = [] as readonly string[] } = {}): void {
    this.send({ kind: "join", number: ++this.joins, url: URL, since: { epoch, seq }, shows });
  }

  get data(): string[] {
    return this.received.flatMap((message) =>
      message.kind === "events" ? message.events.map(({ data }) => data) : []
    );
  }

  get phase(): string | undefined {
    const phase = this.received.findLast((message) => message.kind === "phase");
    return phase?.kind === "phase" ? phase.phase.kind : undefined;
  }

  get resyncs(): number {
    return this.received.filter(({ kind }) => kind === "resync").length;
  }
}

/** Lets the streams of the fake server flow. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

const event = (seq: number, epoch = "e1") => `id: ${epoch}-${seq}\nevent: log\ndata: ${seq}\n\n`;

async function hosted(use: (world: World) => Promise<void>): Promise<void> {
  const world = new World();
  try {
    await use(world);
  } finally {
    world.host.stop();
    await settle();
  }
}

Deno.test("two tabs share one stream, and the second gets what came since its state", () =>
  hosted(async (world) => {
    const first = world.tab();
    first.join(4);
    await settle();
    assert.equal(world.attempts.length, 1);
    assert.equal(world.attempts[0]!.query.get("since"), "e1-4");
    world.attempts[0]!.send(event(5) + event(6) + event(7));
    await settle();
    const second = world.tab();
    second.join(5);
    assert.deepEqual(second.data, ["6", "7"]);
    world.attempts[0]!.send("event: probes\ndata: beat\n\n");
    await settle();
    assert.deepEqual(first.data, ["5", "6", "7", "beat"]);
    assert.deepEqual(second.data, ["6", "7", "beat"]);
    assert.equal(world.attempts.length, 1);
  }));

Deno.test("events carry the number of the join they answer, so that late ones are known", () =>
  hosted(async (world) => {
    const tab = world.tab();
    tab.join(0);
    await settle();
    world.attempts[0]!.send(event(1) + event(2));
    await settle();
    // The tab loads the state again; what was on its way to it belongs to the join before.
    tab.join(1);
    world.attempts[0]!.send(event(3));
    await settle();
    const answered = tab.received.flatMap((message) =>
      message.kind === "events" ? message.events.map(({ data }) => [message.join, data]) : []
    );
    assert.deepEqual(answered, [[1, "1"], [1, "2"], [2, "2"], [2, "3"]]);
  }));

Deno.test("a tab whose state is older than the buffer is asked to load again", () =>
  hosted(async (world) => {
    world.tab().join(4);
    const late = world.tab();
    late.join(3);
    assert.equal(late.resyncs, 1);
    await settle();
  }));

Deno.test("a cut stream is followed from the last event on, after a wait that the tab sees", () =>
  hosted(async (world) => {
    const tab = world.tab();
    tab.join(0);
    await settle();
    world.attempts[0]!.send(event(1));
    await settle();
    assert.equal(tab.phase, "live");
    world.attempts[0]!.end();
    await settle();
    assert.equal(tab.phase, "waiting");
    await world.pass(1);
    assert.equal(world.attempts[1]!.query.get("since"), "e1-1");
    assert.equal(tab.phase, "live");
  }));

Deno.test("a stream that hangs is dropped after 35 s, and its late words are not believed", () =>
  hosted(async (world) => {
    const tab = world.tab();
    tab.join(0);
    await settle();
    await world.pass(36);
    assert.equal(tab.phase, "waiting");
    assert.ok(world.attempts[0]!.signal.aborted);
    world.attempts[0]!.send(event(1));
    await world.pass(2);
    assert.equal(world.attempts.length, 2);
    assert.deepEqual(tab.data, []);
  }));

Deno.test("pings keep a stream without events alive", () =>
  hosted(async (world) => {
    const tab = world.tab();
    tab.join(0);
    for (let i = 0; i < 8; i++) {
      await world.pass(15);
      world.attempts[0]!.send(": ping\n\n");
      await settle();
    }
    assert.equal(world.attempts.length, 1);
    assert.equal(tab.phase, "live");
  }));

Deno.test("a status that is not 200 is a failure with its reason", () =>
  hosted(async (world) => {
    world.status = 503;
    const tab = world.tab();
    tab.join(0);
    await settle();
    const last = tab.received.at(-1)!;
    assert.ok(last.kind === "phase" && last.phase.kind === "waiting");
    assert.equal(last.phase.reason, "the server answers with status 503");
  }));

Deno.test("a restarted server: the tab that has the new state moves the stream for all", () =>
  hosted(async (world) => {
    const [first, second] = [world.tab(), world.tab()];
    first.join(9);
    second.join(9);
    await settle();
    world.attempts[0]!.send('event: resync\ndata: {"type":"resync"}\n\n');
    await settle();
    assert.deepEqual(first.data, ['{"type":"resync"}']);
    first.join(2, { epoch: "e2" });
    await settle();
    assert.equal(world.attempts.at(-1)!.query.get("since"), "e2-2");
    world.attempts.at(-1)!.send(event(3, "e2"));
    await settle();
    second.join(2, { epoch: "e2" });
    assert.deepEqual(second.data.slice(-1), ["3"]);
    assert.equal(world.attempts.length, 2);
  }));

Deno.test("after a resync, a tab whose state is older loads it again, and then gets everything", () =>
  hosted(async (world) => {
    const [first, second] = [world.tab(), world.tab()];
    first.join(4);
    await settle();
    world.attempts[0]!.send(event(5));
    world.attempts[0]!.send('id: e1-100\nevent: resync\ndata: {"type":"resync"}\n\n');
    await settle();
    second.join(60);
    assert.equal(second.resyncs, 1);
    second.join(100);
    world.attempts[0]!.send(event(101));
    await settle();
    assert.deepEqual([second.resyncs, second.data], [1, ["101"]]);
  }));

Deno.test("the stream carries what any tab shows, and is reopened when that changes", () =>
  hosted(async (world) => {
    const [first, second] = [world.tab(), world.tab()];
    first.join(0, { shows: ["lb1"] });
    await settle();
    assert.deepEqual(world.attempts[0]!.query.getAll("show"), ["lb1"]);
    second.join(0, { shows: ["lb2"] });
    await world.pass(3);
    assert.deepEqual(world.attempts.at(-1)!.query.getAll("show"), ["lb1", "lb2"]);
    second.send({ kind: "show", names: ["lb1"] });
    await world.pass(3);
    assert.deepEqual(world.attempts.at(-1)!.query.getAll("show"), ["lb1"]);
    assert.equal(world.attempts.length, 3);
  }));

Deno.test("the stream ends with its last tab: by its word, or after minutes of silence", () =>
  hosted(async (world) => {
    const [polite, frozen] = [world.tab(), world.tab()];
    polite.join(0);
    frozen.join(0);
    await settle();
    polite.send({ kind: "leave" });
    assert.equal(world.attempts[0]!.signal.aborted, false);
    world.attempts[0]!.send(": ping\n\n");
    await world.pass(181);
    assert.equal(world.attempts.at(-1)!.signal.aborted, true);
    const count = world.attempts.length;
    await world.pass(60);
    assert.equal(world.attempts.length, count, "nothing is asked for any more");
    frozen.join(0);
    await settle();
    assert.equal(world.attempts.length, count + 1, "a tab that comes back is served");
  }));
