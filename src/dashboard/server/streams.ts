/** Event streams: one for each browser, on the events of the hub. */
import type { HttpRequest, StreamAnswer, WholeAnswer } from "../../http/ports.ts";
import type { Audience, Hub, Position } from "../ports.ts";
import { EVENTS_QUERY } from "../protocol.ts";
import { failure } from "./answers.ts";
import { SECURITY_HEADERS } from "./headers.ts";
import type { DashboardMetrics } from "./metrics.ts";

/** When a browser connects again after the end of its stream. */
const RETRY_MS = 2000;

/** A position that no run of a hub has, so that the client is sent a `resync`. */
const NOWHERE: Position = { epoch: "", seq: 0 };

export interface StreamsOptions {
  readonly hub: Pick<Hub, "subscribe" | "show" | "names">;
  readonly metrics: DashboardMetrics;
}

/** Answers `api/events`; see EVENTS_QUERY in protocol.ts. */
export function eventStream(
  { query, headers }: Pick<HttpRequest, "query" | "headers">,
  audience: Audience,
  { hub, metrics }: StreamsOptions,
): StreamAnswer | WholeAnswer {
  const parameters = new URLSearchParams(query);
  const lastId = headers.get("last-event-id") ?? "";
  const since = parameters.get(EVENTS_QUERY.since);
  const position = lastId !== ""
    ? parsePosition(lastId) ?? NOWHERE
    : since === null
    ? undefined
    : parsePosition(since);
  if (lastId === "" && since !== null && position === undefined) {
    return failure(400, {
      code: "invalid-argument",
      message: "since: need EPOCH-SEQ of a state or of an event",
    });
  }
  const shown = new Set(parameters.getAll(EVENTS_QUERY.show));
  return {
    kind: "stream",
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
