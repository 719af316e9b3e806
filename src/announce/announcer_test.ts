import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../tests/support/fakes/recording_logger.ts";
import { FAR_PAST_MS, NEVER_MS } from "../base/instant.ts";
import type { AnnounceFileConfig } from "../config/model.ts";
import type { FolderIo } from "../system/state_file.ts";
import { Announcer, OPEN_DEADLINE_MS, VPP_AWAY_MS } from "./announcer.ts";
import type { Border } from "./border.ts";

const SETTINGS: AnnounceFileConfig = {
  file: "/run/x/announce",
  format: "text",
  onStop: "keep",
  onVppAway: "keep",
};

/** A folder in memory; `full`: each write fails. */
class Memory {
  readonly files = new Map<string, string>();
  /** Each content the file got. */
  readonly contents: string[] = [];
  full = false;
  /** No read ends. */
  readsHang = false;

  readonly io: FolderIo = {
    make: () => Promise.resolve(),
    read: (name) => {
      if (this.readsHang) return new Promise(() => {});
      const text = this.files.get(name);
      return Promise.resolve(text === undefined ? undefined : new TextEncoder().encode(text));
    },
    writeNew: (name, bytes) => {
      if (this.full) return Promise.reject(new Error("No space left on device (os error 28)"));
      this.files.set(name, new TextDecoder().decode(bytes));
      return Promise.resolve();
    },
    append: () => Promise.resolve(),
    rename: (from, to) => {
      const text = this.files.get(from)!;
      this.files.delete(from);
      this.files.set(to, text);
      this.contents.push(text);
      return Promise.resolve();
    },
    remove: (name) => Promise.resolve(void this.files.delete(name)),
    list: () => Promise.resolve([...this.files.keys()]),
    sync: () => Promise.resolve(),
  };
}

interface World {
  settings: AnnounceFileConfig | undefined;
  known: boolean;
  away: boolean;
  lameduck: boolean;
  borders: Border[];
  readonly disk: Memory;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  readonly announcer: Announcer;
  /** Sets the serving servers of `web`, and lets the announcer write. */
  serve(serving: number): Promise<void>;
  settle(): Promise<void>;
}

function world(found?: string): World {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const disk = new Memory();
  if (found !== undefined) disk.files.set("announce", found);
  const web = {
    frontend: "web",
    prefix: "192.0.2.1/32",
    serving: 1,
    acknowledged: 1,
    minUp: 1,
    hysteresisMs: 10_000,
  };
  const announcer = new Announcer({
    clock,
    logger,
    folder: () => disk.io,
    source: {
      settings: () => state.settings,
      borders: () => state.borders,
      knownByMs: () => state.known ? FAR_PAST_MS : NEVER_MS,
      vppAway: () => state.away,
      isLameduck: () => state.lameduck,
    },
  });
  const settle = async () => {
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
  };
  const state: World = {
    settings: SETTINGS,
    known: true,
    away: false,
    lameduck: false,
    borders: [web],
    disk,
    clock,
    logger,
    announcer,
    settle,
    async serve(serving) {
      state.borders = [{ ...web, serving, acknowledged: serving }];
      announcer.update();
      await settle();
    },
  };
  announcer.start();
  return state;
}

const UP = "192.0.2.1/32\n";

Deno.test("the file found stays until all is known; what it has needs no hysteresis", async () => {
  const state = world(UP);
  state.known = false;
  await state.settle();
  await state.serve(0);
  assert.deepEqual(state.disk.contents, []);
  state.known = true;
  await state.serve(1);
  assert.equal(state.announcer.announced("web"), true);
  assert.deepEqual(state.disk.contents, [], "it has what it should have");
  await state.serve(0);
  assert.deepEqual(state.disk.contents, [""]);
  await state.announcer.stop();
});

Deno.test("an unknown or unreadable file counts as empty", async () => {
  for (const found of [undefined, "\u0000\u0001garbage"]) {
    const state = world(found);
    await state.settle();
    assert.equal(state.announcer.announced("web"), false);
    state.clock.advance(10_000);
    await state.settle();
    assert.equal(state.announcer.announced("web"), true);
    assert.equal(state.disk.files.get("announce"), UP);
    await state.announcer.stop();
  }
});

