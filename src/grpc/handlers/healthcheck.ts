/** Definitions of healthchecks. */
import { notFound } from "../../base/nearest.ts";
import type { CallContext, Handler } from "../calls/calls.ts";
import { healthCheckInfo } from "./convert.ts";
import type {
  GetHealthCheckRequest,
  HealthCheckInfo,
  ListHealthChecksRequest,
  ListHealthChecksResponse,
} from "../gen/maglev.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";

export function listHealthChecks(
  { checker }: DaemonApi,
): Handler<ListHealthChecksRequest, ListHealthChecksResponse> {
  return ({ details }, context) => {
    const { healthchecks } = checker.current.config;
    return {
      healthcheckNames: [...healthchecks.keys()],
      healthchecks: details
        ? [...healthchecks.values()].map((check) => healthCheckInfo(check, trust(context)))
        : [],
    };
  };
}

export function getHealthCheck(
  { checker }: DaemonApi,
): Handler<GetHealthCheckRequest, HealthCheckInfo> {
  return ({ name }, context) => {
    const { healthchecks } = checker.current.config;
    const check = healthchecks.get(name);
    return check === undefined
      ? notFound("healthcheck", name, healthchecks.keys())
      : healthCheckInfo(check, trust(context));
  };
}

function trust({ caller }: CallContext): { readonly secrets: boolean } {
  return { secrets: caller.role === "operator" };
}
