/**
 * Judges what a daemon reports: each subscriber of its events receives every event in order, and
 * its history has the same events, also after restarts.
 */
import { watchEvents } from "../../../src/grpc/handlers/watch.ts";
import { Event, WatchRequest } from "../../../src/grpc/gen/maglev.ts";
import { create, decode } from "../../../src/grpc/messages/codec.ts";
import { MaglevError } from "../../../src/base/errors.ts";
import { HISTORY_EVENTS, type HistoryRecord } from "../../../src/history/record.ts";
import type { CheckerEvent } from "../../../src/checker/ports.ts";
import type { LogFields } from "../../../src/base/ports.ts";
import type { DaemonProcess } from "../world/process.ts";
import { OPERATOR } from "../world/process.ts";
import { RETRIED_MS } from "./judged_run.ts";

/** History that was logged so long before a sound end is on the disk. */
const STORED_MS = 1500;
const ALL = { size: 1_000_000 };
const INVARIANT = "one story";

type Fail = (invariant: string, message: string) => void;

/** A record that the history should have. */
interface Expected {
  readonly atMs: number;
  readonly text: string;
  /** True when it must survive the end of its daemon. */
  isDurable: boolean;
}

export class StoryJudge {
  readonly #fail: Fail;
  /** Events of the present turn, the oldest first. */
  #story: string[] = [];
  #watchers: Watcher[] = [];
  #process: DaemonProcess | undefined;
  /** A fault of the disk keeps the next daemon from reading all of its history. */
  #isDamaged = false;
  /** Since then no fault of the disk, and no stop of the daemon, delays what it stores. */
  #soundMs = 0;
  /** Records of earlier daemons, and of the present one. */
  readonly #earlier: Expected[] = [];
  #present: Expected[] = [];

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** A daemon is wired and has read its history. */
  wired(process: DaemonProcess): void {
    this.#process = process;
    this.#story = [];
    this.#watchers = [];
    this.#compareHistory(process);
    this.watch();
  }

  /** A file of the history cannot be read, because of a fault of the disk. */
  damaged(): void {
    this.#isDamaged = true;
  }

  /** Until `ms` and a repeated write later, what is stored may be late. */
  unsoundUntil(ms: number): void {
    this.#soundMs = Math.max(this.#soundMs, ms + RETRIED_MS);
  }