Deno.test("50 flips at the border write one withdrawal, and one announcement after the hysteresis", async () => {
  const state = world(UP);
  await state.settle();
  for (let flip = 0; flip < 50; flip++) {
    await state.serve(0);
    state.clock.advance(100);
    await state.serve(1);
    state.clock.advance(100);
  }
  await state.settle();
  assert.deepEqual(state.disk.contents, [""]);
  state.clock.advance(10_000);
  await state.settle();
  assert.deepEqual(state.disk.contents, ["", UP]);
  const events = state.logger.records.map(({ event }) => event);
  assert.deepEqual(events, ["frontend-withdrawn", "frontend-announced"]);
  await state.announcer.stop();
});

Deno.test("a full disk is reported once, and the newest content is written each second until it fits", async () => {
  const state = world(UP);
  await state.settle();
  state.disk.full = true;
  await state.serve(0);
  assert.equal(state.announcer.stale, true);
  for (let second = 0; second < 3; second++) {
    state.clock.advance(1000);
    await state.settle();
  }
  assert.equal(state.logger.of("announce-failed").length, 1);
  state.disk.full = false;
  state.clock.advance(1000);
  await state.settle();
  assert.equal(state.announcer.stale, false);
  assert.deepEqual(state.disk.contents, [""]);
  assert.equal(state.logger.of("announce-written").length, 1);
  await state.announcer.stop();
});

Deno.test("lameduck withdraws all at once, and at its end announces without hysteresis", async () => {
  const state = world(UP);
  await state.settle();
  state.lameduck = true;
  state.announcer.update();
  await state.settle();
  assert.deepEqual(state.disk.contents, [""]);
  assert.equal(state.logger.of("frontend-withdrawn")[0]!.message, "lameduck");
  state.lameduck = false;
  state.announcer.update();
  await state.settle();
  assert.deepEqual(state.disk.contents, ["", UP]);
  await state.announcer.stop();
});

Deno.test("a file that cannot be written is a problem with its reason, until it is written", async () => {
  const state = world(UP);
  await state.settle();
  assert.equal(state.announcer.problem, "");
  state.disk.full = true;
  state.lameduck = true;
  state.announcer.update();
  assert.ok(state.announcer.stale);
  assert.equal(state.announcer.problem, "", "the write has only begun");
  await state.settle();
  assert.match(
    state.announcer.problem,
    /^\S+ is not written \(.*No space left.*\): routers follow what it has$/,
  );
  state.disk.full = false;
  await state.clock.advanceAsync(1000);
  await state.settle();
  assert.equal(state.announcer.problem, "");
  await state.announcer.stop();
});

Deno.test("VPP away: the file stays, or is emptied after 5 seconds", async () => {
  for (const onVppAway of ["keep", "withdraw"] as const) {
    const state = world(UP);
    state.settings = { ...SETTINGS, onVppAway };
    await state.settle();
    state.away = true;
    await state.serve(0);
    state.clock.advance(VPP_AWAY_MS - 1);
    await state.settle();
    assert.deepEqual(state.disk.contents, []);
    state.clock.advance(1);
    await state.settle();
    assert.deepEqual(state.disk.contents, onVppAway === "keep" ? [] : [""]);
    state.away = false;
    await state.serve(1);
    assert.equal(state.disk.files.get("announce"), UP);
    await state.announcer.stop();
  }
});

Deno.test("a frontend that is removed while VPP is away is withdrawn", async () => {
  const state = world(UP);
  await state.settle();
  state.away = true;
  await state.serve(0);
  assert.deepEqual(state.disk.contents, [], "servers alone change nothing");
  state.borders = [];
  state.announcer.update();
  await state.settle();
  assert.deepEqual(state.disk.contents, [""]);
  assert.equal(state.logger.of("frontend-withdrawn")[0]!.message, "the frontend is removed");
  await state.announcer.stop();
});

Deno.test("the hysteresis does not run while VPP is away", async () => {
  const state = world();
  await state.settle();
  state.clock.advance(9000);
  state.away = true;
  await state.serve(1);
  state.clock.advance(60_000);
  state.away = false;
  await state.serve(1);
  state.clock.advance(9999);
  await state.settle();
  assert.equal(state.announcer.announced("web"), false);
  state.clock.advance(1);
  await state.settle();
  assert.equal(state.announcer.announced("web"), true);
  await state.announcer.stop();
});

Deno.test("a stop keeps the file or empties it, and a removed frontend is withdrawn", async () => {
  for (const onStop of ["keep", "withdraw"] as const) {
    const state = world(UP);
    state.settings = { ...SETTINGS, onStop };
    await state.settle();
    await state.announcer.stop();
    assert.equal(state.disk.files.get("announce"), onStop === "keep" ? UP : "");
  }
  const state = world(UP);
  await state.settle();
  state.borders = [];
  state.announcer.update();
  await state.settle();
  assert.deepEqual(state.disk.contents, [""]);
  await state.announcer.stop();
});

