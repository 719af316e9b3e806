/** A fake thread of a probe worker: a test sends its messages and reads those it received. */
import type { WorkerThread } from "../../../src/probe/engine/worker_handle.ts";
import type { FromWorker, ToWorker } from "../../../src/probe/engine/worker_protocol.ts";

/** Answers pings and the farewell, unless `answers` is false. */
export class FakeThread implements WorkerThread {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  onmessageerror: ((event: MessageEvent) => void) | null = null;
  readonly heard: ToWorker[] = [];
  terminated = false;
  answers = true;

  postMessage(message: ToWorker): void {
    this.heard.push(message);
    if (!this.answers) return;
    if (message.kind === "ping") this.say({ kind: "pong", seq: message.seq });
    if (message.kind === "close") this.say({ kind: "closed" });
  }

  terminate(): void {
    this.terminated = true;
  }

  say(data: FromWorker): void {
    this.onmessage?.(new MessageEvent("message", { data }));
  }

  die(message: string): ErrorEvent {
    const event = new ErrorEvent("error", { message, cancelable: true });
    this.onerror?.(event);
    return event;
  }
}
