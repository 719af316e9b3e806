/** Counts subscriptions to the log and to events, to show that none of them stays. */
import { LogBroadcaster, type LogSubscription } from "../../../src/log/broadcaster.ts";
import type { LogLevel } from "../../../src/base/ports.ts";
import type { CheckerEvent } from "../../../src/checker/ports.ts";

/** A broadcaster that counts. */
export class CountedBroadcaster extends LogBroadcaster {
  /** Subscriptions that are not closed. */
  subscriptions = 0;

  override subscribe(level: LogLevel, onReady: () => void): LogSubscription {
    const subscription = super.subscribe(level, onReady);
    this.subscriptions++;
    const leave = once(() => this.subscriptions--);
    return {
      level,
      take: () => subscription.take(),
      close() {
        leave();
        subscription.close();
      },
    };
  }
}

interface Subscribed {
  subscribe(listener: (event: CheckerEvent) => void): () => void;
}

/** Counts those to the events of a checker from now on; the result returns their number. */
export function countSubscriptions(checker: Subscribed): () => number {
  let count = 0;
  const subscribe = checker.subscribe.bind(checker);
  checker.subscribe = (listener) => {
    const unsubscribe = subscribe(listener);
    count++;
    const leave = once(() => count--);
    return () => {
      leave();
      unsubscribe();
    };
  };
  return () => count;
}

function once(fn: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    fn();
  };
}
