/** PURE. Judges the answer to a health check over gRPC. */
import type { H2Response } from "../h2/response.ts";
import { failed, type Verdict } from "../outcome.ts";
import { servingStatus } from "./health_message.ts";

/** Names of gRPC's status codes, by number. */
const CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

const SERVING: Verdict = {
  ok: true,
  layer: "L7",
  code: "L7OK",
  detail: "SERVING",
  inconclusive: false,
};

const SERVICE_UNKNOWN = failed(
  "L7STS",
  "SERVICE_UNKNOWN: the server has no health of this service; compare `service`",
);

/** Codes with a text of their own. */
const FAILURES: Readonly<Record<string, Verdict>> = {
  NOT_FOUND: SERVICE_UNKNOWN,
  UNIMPLEMENTED: failed(
    "L7STS",
    "UNIMPLEMENTED: the server does not have the service grpc.health.v1.Health",
  ),
};

/** The part of an answer that is judged. */
export type HealthAnswer = Pick<H2Response, "problem" | "status" | "body" | "header" | "trailer">;

/** The verdict on an answer that was read to its end. */
export function judgeHealth(answer: HealthAnswer): Verdict {
  if (answer.problem !== "") return failed("L7RSP", answer.problem);
  const text = answer.trailer("grpc-status");
  if (text === undefined) {
    return answer.status === 200
      ? failed("L7RSP", "the answer is not of gRPC, because it has no grpc-status")
      : failed("L7STS", `HTTP status ${answer.status}, and no answer of gRPC`);
  }
  const code = /^[0-9]{1,2}$/.test(text) ? CODES[Number(text)] : undefined;
  if (code === undefined) return failed("L7RSP", "the answer has an unknown grpc-status");
  if (code !== "OK") {
    return FAILURES[code] ?? failed("L7STS", `the call failed with gRPC status ${code}`);
  }
  const status = servingStatus(answer.body);
  if (status === undefined) return failed("L7RSP", "the answer is not a HealthCheckResponse");
  if (status === "SERVING") return SERVING;
  return status === "SERVICE_UNKNOWN" ? SERVICE_UNKNOWN : failed("L7STS", status);
}
