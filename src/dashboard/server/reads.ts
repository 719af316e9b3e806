/** Answers what is read under `view/api/` and `admin/api/`. */
import { MaglevError } from "../../base/errors.ts";
import type { BuildInfo } from "../../base/version.ts";
import type { HttpAnswer, HttpRequest } from "../../http/ports.ts";
import type { Audience, Hub, TimelineQuery } from "../ports.ts";
import {
  type DashboardVersion,
  HISTORY_QUERY,
  MaglevdState,
  MaglevdStatus,
  MAX_RESULTS,
  TIMELINE_QUERY,
} from "../protocol.ts";
import { encoded, encodedJson, json, JSON_TYPE, notFound, refusalOf } from "./answers.ts";
import type { DashboardMetrics } from "./metrics.ts";
import { badQuery, readQuery } from "./queries.ts";
import type { Read } from "./routes.ts";
import type { Made, SharedJson } from "./shared_json.ts";
import { eventStream } from "./streams.ts";

export interface ReadsOptions {
  readonly hub: Hub;
  readonly metrics: DashboardMetrics;
  readonly build: BuildInfo;
  /** There is a login. */
  readonly admin: boolean;
  readonly shared: SharedJson;
}

/** What is read, and by whom. */
export interface ReadFor {
  readonly read: Read;
  readonly audience: Audience;
  /** See Client.group. */
  readonly group: string;
}

/** The answer to a read, with what the audience may see. */
export async function answerRead(
  request: HttpRequest,
  { read, audience, group }: ReadFor,
  { hub, metrics, build, admin, shared }: ReadsOptions,
): Promise<HttpAnswer> {
  const share = async (key: readonly string[], make: () => unknown) =>
    sharedAnswer(request, await shared.get(JSON.stringify([audience, ...key]), make));
  if (read.kind === "events") {
    return eventStream(request, { audience, group }, { hub, metrics });
  }
  const query = readQuery(request.query, { once: parametersOf(read) });
  if (typeof query === "string") return badQuery(query);
  switch (read.kind) {
    case "state": {
      const state = await hub.encodedState(audience);
      return encoded(request, state, { ...JSON_TYPE, "Cache-Control": cacheable(audience) });
    }
    case "version": {
      const { version, commit, date } = build;
      const answer: DashboardVersion = { version, commit, date, epoch: hub.epoch, admin };
      return json(request, answer);
    }
    case "maglevds":
      return await share([read.kind], () => hub.state(audience).maglevds.map(statusOf));
    case "problems":
      return await share([read.kind], () => hub.problems(audience));
  }
  const { kind, maglevd } = read;
  if (!hub.names.includes(maglevd)) return notFound(noMaglevdText(maglevd));
  switch (kind) {
    case "maglevd":
      return await share([kind, maglevd], () => hub.maglevd(maglevd, audience));
    case "history": {
      const text = query.get(HISTORY_QUERY.results);
      if (text !== null && text !== "0") {
        return badQuery("results: need 0, for none; all are sent when it is left out");
      }
      const results = text === null ? MAX_RESULTS : 0;
      return await share([kind, maglevd, `${results}`], () => hub.history(maglevd, results));
    }
    case "timeline": {
      const selection = readTimelineQuery(query);
      if (typeof selection === "string") return badQuery(selection);
      const { backend, frontend, before } = selection;
      return await share(
        [kind, maglevd, backend ?? "", frontend ?? "", `${before ?? ""}`],
        () => hub.timeline(maglevd, selection, audience),
      );
    }
    case "backend":
      return await share(
        [kind, maglevd, read.name],
        () => hub.backend(maglevd, read.name, audience),
      );
    case "explain-backend":
      return await share(
        [kind, maglevd, read.name],
        () => hub.explainBackend(maglevd, read.name, audience),
      );
    case "explain-frontend":
      return await share(
        [kind, maglevd, read.name],
        () => hub.explainFrontend(maglevd, read.name, audience),
      );
  }
}

function parametersOf({ kind }: Read): readonly string[] {
  if (kind === "history") return Object.values(HISTORY_QUERY);
  return kind === "timeline" ? Object.values(TIMELINE_QUERY) : [];
}

/** A text: what is wrong. */
function readTimelineQuery(query: URLSearchParams): TimelineQuery | string {
  const before = query.get(TIMELINE_QUERY.before);
  if (before !== null && !/^[1-9]\d{0,14}$/.test(before)) {
    return "before: need the id of a record, at least 1";
  }
  const named = (name: string) => query.get(name) || undefined;
  const [backend, frontend] = [named(TIMELINE_QUERY.backend), named(TIMELINE_QUERY.frontend)];
  for (const [name, value = ""] of [["backend", backend], ["frontend", frontend]]) {
    if (value.length > MAX_NAME) return `${name}: need a name of at most ${MAX_NAME} characters`;
  }
  return { backend, frontend, before: before === null ? undefined : Number(before) };
}

/** Longest name of a backend or frontend, in characters: the configuration allows no longer one. */
const MAX_NAME = 128;

function sharedAnswer(request: HttpRequest, made: Made): HttpAnswer {
  if (made === undefined) return notFound();
  return made instanceof MaglevError ? refusalOf(made) : encodedJson(request, made);
}

/** Kept by the browser itself, which asks each time whether it has changed. */
function cacheable(audience: Audience): string {
  return audience === "operator" ? "private, no-cache" : "no-cache";
}

export function noMaglevdText(name: string): string {
  return `no maglevd is called ${JSON.stringify(name.slice(0, 64))}`;
}

/** Without the lists. */
function statusOf(maglevd: MaglevdState): MaglevdStatus {
  const { frontends: _f, backends: _b, healthchecks: _h, vpp: _v, lb: _l, ...status } = maglevd;
  return status;
}