  /** A subscriber comes; of earlier ones the first stays. */
  watch(): void {
    const process = this.#process!;
    for (const { close } of this.#watchers.splice(1)) close();
    this.#watchers.push(new Watcher(process, this.#story.length));
  }

  /** Its subscribers leave. */
  stopping(): void {
    for (const { close } of this.#watchers.splice(0)) close();
  }

  logged(level: string, event: string, { fields, atMs, wallMs }: {
    readonly fields: LogFields;
    readonly atMs: number;
    readonly wallMs: number;
  }): void {
    const texts = textsOf(fields);
    if (level !== "debug") this.#story.push(`log ${level} ${event} ${texts}`);
    if (!HISTORY_EVENTS.has(event)) return;
    this.#present.push({ atMs, text: `${wallMs} ${event} ${texts}`, isDurable: false });
  }

  happened(event: CheckerEvent): void {
    if (event.kind === "policy") this.#story.push(policyText(event.change));
    if (event.kind !== "backend" && event.kind !== "frontend") return;
    this.#story.push(eventText(event.kind, event.name, event.transition));
  }

  /** After each turn, in which each event reaches its subscribers. */
  stepped(): void {
    if (this.#story.length === 0) return;
    for (const watcher of this.#watchers) {
      const problem = watcher.compare(this.#story);
      if (problem !== undefined) this.#fail(INVARIANT, problem);
    }
    this.#story = [];
  }

  /** The present daemon ends. */
  ended(nowMs: number, { inOrder }: { readonly inOrder: boolean }): void {
    const soundMs = this.#soundMs;
    this.#watchers = [];
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    const isStored = process.history.warning === "" && soundMs < nowMs;
    const lastMs = inOrder ? nowMs : nowMs - STORED_MS;
    const isCertain = isStored && nowMs - soundMs > STORED_MS;
    for (const record of this.#present) {
      record.isDurable = isCertain && record.atMs <= lastMs;
      this.#earlier.push(record);
    }
    this.#present = [];
  }

  /** The newest record of the history is that of the newest event. */
  tick(): void {
    const last = this.#present.at(-1);
    if (last === undefined || this.#process === undefined) return;
    const [found] = this.#process.history.list({ size: 1 }).records;
    const text = found && recordText(found);
    if (text !== last.text) this.#fail(INVARIANT, `history has "${text}", not "${last.text}"`);
  }

  /** What was read must be a part of what happened, with all that is durable. */
  #compareHistory({ history }: DaemonProcess): void {
    const isReadable = history.warning === "" && !this.#isDamaged;
    this.#isDamaged = false;
    const { records } = history.list(ALL);
    const expected = [...this.#earlier, ...this.#present];
    let at = 0;
    let id = 0;
    for (const record of records) {
      if (record.id <= id) this.#fail(INVARIANT, `history has id ${record.id} after ${id}`);
      id = record.id;
      const text = recordText(record);
      for (; at < expected.length && expected[at]!.text !== text; at++) {
        if (isReadable && expected[at]!.isDurable) {
          this.#fail("history survives", `"${expected[at]!.text}" is lost`);
        }
      }
      if (at === expected.length) this.#fail(INVARIANT, `history has "${text}" in excess`);
      at++;
    }
    const lost = expected.slice(at).find(({ isDurable }) => isDurable);
    if (isReadable && lost !== undefined) this.#fail("history survives", `"${lost.text}" is lost`);
  }
}

/** One subscriber that reads all at once. */
class Watcher {
  readonly close: () => void;
  readonly #received: string[] = [];
  /** The present state, which comes first. */
  readonly #replay: readonly string[];
  /** The place in the turn's story from which on it is compared. */
  #at: number;
  #replayed = 0;

  constructor(process: DaemonProcess, at: number) {
    const api = process.api();
    const { backends, frontends } = api.checker.snapshot();
    this.#at = at;
    const staying = ({ state }: { readonly state: string }) => ({ from: state, to: state });
    this.#replay = [
      ...[...backends].map(([name, backend]) => eventText("backend", name, staying(backend))),
      ...[...frontends].map(([name, frontend]) => eventText("frontend", name, staying(frontend))),
    ];
    const stream = watchEvents(api)(create(WatchRequest, {}), OPERATOR);
    if (stream instanceof MaglevError) throw stream;
    this.close = () => void stream.return!();
    void this.#read(stream);
  }

  async #read(stream: AsyncIterableIterator<Uint8Array>): Promise<void> {
    for await (const bytes of stream) this.#received.push(textOf(bytes));
  }

  /** The first difference from what it should have received by now. */
  compare(story: readonly string[]): string | undefined {
    for (const text of this.#received.splice(0)) {
      const isReplay = this.#replayed < this.#replay.length;
      const expected = isReplay ? this.#replay[this.#replayed++] : story[this.#at++];
      if (text !== expected) return `a subscriber received "${text}", not "${expected}"`;
    }
    const isWhole = this.#at === story.length && this.#replayed === this.#replay.length;
    if (!isWhole) return `a subscriber did not receive "${story[this.#at]}"`;
    this.#at = 0;
    return undefined;
  }
}

/** Texts of received events: all subscribers get the same bytes. */
const TEXTS = new WeakMap<Uint8Array, string>();

function textOf(bytes: Uint8Array): string {
  const known = TEXTS.get(bytes) ?? receivedText(decode(Event, bytes));
  TEXTS.set(bytes, known);
  return known;
}

function receivedText({ event }: Event): string {
  switch (event?.$case) {
    case "log": {
      const { level, msg, attributes } = event.value;
      return `log ${level} ${msg} ${
        attributes.map(({ key, value }) => `${key}=${value}`).join(" ")
      }`;
    }
    case "backend":
    case "frontend":
      return eventText(event.$case, event.value.name, event.value.transition!);
    case "policy":
      return policyText(event.value);
    default:
      return `an event of another kind: ${event?.$case}`;
  }
}

function eventText(
  kind: "backend" | "frontend",
  name: string,
  { from, to }: { readonly from: string; readonly to: string },
): string {
  return `${kind} ${name} ${from} -> ${to}`;
}

function policyText({ event, frontend = "", message }: {
  readonly event: string;
  readonly frontend?: string;
  readonly message: string;
}): string {
  return `${event} ${frontend}: ${message}`;
}

function recordText({ atMs, event, fields }: HistoryRecord): string {
  return `${atMs} ${event} ${fields.map(([key, value]) => `${key}=${value}`).join(" ")}`;
}

function textsOf(fields: LogFields): string {
  return Object.entries(fields).filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`).join(" ");
}
