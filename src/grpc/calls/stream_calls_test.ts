import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { MaglevError } from "../../base/errors.ts";
import { ActiveCalls } from "./active_calls.ts";
import type { CallEnvironment, Parsed } from "./calls.ts";
import type { ServerReflectionRequest } from "../gen/reflection.ts";
import { ServerReflection } from "../messages/standard.ts";
import { METHODS } from "./methods.ts";
import { reflect } from "../server/reflection.ts";
import { RefusedActions } from "./refused_actions.ts";
import { STATUS } from "../status.ts";
import { bidiStream } from "./stream_calls.ts";
import { TimeSlices } from "../../async/time_slices.ts";

/** A bidirectional stream, with the parts that the handler uses; `written` are unread answers. */
class FakeDuplex extends EventEmitter {
  readonly metadata = new grpc.Metadata();
  readonly written: (() => void)[] = [];
  readonly ended: number[] = [];
  paused = false;

  constructor() {
    super();
    this.on("error", ({ code }) => this.ended.push(code));
  }

  getPeer(): string {
    return "a";
  }
  write(_: Uint8Array, done: () => void): boolean {
    this.written.push(done);
    return true;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  end(): void {
    this.ended.push(STATUS.OK);
  }
}

const LIST: Parsed<ServerReflectionRequest> = {
  ok: true,
  message: { host: "", messageRequest: { $case: "listServices", value: "" } },
};

function setUp(perConnection = 1000) {
  const info = ServerReflection.ServerReflectionInfo;
  const active = new ActiveCalls({ perConnection, total: 10_000, untrusted: 10_000 });
  const environment: CallEnvironment = {
    policy: () => ({ tokens: undefined, clientCertificates: false, anonymousRole: "viewer" }),
    peer: () => ({ text: "192.0.2.1:1", local: false, certificate: undefined }),
    active,
    refusedActions: new RefusedActions(new FakeClock(), new RecordingLogger()),
    slices: new TimeSlices(new FakeClock()),
    clock: new FakeClock(),
    logger: new RecordingLogger(),
  };
  const handle = bidiStream({ ...METHODS.get(info.path)!, info }, reflect, environment);
  const begin = () => {
    const call = new FakeDuplex();
    handle(call as unknown as Parameters<typeof handle>[0]);
    return call;
  };
  return { active, begin };
}

Deno.test("bidiStream() reads the next request when the last answer has been read", () => {
  const { begin } = setUp();
  const call = begin();
  for (let i = 0; i < 20; i++) {
    call.emit("data", LIST);
    assert.deepEqual([call.paused, call.written.length], [true, 1]);
    call.written.shift()!();
    assert.equal(call.paused, false);
  }
  call.emit("end");
  assert.deepEqual(call.ended, [STATUS.OK], "what was read holds no room");
});

Deno.test("bidiStream() bounds unread answers over all streams of a connection", () => {
  const { begin } = setUp(300);
  const calls = Array.from({ length: 5 }, begin);
  for (const call of calls) call.emit("data", LIST);
  const refused = calls.filter(({ ended }) => ended.length > 0);
  assert.ok(refused.length > 0 && refused.length < 5, `${refused.length} of 5`);
  for (const { ended } of refused) assert.deepEqual(ended, [STATUS.RESOURCE_EXHAUSTED]);
  for (const call of calls) call.emit("cancelled");
  const after = begin();
  after.emit("data", LIST);
  assert.deepEqual([after.ended, after.written.length], [[], 1], "all room is free again");
});

Deno.test("bidiStream() gives untrusted callers sixteen places, and frees them at the end of a stream", () => {
  const { begin, active } = setUp();
  const calls = Array.from({ length: 16 }, begin);
  assert.deepEqual(begin().ended, [STATUS.RESOURCE_EXHAUSTED]);
  calls[0]!.emit("cancelled");
  calls[0]!.emit("close");
  assert.deepEqual(begin().ended, []);
  assert.deepEqual(begin().ended, [STATUS.RESOURCE_EXHAUSTED], "a place is given back once");
  active.stop();
  assert.deepEqual(calls[1]!.ended, [STATUS.UNAVAILABLE]);
});

Deno.test("bidiStream() answers nothing after an invalid message", () => {
  const call = setUp().begin();
  const error = new MaglevError("invalid-argument", "no message");
  call.emit("data", { ok: false, error });
  call.emit("data", LIST);
  assert.deepEqual([call.ended, call.written.length], [[STATUS.INVALID_ARGUMENT], 0]);
});
