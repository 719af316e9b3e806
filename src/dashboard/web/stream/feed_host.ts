/**
 * Shares one stream among all tabs of a browser: runs in the SharedWorker, or in the tab itself
 * where there is no SharedWorker. A tab that joins gets the events since its own state from a
 * buffer, so that nothing between its state and the running stream is lost.
 */
import type { Phase } from "./connection.ts";
import { Feed, type FeedPorts } from "./feed.ts";
import { parsePosition, type Position, type SseEvent } from "./sse.ts";

/** From a tab. */
export type ToHost =
  /** Follows the stream at `url` from `since` on, and shows the named maglevds. */
  | {
    readonly kind: "join";
    /** Higher than that of the tab's join before. */
    readonly number: number;
    readonly url: string;
    readonly since: Position;
    readonly shows: readonly string[];
  }
  | { readonly kind: "show"; readonly names: readonly string[] }
  | { readonly kind: "here" | "wake" | "retry" | "leave" };

/**
 * To a tab. `join` is the number of the join that is answered. A tab that has sent a newer one
 * ignores the message: its events would hide those that the newer join is about to bring.
 */
export type ToTab =
  | { readonly kind: "events"; readonly join: number; readonly events: readonly SseEvent[] }
  | { readonly kind: "phase"; readonly phase: Phase; readonly heardMs: number }
  /** What the tab has is too old: it loads the state and joins again. */
  | { readonly kind: "resync"; readonly join: number };

/** The part of a MessagePort that is used. */
export interface TabPort {
  postMessage(message: ToTab): void;
  onmessage: ((event: { readonly data: ToHost }) => void) | null;
}

/** Events that are kept for tabs that join. */
const MAX_EVENTS = 2000;
/** Characters of data that are kept. */
const MAX_CHARACTERS = 8_000_000;
/** A tab that was silent for this long is gone; hidden ones report once a minute. */
const GONE_MS = 180_000;
/** Tabs come and go in groups; the stream is reopened for what they show after this time. */
const SHOW_DELAY_TICKS = 1;

interface Tab {
  channel: Channel | undefined;
  shows: readonly string[];
  seenMs: number;
}

/** Serves tabs by their ports. */
export class FeedHost {
  readonly #ports: FeedPorts;
  readonly #tabs = new Map<TabPort, Tab>();
  readonly #channels = new Map<string, Channel>();
  readonly #stopTicks: () => void;

  constructor(ports: FeedPorts) {
    this.#ports = ports;
    this.#stopTicks = ports.every(1000, () => this.#tick());
  }

  /** Serves a tab. */
  connect(port: TabPort): void {
    const tab: Tab = { channel: undefined, shows: [], seenMs: this.#ports.nowMs() };
    this.#tabs.set(port, tab);
    port.onmessage = ({ data }) => {
      // A tab that was taken for gone, because it was frozen, is back.
      this.#tabs.set(port, tab);
      tab.seenMs = this.#ports.nowMs();
      this.#receive(port, tab, data);
    };
  }

  /** Ends all streams. Idempotent. */
  stop(): void {
    this.#stopTicks();
    for (const channel of this.#channels.values()) channel.stop();
    this.#channels.clear();
    this.#tabs.clear();
  }

  #receive(port: TabPort, tab: Tab, message: ToHost): void {
    switch (message.kind) {
      case "join": {
        const { url, shows } = message;
        tab.shows = shows;
        if (tab.channel !== undefined && tab.channel.url !== url) this.#leave(port, tab);
        let channel = this.#channels.get(url);
        if (channel === undefined) {
          channel = new Channel(url, this.#ports);
          channel.feed.show(shows);
          this.#channels.set(url, channel);
        } else channel.changeShows();
        tab.channel = channel;
        channel.join(port, message);
        return;
      }
      case "show":
        tab.shows = message.names;
        return tab.channel?.changeShows();
      case "wake":
        return tab.channel?.feed.wake();
      case "retry":
        return tab.channel?.feed.retry();
      case "leave":
        return this.#leave(port, tab);
      case "here":
        return;
    }
  }

  #leave(port: TabPort, tab: Tab): void {
    this.#tabs.delete(port);
    const { channel } = tab;
    if (channel === undefined) return;
    tab.channel = undefined;
    channel.tabs.delete(port);
    channel.changeShows();
    if (channel.tabs.size > 0) return;
    channel.stop();
    this.#channels.delete(channel.url);
  }

  #tick(): void {
    const nowMs = this.#ports.nowMs();
    for (const [port, tab] of this.#tabs) {
      if (nowMs - tab.seenMs > GONE_MS) this.#leave(port, tab);
    }
    for (const channel of this.#channels.values()) {
      const shows = [...this.#tabs.values()]
        .flatMap((tab) => tab.channel === channel ? tab.shows : []);
      channel.tick(shows);
    }
  }
}

/** The stream at one URL, with its tabs and its buffer. */
class Channel {
  readonly url: string;
  readonly feed: Feed;
  /** Each tab with the number of its last join. */
  readonly tabs = new Map<TabPort, number>();
  #buffer: { readonly event: SseEvent; readonly position: Position }[] = [];
  #characters = 0;
  /** The buffer has everything after it; undefined: everything that comes from now on. */
  #from: Position | undefined;
  #showTicks = SHOW_DELAY_TICKS;

  constructor(url: string, ports: FeedPorts) {
    this.url = url;
    this.feed = new Feed(url, ports, {
      events: (events) => this.#take(events),
      phase: (phase, heardMs) => {
        for (const port of this.tabs.keys()) port.postMessage({ kind: "phase", phase, heardMs });
      },
    });
  }

  join(
    port: TabPort,
    { number: join, since }: { readonly number: number; readonly since: Position },
  ): void {
    this.tabs.set(port, join);
    const { position } = this.feed;
    if (position === undefined || position.epoch !== since.epoch) {
      // The tab has just loaded its state, so its epoch is the newer one.
      this.#forget(since);
      this.feed.start(since);
    } else if (this.#from !== undefined && since.seq < this.#from.seq) {
      port.postMessage({ kind: "resync", join });
    } else {
      const missed = this.#buffer.filter(({ position }) => position.seq > since.seq);
      const events = missed.map(({ event }) => event);
      if (events.length > 0) port.postMessage({ kind: "events", join, events });
    }
    port.postMessage({ kind: "phase", phase: this.feed.phase, heardMs: this.feed.heardMs });
  }

  /** The tabs show other maglevds than before. */
  changeShows(): void {
    this.#showTicks = 0;
  }

  tick(shows: readonly string[]): void {
    if (this.#showTicks++ === SHOW_DELAY_TICKS) this.feed.show([...new Set(shows)].sort());
  }

  stop(): void {
    this.feed.stop();
  }

  #forget(from: Position | undefined): void {
    this.#buffer = [];
    this.#characters = 0;
    this.#from = from;
  }

  #take(events: readonly SseEvent[]): void {
    for (const event of events) {
      if (event.type === "resync") {
        // A tab whose state is older misses what no one got.
        this.#forget(parsePosition(event.id));
        continue;
      }
      const position = parsePosition(event.id);
      if (position === undefined) continue;
      if (this.#from?.epoch !== position.epoch) {
        this.#forget({ epoch: position.epoch, seq: position.seq - 1 });
      }
      this.#buffer.push({ event, position });
      this.#characters += event.data.length;
    }
    while (this.#buffer.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS) {
      const { event, position } = this.#buffer.shift()!;
      this.#characters -= event.data.length;
      this.#from = position;
    }
    for (const [port, join] of this.tabs) port.postMessage({ kind: "events", join, events });
  }
}
