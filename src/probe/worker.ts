/**
 * Entry of a probe worker: the scheduler and the probers in a thread of their own, so that
 * nothing the main thread does can delay a probe. Holds no decisions: commands in, results out.
 *
 * A worker that is to enter a network namespace will do so here, first of all, before it opens a
 * socket.
 */
import { unreachable } from "../base/assert.ts";
import type { Clock } from "../base/ports.ts";
import { probeOf } from "./probers.ts";
import { ResultPort } from "./result_port.ts";
import { Scheduler } from "./scheduler.ts";
import type { Command, FromWorker, ToWorker } from "./worker_protocol.ts";

/** The worker's own clocks: this file is the root of what runs in its thread. */
const clock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, fn) {
    const id = setTimeout(fn, Math.min(delayMs, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(id) };
  },
};

const results = new ResultPort({ clock, post });

const scheduler = new Scheduler({
  clock,
  prng: Math.random,
  prober: probeOf,
  onProbe: (report) => results.add(report),
  onVoid: (report) => post({ kind: "void", report }),
});

self.onmessage = ({ data }: MessageEvent<ToWorker>) => obey(data);

function obey(message: ToWorker): void {
  switch (message.kind) {
    case "commands":
      for (const command of message.commands) run(command);
      return;
    case "ping":
      return post({ kind: "pong", seq: message.seq });
    case "stats":
      return post({ kind: "stats", seq: message.seq, stats: scheduler.stats() });
    case "close":
      scheduler.close();
      results.flush();
      post({ kind: "closed" });
      return self.close();
    default:
      unreachable(message);
  }
}

function run(command: Command): void {
  switch (command.kind) {
    case "start":
      return scheduler.start(command.target);
    case "readdress":
      return scheduler.readdress(command.id, command.address);
    case "stop":
      return scheduler.stop(command.id);
    default:
      unreachable(command);
  }
}

function post(message: FromWorker): void {
  self.postMessage(message);
}
