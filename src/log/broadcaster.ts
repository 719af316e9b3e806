/**
 * Passes records to subscribers, whose level may be lower than the daemon's own (a WatchEvents
 * client at debug). It never waits for a subscriber: each has a bounded queue and a loss count.
 */
import { BoundedQueue } from "../async/bounded_queue.ts";
import type { LogLevel } from "../base/ports.ts";
import { LEVEL_RANK, type LogRecord } from "./record.ts";

/** Records a subscriber may have waiting. */
export const SUBSCRIBER_CAPACITY = 1000;

/** One subscription. Read with take(); `onReady` is called when the empty queue gets a record. */
export interface LogSubscription {
  readonly level: LogLevel;
  /** The waiting records, oldest first, and how many were lost since the last take(). */
  take(): { readonly records: readonly LogRecord[]; readonly dropped: number };
  close(): void;
}

interface Subscriber {
  readonly rank: number;
  readonly queue: BoundedQueue<LogRecord>;
  readonly onReady: () => void;
}

export class LogBroadcaster {
  #subscribers = new Set<Subscriber>();
  #lowestRank = Infinity;

  /** Lowest rank that any subscriber takes; Infinity without subscribers. */
  get lowestRank(): number {
    return this.#lowestRank;
  }

  /** Subscribes at `level`. `onReady` must not throw; it is called at most once per take(). */
  subscribe(level: LogLevel, onReady: () => void): LogSubscription {
    const subscriber: Subscriber = {
      rank: LEVEL_RANK[level],
      queue: new BoundedQueue<LogRecord>(SUBSCRIBER_CAPACITY),
      onReady,
    };
    this.#subscribers.add(subscriber);
    this.#update();
    return {
      level,
      take: () => {
        const records: LogRecord[] = [];
        for (
          let record = subscriber.queue.shift();
          record !== undefined;
          record = subscriber.queue.shift()
        ) records.push(record);
        return { records, dropped: subscriber.queue.takeDropped() };
      },
      close: () => {
        this.#subscribers.delete(subscriber);
        this.#update();
      },
    };
  }

  publish(record: LogRecord): void {
    const rank = LEVEL_RANK[record.level];
    for (const subscriber of this.#subscribers) {
      if (rank < subscriber.rank) continue;
      const wasEmpty = subscriber.queue.size === 0;
      subscriber.queue.push(record);
      if (wasEmpty) subscriber.onReady();
    }
  }

  #update(): void {
    this.#lowestRank = Math.min(Infinity, ...[...this.#subscribers].map(({ rank }) => rank));
  }
}