Deno.test("a reload that names another file leaves the old one, and announces the same there", async () => {
  const state = world(UP);
  await state.settle();
  state.settings = { ...SETTINGS, file: "/run/x/other" };
  state.announcer.update();
  await state.settle();
  assert.equal(state.disk.files.get("announce"), UP);
  assert.equal(state.disk.files.get("other"), UP, "without hysteresis");
  assert.deepEqual(state.logger.records, [], "no prefix changed sides");
  await state.announcer.stop();
});

Deno.test("a reload that removes the section and one that brings it back begin with the file", async () => {
  const state = world(UP);
  await state.settle();
  state.settings = undefined;
  state.announcer.update();
  await state.settle();
  assert.equal(state.disk.files.get("announce"), "");
  assert.equal(state.announcer.announced("web"), undefined);
  state.settings = SETTINGS;
  state.announcer.update();
  await state.settle();
  assert.equal(state.announcer.announced("web"), false);
  await state.announcer.stop();
});

/** A reload to another file, which cannot be read; the servers go meanwhile. */
async function hanging(onStop: "keep" | "withdraw"): Promise<World> {
  const state = world(UP);
  await state.settle();
  state.disk.files.set("other", UP);
  state.disk.readsHang = true;
  state.settings = { ...SETTINGS, file: "/run/x/other", onStop };
  state.announcer.update();
  await state.settle();
  await state.serve(0);
  return state;
}

Deno.test("a file that is not read in time counts as empty, and follows the frontends from then on", async () => {
  const state = await hanging("keep");
  state.clock.advance(OPEN_DEADLINE_MS);
  await state.settle();
  assert.equal(state.disk.files.get("other"), "");
  assert.equal(state.announcer.announced("web"), false);
  assert.deepEqual(state.logger.of("announce-failed"), [
    { file: "/run/x/other", err: "reading it took longer than 5 s" },
  ]);
  assert.equal(state.logger.of("frontend-withdrawn").length, 1);
  await state.announcer.stop();
  assert.equal(state.clock.timers, 0);
});

Deno.test("a stop does not wait for a file that is read: it is emptied, or left", async () => {
  for (const onStop of ["keep", "withdraw"] as const) {
    const state = await hanging(onStop);
    await state.announcer.stop();
    assert.equal(state.disk.files.get("other"), onStop === "keep" ? UP : "");
    assert.deepEqual(state.logger.of("announce-failed"), []);
    assert.equal(state.clock.timers, 0);
  }
});

Deno.test("a file whose write never ends does not keep another from being written", async () => {
  const state = world(UP);
  await state.settle();
  const { writeNew } = state.disk.io;
  state.disk.io.writeNew = () => new Promise(() => {});
  await state.serve(0);
  state.disk.io.writeNew = writeNew;
  state.settings = { ...SETTINGS, file: "/run/x/other" };
  state.disk.files.set("other", UP);
  state.announcer.update();
  await state.settle();
  state.clock.advance(OPEN_DEADLINE_MS);
  await state.settle();
  assert.equal(state.disk.files.get("other"), "");
  assert.deepEqual(state.logger.of("announce-failed"), [
    { file: "/run/x/announce", err: "writing it took longer than 5 s" },
  ]);
  await state.announcer.stop();
});

Deno.test("a write that ends after reloads to another file and back does not bring its content back", async () => {
  const state = world(UP);
  await state.settle();
  const { writeNew } = state.disk.io;
  const hang = Promise.withResolvers<void>();
  state.disk.io.writeNew = (name, bytes) => hang.promise.then(() => writeNew(name, bytes));
  await state.serve(0);
  state.disk.io.writeNew = writeNew;
  for (const file of ["/run/x/other", SETTINGS.file]) {
    state.settings = { ...SETTINGS, file };
    state.announcer.update();
    await state.settle();
    state.clock.advance(OPEN_DEADLINE_MS);
    await state.settle();
  }
  await state.serve(1);
  state.clock.advance(10_000);
  await state.settle();
  assert.equal(state.disk.files.get("announce"), UP);
  hang.resolve();
  await state.settle();
  assert.ok(state.disk.contents.includes(""), "the old content came after all");
  assert.equal(state.disk.files.get("announce"), UP);
  await state.announcer.stop();
});
