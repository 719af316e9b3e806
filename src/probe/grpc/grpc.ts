/** The gRPC probe: grpc.health.v1.Health/Check over HTTP/2, on a connection of its own. */
import { invariant } from "../../base/assert.ts";
import { BUILD } from "../../base/version.ts";
import type { Talk } from "../conversation.ts";
import { h2Exchange } from "../h2/exchange.ts";
import { h2RequestBytes } from "../h2/request.ts";
import { H2Response } from "../h2/response.ts";
import { defaultHost } from "../http/request.ts";
import { overTcp } from "../net/over_tcp.ts";
import { ANSWER_TIMED_OUT } from "../outcome.ts";
import type { Probe, ProbeSpec } from "../prober.ts";
import { overTls } from "../tls/over_tls.ts";
import { tlsTargetOf } from "../tls/tls.ts";
import { checkRequest } from "./health_message.ts";
import { judgeHealth } from "./judge.ts";

/** A Prober for type `grpc`. */
export function grpcProber(spec: ProbeSpec): Probe {
  const { params, port, timeoutMs } = spec.healthcheck;
  invariant(params.type === "grpc", `grpcProber() got a target of type ${params.type}`);
  const { authority, service, ssl } = params;
  const request = h2RequestBytes([
    [":method", "POST"],
    [":scheme", ssl ? "https" : "http"],
    [":path", "/grpc.health.v1.Health/Check"],
    [
      ":authority",
      authority !== ""
        ? authority
        : defaultHost({ address: spec.address, port, defaultPort: ssl ? 443 : 80 }),
    ],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ["user-agent", `maglevd/${BUILD.version}`],
    // The server may stop working on the answer then. Whole milliseconds: gRPC allows digits only.
    ["grpc-timeout", `${Math.ceil(timeoutMs)}m`],
  ], checkRequest(service));
  const talk: Talk = {
    async run(stream) {
      const response = new H2Response({ wantsBody: () => true });
      await h2Exchange(stream, { request, response });
      return judgeHealth(response);
    },
    timedOut: () => ANSWER_TIMED_OUT,
  };
  if (!ssl) return (cancellation) => overTcp(spec, talk, cancellation);
  const target = tlsTargetOf(spec, params);
  return (cancellation) => overTls(target, talk, cancellation);
}
