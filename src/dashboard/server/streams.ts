/** Event streams: one for each browser, on the events of the hub. */
import type { HttpRequest, StreamAnswer, WholeAnswer } from "../../http/ports.ts";
import type { Audience, Hub, Position } from "../ports.ts";
import { EVENTS_QUERY } from "../protocol.ts";
import { SECURITY_HEADERS } from "./headers.ts";
import type { DashboardMetrics } from "./metrics.ts";
import { badQuery, readQuery } from "./queries.ts";

/** When a browser connects again after the end of its stream. */
const RETRY_MS = 2000;

/** A position that no run of a hub has, so that the client is sent a `resync`. */
const NOWHERE: Position = { epoch: "", seq: 0 };

export interface StreamsOptions {
  readonly hub: Pick<Hub, "subscribe" | "show" | "names">;
  readonly metrics: DashboardMetrics;
}

/** The client that a stream is for. */
export interface StreamClient {
  readonly audience: Audience;
  /** See Client.group. */
  readonly group: string;
}

/** Answers `api/events`; see EVENTS_QUERY in protocol.ts. */
export function eventStream(
  { query, headers }: Pick<HttpRequest, "query" | "headers">,
  { audience, group }: StreamClient,
  { hub, metrics }: StreamsOptions,
): StreamAnswer | WholeAnswer {
  const parameters = readQuery(query, { once: [EVENTS_QUERY.since], many: [EVENTS_QUERY.show] });
  if (typeof parameters === "string") return badQuery(parameters);
  const lastId = headers.get("last-event-id") ?? "";
  const since = parameters.get(EVENTS_QUERY.since);
  const position = lastId !== ""
    ? parsePosition(lastId) ?? NOWHERE
    : since === null
    ? undefined
    : parsePosition(since);
  if (lastId === "" && since !== null && position === undefined) {
    return badQuery("since: need EPOCH-SEQ of a state or of an event");
  }
  const shown = new Set(parameters.getAll(EVENTS_QUERY.show));
  return {
    kind: "stream",
    group,
    retryMs: RETRY_MS,
    headers: SECURITY_HEADERS,
    start(stream) {
      metrics.streamOpened();
      const unshow = hub.names.filter((name) => shown.has(name)).map((name) => hub.show(name));
      const unsubscribe = hub.subscribe({
        audience,
        since: position,
        listener: ({ bytes }) => void stream.send(bytes),
      });
      stream.ended.then((reason) => {
        unsubscribe();
        for (const end of unshow) end();
        metrics.streamEnded(reason === "slow");
      });
    },
  };
}

/** `<epoch>-<seq>`; undefined: it is not of this form. */
function parsePosition(id: string): Position | undefined {
  const match = /^([A-Za-z0-9_]{1,64})-(\d{1,15})$/.exec(id);
  return match === null ? undefined : { epoch: match[1]!, seq: Number(match[2]) };
}
