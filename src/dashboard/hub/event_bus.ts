/**
 * Numbers events, keeps the newest, and hands each to all subscribers: encoded once per audience,
 * whatever the number of browsers.
 */
import type { Clock, Timer } from "../../base/ports.ts";
import type { Audience, SentEvent, SubscribeOptions } from "../ports.ts";
import { type DashboardEvent, REPLAYED } from "../protocol.ts";
import { eventFor } from "./model/audience.ts";
import { EventRing, type RingBounds } from "./model/ring.ts";
import { eventBytes } from "./model/sse.ts";

/** What clients that come back can still get. */
const RING: RingBounds = { ageMs: 30_000, events: 2000, bytes: 16 * 1024 * 1024 };
/** More is not replayed: the state is shared and compressed, and a stream takes no more at once. */
const MAX_REPLAY_BYTES = 2 * 1024 * 1024;
/** A larger event is not sent: clients load the state again, which is compressed and shared. */
const MAX_EVENT_BYTES = 1024 * 1024;
/** Clients load the state again at most this often, in milliseconds, whatever a maglevd reports. */
const RESYNC_MS = 5000;

/** The dashboard's wall clock was set when it moves away from the steady one by more. */
const CLOCK_MOVED_MS = 1000;

const IS_REPLAYED: ReadonlySet<string> = new Set(REPLAYED);

/** An event as each audience gets it; the same object where nothing is hidden. */
type Encoded = Readonly<Record<Audience, SentEvent>>;

interface Subscriber {
  readonly audience: Audience;
  readonly listener: (sent: SentEvent) => void;
}

export interface EventBusOptions {
  readonly epoch: string;
  readonly clock: Clock;
}

export class EventBus {
  readonly #options: EventBusOptions;
  readonly #ring = new EventRing<Encoded>(RING);
  readonly #subscribers = new Set<Subscriber>();
  #seq = 0;
  /** The wall clock minus the steady one, at the last event. */
  #clockMs: number | undefined;
  #resyncedMs = -Infinity;
  #resyncing: Timer | undefined;

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  /** Number of the last event; 0: none yet. */
  get seq(): number {
    return this.#seq;
  }

  /** True while there is a subscriber. */
  get isHeard(): boolean {
    return this.#subscribers.size > 0;
  }

  /** Sends an event to all. */
  emit(event: DashboardEvent): void {
    this.#watchClock();
    if (!IS_REPLAYED.has(event.type)) {
      // Nobody can get it later, so it is made for those who are here.
      if (this.#subscribers.size > 0) this.#send(this.#encode(event, undefined));
      return;
    }
    const seq = ++this.#seq;
    const encoded = this.#encode(event, seq);
    const bytes = encoded.operator.bytes.length +
      (encoded.viewer === encoded.operator ? 0 : encoded.viewer.bytes.length);
    if (bytes > MAX_EVENT_BYTES) {
      // Those who come back must not miss it either: they find the ring empty.
      this.#ring.clear();
      return this.#resyncAll();
    }
    this.#ring.push(encoded, { seq, atMs: this.#options.clock.monotonicMs(), bytes });
    this.#send(encoded);
  }

  /** All ages on pages come from this clock, and a state brings it. */
  #watchClock(): void {
    const { clock } = this.#options;
    const clockMs = clock.wallMs() - clock.monotonicMs();
    if (Math.abs(clockMs - (this.#clockMs ?? clockMs)) > CLOCK_MOVED_MS) this.#resyncAll();
    this.#clockMs = clockMs;
  }

  /** See Hub.subscribe(). */
  subscribe({ audience, since, listener }: SubscribeOptions): () => void {
    const subscriber = { audience, listener };
    this.#subscribers.add(subscriber);
    for (const encoded of this.#missed(since, audience)) deliver(subscriber, encoded);
    return () => void this.#subscribers.delete(subscriber);
  }

  /** Forgets subscribers and events. */
  close(): void {
    this.#resyncing?.cancel();
    this.#subscribers.clear();
    this.#ring.clear();
  }

  #missed(since: SubscribeOptions["since"], audience: Audience): readonly Encoded[] {
    if (since === undefined) return [];
    this.#ring.expire(this.#options.clock.monotonicMs());
    const missed = since.epoch === this.#options.epoch
      ? this.#ring.after(since.seq, this.#seq)
      : undefined;
    const bytes = (missed ?? []).reduce((sum, sent) => sum + sent[audience].bytes.length, 0);
    return missed === undefined || bytes > MAX_REPLAY_BYTES ? [this.#resync()] : missed;
  }

  #resyncAll(): void {
    if (this.#resyncing !== undefined) return;
    const { clock } = this.#options;
    const waitMs = this.#resyncedMs + RESYNC_MS - clock.monotonicMs();
    this.#resyncing = clock.after(Math.max(0, waitMs), () => {
      this.#resyncing = undefined;
      this.#resyncedMs = clock.monotonicMs();
      this.#send(this.#resync());
    });
  }

  /** It has the position from which on everything comes. */
  #resync(): Encoded {
    return this.#encode({ type: "resync", t_ms: this.#options.clock.wallMs() }, this.#seq);
  }

  #encode(event: DashboardEvent, seq: number | undefined): Encoded {
    const { epoch } = this.#options;
    const operator = { event, seq, bytes: eventBytes(event, { epoch, seq }) };
    const shown = eventFor(event, "viewer");
    if (shown === event) return { viewer: operator, operator };
    return { viewer: { event: shown, seq, bytes: eventBytes(shown, { epoch, seq }) }, operator };
  }

  #send(encoded: Encoded): void {
    // A copy, because a listener may end its own subscription, or another's.
    for (const subscriber of [...this.#subscribers]) {
      if (this.#subscribers.has(subscriber)) deliver(subscriber, encoded);
    }
  }
}

function deliver({ audience, listener }: Subscriber, encoded: Encoded): void {
  listener(encoded[audience]);
}
