/** The dashboard's HTTP handler: from a request to an answer. It opens nothing itself. */
import type { Clock, Logger } from "../../base/ports.ts";
import type { BuildInfo } from "../../base/version.ts";
import type { HttpAnswer, HttpHandler, HttpRequest } from "../../http/ports.ts";
import { type Asset, type Assets, NOT_BUILT } from "../assets.ts";
import type { Hub } from "../ports.ts";
import { answerAction, refusedAction } from "./actions.ts";
import { encoded, failure, json, methodNotAllowed, notFound, redirect, whole } from "./answers.ts";
import { Admission } from "./access/admission.ts";
import type { AllowedHosts } from "./access/allowed_hosts.ts";
import { type Client, clientOf, type TrustedProxies } from "./access/client.ts";
import { isJsonType } from "./headers.ts";
import type { Login } from "./access/login.ts";
import { type DashboardMetrics, METRICS_TYPE } from "./metrics.ts";
import { isSameOrigin } from "./access/origin.ts";
import { answerRead } from "./reads.ts";
import { audienceOf, isAdminPath, methodOf, type Route, routeOf } from "./routes.ts";
import { SharedJson } from "./shared_json.ts";

export interface DashboardOptions {
  readonly hub: Hub;
  /** Undefined: the page was not built. */
  readonly assets: Assets | undefined;
  /** Undefined: `/admin/` does not exist. */
  readonly login: Login | undefined;
  readonly adminRequiresTls: boolean;
  readonly proxies: TrustedProxies;
  readonly hosts: AllowedHosts;
  readonly build: BuildInfo;
  readonly metrics: DashboardMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Answers the requests of browsers. */
export function dashboard(options: DashboardOptions): HttpHandler {
  const { login, proxies, hosts } = options;
  const admission = login === undefined ? undefined : new Admission({ ...options, login });
  const shared = new SharedJson(options.clock);
  return async (request) => {
    const client = clientOf(request, proxies);
    const route = routeOf(request.path);
    // First of all, so that a foreign site cannot use up the attempts of its visitor's address.
    if (!isForPrograms(route) && !hosts.admit(client)) return misdirected(client);
    if (!isAdminPath(request.path)) {
      return route === undefined
        ? notFound()
        : await answer(request, route, { ...options, shared, client });
    }
    if (admission === undefined) return notFound();
    const admitted = admission.admit(request.headers.get("authorization"), client);
    if (admitted.kind === "refused") return admitted.answer;
    if (route === undefined) return notFound();
    const operator = { user: admitted.user, peer: client.address };
    return await answer(request, route, { ...options, shared, client, operator });
  };
}

/** Programs that look after the dashboard call it by any name, and find nothing but its own health. */
function isForPrograms(route: Route | undefined): boolean {
  return route?.kind === "health" || route?.kind === "metrics";
}

function misdirected({ host = "" }: Client): HttpAnswer {
  const name = host.replace(/:\d*$/, "");
  return failure(421, {
    code: "misdirected-request",
    message: `cannot answer for the host ${name}: it is not one of this dashboard's names; set ` +
      `--allowed-hosts=${name}, or use https`,
  });
}

interface Context extends DashboardOptions {
  readonly shared: SharedJson;
  readonly client: Client;
  /** Of a request under admin/. */
  readonly operator?: { readonly user: string; readonly peer: string };
}

async function answer(request: HttpRequest, route: Route, context: Context): Promise<HttpAnswer> {
  const reading = request.method === "GET" || request.method === "HEAD";
  if (route.kind === "api") return await answerApi(request, route, context);
  if (!reading) return methodNotAllowed(READ_METHODS);
  const { assets, metrics } = context;
  switch (route.kind) {
    case "redirect":
      return redirect(route.location, request.query);
    case "page":
      return assets === undefined ? notBuilt() : asset(request, assets[route.tree], "no-store");
    case "asset": {
      const file = assets?.files.get(route.path);
      return file === undefined
        ? notFound()
        : asset(request, file, file.immutable ? FOR_A_YEAR : "no-cache");
    }
    case "health":
      // A process that answers is alive.
      return json(request, { alive: true, reasons: [] });
    case "metrics":
      return whole(200, await metrics.text(), {
        "Content-Type": METRICS_TYPE,
        "Cache-Control": "no-store",
      });
    case "favicon":
      return whole(200, FAVICON, {
        "Content-Type": "image/svg+xml",
        "Cache-Control": "max-age=86400",
      });
  }
}

async function answerApi(
  request: HttpRequest,
  route: Route & { readonly kind: "api" },
  context: Context,
): Promise<HttpAnswer> {
  const { read, action } = route;
  const { method, headers } = request;
  if (read !== undefined && (method === "GET" || method === "HEAD")) {
    const admin = context.login !== undefined;
    const audience = audienceOf(route.tree);
    const { group } = context.client;
    return await answerRead(request, { read, audience, group }, { ...context, admin });
  }
  const { operator, client: { host } } = context;
  if (action === undefined || operator === undefined || method !== methodOf(action)) {
    return methodNotAllowed([
      ...(read === undefined ? [] : [READ_METHODS]),
      ...(action === undefined ? [] : [methodOf(action)]),
    ].join(", "));
  }
  const facts = {
    secFetchSite: headers.get("sec-fetch-site"),
    origin: headers.get("origin"),
    host,
  };
  const forbidden = (message: string) =>
    refusedAction(
      { action, operator },
      { status: 403, code: "permission-denied", message },
      context,
    );
  if (!isSameOrigin(facts)) {
    return forbidden("actions are accepted from the dashboard's own page only");
  }
  if (!isJsonType(headers.get("content-type"))) {
    return forbidden("an action needs Content-Type: application/json");
  }
  const done = await answerAction(request, { action, operator }, context);
  context.shared.clear();
  return done;
}

function asset(request: HttpRequest, { gzip, type }: Asset, cacheControl: string): HttpAnswer {
  return encoded(request, { gzip }, { "Content-Type": type, "Cache-Control": cacheControl });
}

function notBuilt(): HttpAnswer {
  return whole(503, `${NOT_BUILT}\n`, {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
  });
}

const READ_METHODS = "GET, HEAD";
const FOR_A_YEAR = "public, max-age=31536000, immutable";
/** For programs that look here; the page names its own icons. */
const FAVICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#888" ' +
  'd="M2 13V3h2l4 5 4-5h2v10h-2.4V7.2L8 11.8 4.4 7.2V13z"/></svg>\n';
