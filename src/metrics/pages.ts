/** The pages of the metrics port. */
import { statusAnswer } from "../http/answer_head.ts";
import type { HttpAnswer, HttpRequest } from "../http/ports.ts";
import { TEXT_FORMAT } from "./text.ts";

export interface PagesOptions {
  /** The text of a scrape, in pieces. */
  readonly scrape: () => Promise<Iterable<string>>;
  /** Content of `/readyz`; any JSON goes with `ready`. */
  readonly readiness: () => { readonly ready: boolean };
}

/** Answers the requests of the metrics port. */
export function pages({ scrape, readiness }: PagesOptions) {
  return async ({ path }: Pick<HttpRequest, "path">): Promise<HttpAnswer> => {
    switch (path) {
      case "/metrics":
        return {
          kind: "pieces",
          status: 200,
          headers: headers(TEXT_FORMAT),
          pieces: await scrape(),
        };
      case "/healthz":
        // A process that answers is alive.
        return json(200, { alive: true, reasons: [] });
      case "/readyz": {
        const state = readiness();
        return json(state.ready ? 200 : 503, state);
      }
      default:
        return statusAnswer(404);
    }
  };
}

function json(status: number, value: unknown): HttpAnswer {
  const body = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  return { kind: "whole", status, headers: headers("application/json"), body };
}

function headers(type: string): Readonly<Record<string, string>> {
  return {
    "Content-Type": type,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  };
}
