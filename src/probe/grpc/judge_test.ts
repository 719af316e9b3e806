import assert from "node:assert/strict";
import { fuzz, mutateBytes, rounds } from "../../../tests/support/fakes/fuzz.ts";
import {
  data,
  headers,
  healthAnswer,
  healthResponse,
  joined,
  SETTINGS,
} from "../../../tests/support/servers/canned_h2.ts";
import { H2Response } from "../h2/response.ts";
import { checkRequest, servingStatus } from "./health_message.ts";
import { judgeHealth } from "./judge.ts";

function verdictOn(...frames: readonly Uint8Array[]): string {
  const response = new H2Response({ wantsBody: () => true });
  if (response.feed(joined(SETTINGS, ...frames)) === "more") response.end();
  const { code, detail } = judgeHealth(response);
  return `${code} ${detail}`;
}

const OK = headers([[":status", "200"], ["content-type", "application/grpc"]]);
const trailers = (status: string) => headers([["grpc-status", status]], { end: true });
/** An answer without a message, as most errors are. */
const refusal = (status: string) =>
  headers([[":status", "200"], ["grpc-status", status], ["grpc-message", "SECRET"]], { end: true });

Deno.test("judgeHealth() has a reason of its own for each status", () => {
  const status = (value: number) => verdictOn(OK, data(healthResponse(value)), trailers("0"));
  const unknown =
    "L7STS SERVICE_UNKNOWN: the server has no health of this service; compare `service`";
  const cases: readonly (readonly [string, string])[] = [
    [status(1), "L7OK SERVING"],
    [status(0), "L7STS UNKNOWN"],
    [status(2), "L7STS NOT_SERVING"],
    [status(3), unknown],
    [status(4), "L7RSP the answer is not a HealthCheckResponse"],
    // The default is not sent.
    [verdictOn(OK, data(new Uint8Array(5)), trailers("0")), "L7STS UNKNOWN"],
    [verdictOn(OK, trailers("0")), "L7RSP the answer is not a HealthCheckResponse"],
    [verdictOn(refusal("5")), unknown],
    [
      verdictOn(refusal("12")),
      "L7STS UNIMPLEMENTED: the server does not have the service grpc.health.v1.Health",
    ],
    [verdictOn(refusal("14")), "L7STS the call failed with gRPC status UNAVAILABLE"],
    [verdictOn(refusal("99")), "L7RSP the answer has an unknown grpc-status"],
    [verdictOn(refusal("x")), "L7RSP the answer has an unknown grpc-status"],
    [
      verdictOn(OK, data(healthResponse(1), { end: true })),
      "L7RSP the answer is not of gRPC, because it has no grpc-status",
    ],
    [
      verdictOn(headers([[":status", "404"]], { end: true })),
      "L7STS HTTP status 404, and no answer of gRPC",
    ],
    [verdictOn(OK), "L7RSP closed before the answer was complete"],
  ];
  for (const [verdict, expected] of cases) assert.equal(verdict, expected);
});

Deno.test("checkRequest() frames the name of the service", () => {
  assert.deepEqual([...checkRequest("")], [0, 0, 0, 0, 0]);
  assert.deepEqual([...checkRequest("ab")], [0, 0, 0, 0, 4, 0x0a, 2, 0x61, 0x62]);
  assert.deepEqual([...checkRequest("x".repeat(200))].slice(0, 8), [0, 0, 0, 0, 203, 10, 200, 1]);
});

Deno.test("servingStatus() skips other fields, and refuses what is malformed", () => {
  const message = (...bytes: number[]) => Uint8Array.of(0, 0, 0, 0, bytes.length, ...bytes);
  const cases: readonly (readonly [Uint8Array, string | undefined])[] = [
    [message(0x12, 1, 65, 8, 1, 0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0x25, 0, 0, 0, 0), "SERVING"],
    [message(8, 2, 8, 1), "SERVING"],
    [message(8, 0x81, 0x80, 0), "SERVING"],
    [Uint8Array.of(1, 0, 0, 0, 2, 8, 1), undefined],
    [Uint8Array.of(0, 0, 0, 0, 3, 8, 1), undefined],
    [Uint8Array.of(0, 0, 0, 0, 1, 8, 1), undefined],
    [message(8), undefined],
    [message(0x0b), undefined],
    [message(0, 1), undefined],
    [message(0x12, 9, 1), undefined],
    [message(8, ...Array(10).fill(0x80), 1), undefined],
  ];
  for (const [body, status] of cases) assert.equal(servingStatus(body), status, body.toHex());
});

Deno.test("judgeHealth() passes nothing but SERVING, whatever changes an answer", () => {
  const { seed, below } = fuzz(50051);
  for (let round = 0; round < rounds(3000); round++) {
    const answer = mutateBytes(healthAnswer(2), below);
    const response = new H2Response({ wantsBody: () => true });
    if (response.feed(answer) === "more") response.end();
    const verdict = judgeHealth(response);
    const message = `seed ${seed}, round ${round}: ${answer.toHex()}`;
    if (verdict.ok) assert.equal(servingStatus(response.body), "SERVING", message);
    assert.ok(!verdict.inconclusive && !/[^\x20-\x7e]/.test(verdict.detail), message);
  }
});
