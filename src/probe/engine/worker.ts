/**
 * Entry of a probe worker. Runs the scheduler and the probers in a thread of their own, so that
 * the main thread cannot delay a probe. Commands come in and results go out; decisions are
 * elsewhere.
 *
 * A worker for a network namespace gets `enter` as its first message. Only the socket of its echo
 * is opened before it, because loopback may be down in a namespace.
 */
import { unreachable } from "../../base/assert.ts";
import type { MonotonicMs, WallMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import { LoopbackEcho } from "./echo.ts";
import { Isolation, type IsolationSpec } from "../isolation/isolation.ts";
import { EncapProber } from "../encap/encap.ts";
import { IcmpProber } from "../icmp/icmp.ts";
import { Namespace } from "../net/namespace.ts";
import { namespaceCalls } from "../net/namespace_calls.ts";
import { wordsOf } from "../os_errors.ts";
import { UdpSockets } from "../udp/sockets.ts";
import { newController, type Probe, type ProbeSpec } from "../prober.ts";
import { probeOf } from "../probers.ts";
import { ResultPort } from "./result_batch.ts";
import { Scheduler } from "./scheduler.ts";
import { withSecondLook } from "./second_look.ts";
import { collectAfterStart } from "../../system/garbage.ts";
import { closeThreadShim, openThreadShim } from "../net/thread_shim.ts";
import { type Command, commandsOf, type FromWorker, type ToWorker } from "./worker_protocol.ts";

/** The clocks of this thread: this file is the root of the code that runs in it. */
const clock: Clock = {
  monotonicMs: () => performance.now() as MonotonicMs,
  wallMs: () => Date.now() as WallMs,
  after(delayMs, fn) {
    const id = setTimeout(fn, Math.min(delayMs, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(id) };
  },
};

const icmp = new IcmpProber();
collectAfterStart(clock);
const udp = new UdpSockets();
const encap = new EncapProber(clock);
let namespace: Namespace | undefined;
const results = new ResultPort({ clock, post });

let isolation: Isolation | undefined;
let tracing = false;

/** Messages received while the echo is being opened; undefined afterwards. */
let inbox: ToWorker[] | undefined = [];
self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (inbox === undefined) obey(data);
  else inbox.push(data);
};

/** Timeout of the echo's connection: where loopback drops packets it would never complete. */
const ECHO_OPEN_MS = 1000;

const timeout = newController();
const opening = clock.after(ECHO_OPEN_MS, () => timeout.abort());
const echo = await LoopbackEcho.open(timeout.signal).catch((error) => {
  post({ kind: "no-echo", reason: wordsOf(error) });
  return undefined;
});
opening.cancel();

const scheduler = new Scheduler({
  clock,
  echo,
  onEchoLost: () => post({ kind: "no-echo", reason: "an echo did not come back" }),
  prng: Math.random,
  prober,
  onProbe: (report) => results.add(report),
  onVoid: (report) => post({ kind: "void", report }),
  onStart: (id, generation) => tracing ? post({ kind: "started", id, generation }) : undefined,
});

for (let message = inbox.shift(); message !== undefined; message = inbox.shift()) obey(message);
inbox = undefined;

function obey(message: ToWorker): void {
  switch (message.kind) {
    case "enter":
      return enter(message.netns);
    case "isolation":
      return isolate(message);
    case "commands":
      for (const command of commandsOf(message)) run(command);
      return;
    case "trace":
      tracing = message.on;
      return;
    case "ping":
      return post({ kind: "pong", seq: message.seq });
    case "stats":
      return post({ kind: "stats", seq: message.seq, stats: scheduler.stats() });
    case "close":
      return void close();
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

function isolate(
  { spec, settings }: { readonly spec: IsolationSpec | undefined; readonly settings: number },
): void {
  isolation?.close();
  isolation = spec && new Isolation({
    spec,
    clock,
    prober,
    onNews: (news) => post({ kind: "isolation", news, settings }),
  });
  scheduler.isolation = isolation;
}

/** Enters a namespace. From now on probes run inside it, or are void with the reason. */
function enter(name: string): void {
  namespace = new Namespace({
    name,
    clock,
    calls: namespaceCalls(openThreadShim),
    onLeft: (reason) => void Promise.all([icmp, udp, encap].map((it) => it.reset(reason))),
    onNews: (news) => post({ kind: "namespace", news }),
  });
}

function prober(spec: ProbeSpec): Probe {
  return withSecondLook(probeOf(spec, { icmp: icmp.prober, udp, encap: encap.prober }), {
    spec,
    namespace,
  });
}

async function close(): Promise<void> {
  scheduler.close();
  isolation?.close();
  results.flush();
  namespace?.close();
  echo?.close();
  await icmp.close();
  await udp.reset("the prober is being closed");
  await encap.close();
  closeThreadShim();
  post({ kind: "closed" });
  self.close();
}

function post(message: FromWorker): void {
  self.postMessage(message);
}
