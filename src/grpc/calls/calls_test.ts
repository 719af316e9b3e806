import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { MaglevError } from "../../base/errors.ts";
import { ActiveCalls } from "./active_calls.ts";
import {
  action,
  type ActionHandler,
  type CallEnvironment,
  type Handler,
  type Parsed,
  unary,
} from "./calls.ts";
import { BackendInfo, type BackendRequest } from "../gen/maglev.ts";
import { create } from "../messages/codec.ts";
import { Maglev } from "../messages/maglev.ts";
import { METHODS } from "./methods.ts";
import type { MethodInfo } from "../messages/methods.ts";
import { MAX_RECORDS_OF_PEER, RefusedActions } from "./refused_actions.ts";
import { STATUS } from "../status.ts";
import { SLICE_MS, TimeSlices } from "../../async/time_slices.ts";

const REQUEST: BackendRequest = {
  name: "b0",
  reason: "why",
  end: undefined,
  begin: undefined,
  scope: "",
  force: false,
  plans: [],
};
const INFO = create(BackendInfo);

function served<Req, Res>(info: MethodInfo<Req, Res>) {
  return { ...METHODS.get(info.path)!, info };
}

function setUp(options: { role?: "viewer" | "operator"; trusted?: boolean } = {}) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const active = new ActiveCalls({ perConnection: 100, total: 250, untrusted: 150 });
  const { role = "operator", trusted = true } = options;
  const environment: CallEnvironment = {
    policy: () => ({ tokens: undefined, clientCertificates: false, anonymousRole: role }),
    peer: () => ({
      text: "192.0.2.1:1",
      local: trusted && role === "operator",
      certificate: undefined,
    }),
    active,
    refusedActions: new RefusedActions(clock, logger),
    slices: new TimeSlices(clock),
    clock,
    logger,
  };
  /** Calls, and returns the answers; `call.emit("cancelled")` ends the call. */
  const callOf = <Req>(
    handle: grpc.handleUnaryCall<Parsed<Req>, Uint8Array>,
    request: Parsed<Req>,
    connection = "a",
  ) => {
    const call = Object.assign(new EventEmitter(), {
      request,
      metadata: new grpc.Metadata(),
      getPeer: () => connection,
    });
    const answers: (number | "OK")[] = [];
    const details: string[] = [];
    handle(call as unknown as grpc.ServerUnaryCall<Parsed<Req>, Uint8Array>, (error) => {
      answers.push(error === null ? "OK" : error.code ?? -1);
      details.push(error?.details ?? "");
    });
    return { call, answers, details };
  };
  return { clock, logger, active, environment, callOf };
}

const OK = { ok: true, message: REQUEST } as const;

Deno.test("unary() bounds unread answers, and frees them at the end of the call", () => {
  const { environment, callOf } = setUp();
  const info: BackendInfo = { ...INFO, name: "x".repeat(60) };
  const handler: Handler<unknown, BackendInfo> = () => info;
  const handle = unary(served(Maglev.GetBackend), handler, environment);
  const ask = (connection?: string) =>
    callOf(handle, { ok: true, message: { name: "" } }, connection);
  const first = ask();
  assert.deepEqual(first.answers, ["OK"]);
  const second = ask();
  assert.deepEqual(second.answers, [STATUS.RESOURCE_EXHAUSTED]);
  assert.match(second.details[0]!, /too many unread answers/);
  assert.deepEqual(ask("b").answers, ["OK"], "another connection has its own");
  first.call.emit("cancelled");
  assert.deepEqual(ask().answers, ["OK"]);
});

Deno.test("unary() logs the details of a bug, and answers only that there was one", async () => {
  const { environment, callOf, logger } = setUp();
  const wrong: Handler<unknown, BackendInfo>[] = [
    () => {
      throw new TypeError("the password is sesame");
    },
    () => Promise.reject(new TypeError("the password is sesame")),
  ];
  for (const handler of wrong) {
    const handle = unary(served(Maglev.GetBackend), handler, environment);
    const { answers, details } = callOf(handle, { ok: true, message: { name: "" } });
    await new Promise((resolve) => setTimeout(resolve));
    assert.deepEqual(answers, [STATUS.INTERNAL]);
    assert.deepEqual(details, ["cannot answer GetBackend: a bug in maglevd; see its log"]);
  }
  assert.deepEqual(logger.of("grpc-error").map(({ method, err }) => [method, err]), [
    ["GetBackend", "the password is sesame"],
    ["GetBackend", "the password is sesame"],
  ]);
});

