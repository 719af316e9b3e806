import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { ARRIVAL_MS, CallWatch, MAX_ARRIVING } from "./interceptors.ts";
import type { GrpcObserver } from "./daemon_api.ts";
import { STATUS } from "../status.ts";

type InnerCall = ConstructorParameters<typeof grpc.ServerInterceptingCall>[0];
type Status = Parameters<InnerCall["sendStatus"]>[0];

/** A call of the library, with the parts that the watch uses. */
class FakeCall implements InnerCall {
  readonly statuses: Status[] = [];
  closed = false;
  deadline = Infinity;
  /** A private part of the library. */
  readonly stream = { close: () => this.closed = true };
  listener: Parameters<InnerCall["start"]>[0] | undefined;

  start(listener: Parameters<InnerCall["start"]>[0]): void {
    this.listener = listener;
  }
  sendMetadata(): void {}
  sendMessage(_: unknown, callback: () => void): void {
    callback();
  }
  sendStatus(status: Status): void {
    this.statuses.push(status);
  }
  startRead(): void {}
  getPeer(): string {
    return "";
  }
  getDeadline(): number {
    return this.deadline;
  }
  getHost(): string {
    return "";
  }
  getAuthContext(): ReturnType<InnerCall["getAuthContext"]> {
    return {};
  }
  getConnectionInfo(): ReturnType<InnerCall["getConnectionInfo"]> {
    return {};
  }
  getMetricsRecorder(): ReturnType<InnerCall["getMetricsRecorder"]> {
    throw new Error("not asked for");
  }

  get codes(): (number | undefined)[] {
    return this.statuses.map(({ code }) => code ?? undefined);
  }
}

function setUp() {
  const clock = new FakeClock();
  const told: string[] = [];
  const observer: GrpcObserver = {
    started: ({ name }) => told.push(`started ${name}`),
    handled: ({ name }, code, seconds) => told.push(`handled ${name} ${code} ${seconds}`),
    received: ({ name }) => told.push(`received ${name}`),
    sent: ({ name }) => told.push(`sent ${name}`),
  };
  const watch = new CallWatch(observer, clock);
  const begin = (path: string) => {
    const inner = new FakeCall();
    const descriptor = { path } as Parameters<grpc.ServerInterceptor>[0];
    const outer = watch.interceptor(descriptor, inner);
    const heard: string[] = [];
    outer.start({
      onReceiveMetadata: () => heard.push("metadata"),
      onReceiveMessage: () => heard.push("message"),
      onReceiveHalfClose: () => heard.push("end"),
      onCancel: () => heard.push("cancel"),
    });
    return { inner, outer, heard, from: inner.listener! };
  };
  return { clock, told, watch, begin };
}

const GET = "/maglev.Maglev/GetBackend";
const REFLECT = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

Deno.test("CallWatch counts a call from its start to its only end, whichever side ends it", () => {
  const { clock, told, begin, watch } = setUp();
  const { outer, from, heard } = begin(GET);
  from.onReceiveMetadata(new grpc.Metadata());
  from.onReceiveMessage({});
  from.onReceiveHalfClose();
  clock.advance(1500);
  outer.sendMessage({}, () => {});
  outer.sendStatus({ code: STATUS.NOT_FOUND, details: "" });
  // The library emits it at the end of every call.
  from.onCancel();
  assert.deepEqual(heard, ["metadata", "message", "end", "cancel"]);
  assert.deepEqual(told.splice(0), [
    "started GetBackend",
    "received GetBackend",
    "sent GetBackend",
    "handled GetBackend NotFound 1.5",
  ]);
  begin(GET).from.onCancel();
  assert.deepEqual(told.splice(0), ["started GetBackend", "handled GetBackend Canceled 0"]);
  // As at an expired deadline: the library ends the inner call.
  begin(GET).inner.sendStatus({ code: STATUS.DEADLINE_EXCEEDED, details: "" });
  assert.deepEqual(told.splice(0), ["started GetBackend", "handled GetBackend DeadlineExceeded 0"]);
  begin("/maglev.Maglev/Unheard");
  assert.deepEqual(told, [], "what is not served is nobody's to count");
  watch.close();
});

Deno.test("CallWatch ends and closes a call whose request does not arrive in full", () => {
  const { clock, begin } = setUp();
  const silent = begin(GET);
  const half = begin(GET);
  half.from.onReceiveMessage({});
  const whole = begin(GET);
  whole.from.onReceiveMessage({});
  whole.from.onReceiveHalfClose();
  const talk = begin(REFLECT);
  talk.from.onReceiveMessage({});
  clock.advance(ARRIVAL_MS - 1);
  assert.deepEqual([silent, half].map(({ inner }) => inner.codes), [[], []]);
  clock.advance(10_000);
  for (const { inner } of [silent, half]) {
    assert.deepEqual(inner.codes, [STATUS.DEADLINE_EXCEEDED]);
    assert.ok(inner.closed, "what is still to come is not waited for");
    assert.equal(inner.statuses[0]!.details, "no request within 30 s");
  }
  for (const { inner } of [whole, talk]) assert.deepEqual([inner.codes, inner.closed], [[], false]);
  assert.equal(clock.timers, 0, "nothing left to look at, no timer");
});

Deno.test("CallWatch ends the oldest of too many calls without requests", () => {
  const { begin, watch, clock } = setUp();
  const arrived = begin(GET);
  arrived.from.onReceiveHalfClose();
  const calls = Array.from({ length: MAX_ARRIVING }, () => begin(GET));
  assert.ok(calls.every(({ inner }) => inner.codes.length === 0));
  begin(GET);
  assert.deepEqual(calls[0]!.inner.codes, [STATUS.RESOURCE_EXHAUSTED]);
  assert.ok(calls[0]!.inner.closed);
  assert.deepEqual(calls[1]!.inner.codes, []);
  calls[1]!.from.onCancel();
  begin(GET);
  assert.deepEqual(calls[2]!.inner.codes, [], "one that ended has made room");
  assert.deepEqual(arrived.inner.codes, []);
  watch.close();
  assert.equal(clock.timers, 0);
});

Deno.test("CallWatch removes a deadline that overflowed 32 bits, and no other", () => {
  const { clock, watch } = setUp();
  let fired = 0;
  const timers: ReturnType<typeof setTimeout>[] = [];
  const begin = (deadline: number) => {
    const timer = setTimeout(() => fired++, 60_000);
    timers.push(timer);
    const inner = Object.assign(new FakeCall(), { deadline, deadlineTimer: timer });
    const descriptor = { path: GET } as Parameters<grpc.ServerInterceptor>[0];
    watch.interceptor(descriptor, inner);
    return timer;
  };
  const cleared: unknown[] = [];
  const { clearTimeout: clear } = globalThis;
  globalThis.clearTimeout = (timer) => {
    cleared.push(timer);
    clear(timer);
  };
  try {
    const now = clock.wallMs();
    const far = begin(now - 1_702_967_296);
    begin(now);
    begin(now - 5);
    begin(now + 1000);
    begin(Infinity);
    assert.deepEqual(cleared, [far]);
  } finally {
    globalThis.clearTimeout = clear;
    for (const timer of timers) clear(timer);
    watch.close();
  }
  assert.equal(fired, 0);
});