Deno.test("unary() answers UNAVAILABLE once the daemon stops, also to calls under way, and only once", async () => {
  const { environment, callOf, active } = setUp();
  const late = Promise.withResolvers<BackendInfo>();
  const handle = unary(served(Maglev.GetBackend), () => late.promise, environment);
  const under = callOf(handle, { ok: true, message: { name: "" } });
  active.stop();
  late.resolve(INFO);
  await late.promise;
  const after = callOf(handle, { ok: true, message: { name: "" } });
  await new Promise((resolve) => setTimeout(resolve));
  for (const { answers, details } of [under, after]) {
    assert.deepEqual(answers, [STATUS.UNAVAILABLE]);
    assert.deepEqual(details, ["maglevd is stopping"]);
  }
});

function pausing(
  run: ActionHandler<BackendRequest, BackendInfo>["run"],
): ActionHandler<BackendRequest, BackendInfo> {
  return {
    argumentsOf: ({ name }) => ({ backend: name }),
    reasonOf: ({ reason }) => reason,
    valueOf: () => "up",
    run,
  };
}

Deno.test("action() leaves exactly one record for each call, with the values before and after", async () => {
  const invalid = new MaglevError("invalid-argument", "no message");
  const cases: [
    name: string,
    run: ActionHandler<BackendRequest, BackendInfo>["run"],
    request: Parsed<BackendRequest>,
    role: "viewer" | "operator",
    record: [result: unknown, reason: unknown, before: unknown, after: unknown],
  ][] = [
    [
      "done",
      () => Promise.resolve({ answer: INFO, before: "up", after: "paused" }),
      OK,
      "operator",
      ["ok", "why", "up", "paused"],
    ],
    [
      "refused by the handler",
      () => Promise.resolve({ answer: new MaglevError("not-found", "no") }),
      OK,
      "operator",
      ["not-found", "why", "up", "up"],
    ],
    [
      "failed",
      () => Promise.reject(new Error("x")),
      OK,
      "operator",
      ["internal", "why", "up", "up"],
    ],
    [
      "no right to it",
      () => assert.fail("it must not run"),
      OK,
      "viewer",
      ["permission-denied", "why", "up", "up"],
    ],
    [
      "no message",
      () => assert.fail("it must not run"),
      { ok: false, error: invalid },
      "operator",
      ["invalid-argument", undefined, undefined, undefined],
    ],
  ];
  for (const [name, run, request, role, record] of cases) {
    const { environment, callOf, logger } = setUp({ role });
    const { answers } = callOf(
      action(served(Maglev.PauseBackend), pausing(run), environment),
      request,
    );
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(answers.length, 1, name);
    assert.deepEqual(
      logger.of("operator-action").map((
        line,
      ) => [line.result, line.reason, line.before, line.after]),
      [record],
      name,
    );
  }
});

Deno.test("action() leaves few records of calls without permission, and all of an operator's", async () => {
  const viewer = setUp({ role: "viewer" });
  const refuse = action(
    served(Maglev.PauseBackend),
    pausing(() => assert.fail("it must not run")),
    viewer.environment,
  );
  for (let at = 0; at < 1000; at++) {
    assert.deepEqual(viewer.callOf(refuse, OK).answers, [STATUS.PERMISSION_DENIED]);
  }
  assert.equal(viewer.logger.of("operator-action").length, MAX_RECORDS_OF_PEER);
  viewer.environment.refusedActions.close();
  assert.deepEqual(viewer.logger.of("operator-actions-refused").map(({ count }) => count), [
    1000 - MAX_RECORDS_OF_PEER,
  ]);

  const operator = setUp();
  const fail = action(
    served(Maglev.PauseBackend),
    pausing(() => Promise.resolve({ answer: new MaglevError("not-found", "no") })),
    operator.environment,
  );
  for (let at = 0; at < 30; at++) {
    operator.callOf(fail, OK);
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.equal(operator.logger.of("operator-action").length, 30);
});

Deno.test("action() does nothing for a call that ends before its turn, and records it", () => {
  const { environment, callOf, logger, clock } = setUp();
  let runs = 0;
  const handle = action(
    served(Maglev.PauseBackend),
    pausing(() => {
      runs++;
      return Promise.resolve({ answer: INFO });
    }),
    environment,
  );
  environment.slices.run(() => clock.advance(SLICE_MS));
  const { call, answers } = callOf(handle, OK);
  call.emit("cancelled");
  clock.advance(10);
  assert.deepEqual([runs, answers], [0, []]);
  assert.deepEqual(logger.of("operator-action").map(({ result }) => result), ["aborted"]);
});
