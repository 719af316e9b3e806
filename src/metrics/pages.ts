/** The pages of the metrics port. */
import type { Answer } from "../http/connection.ts";
import { TEXT_FORMAT } from "./text.ts";

const JSON_TYPE = "application/json";

export interface PagesOptions {
  /** The text of a scrape, in pieces whose bytes are valid until the next one. */
  readonly scrape: () => Promise<Iterable<Uint8Array>>;
  /** Content of `/readyz`; any JSON goes with `ready`. */
  readonly readiness: () => { readonly ready: boolean };
}

/** The page at `path`; undefined: not found. */
export function pages({ scrape, readiness }: PagesOptions) {
  return (path: string): Promise<Answer> | undefined => {
    switch (path) {
      case "/metrics":
        return scrape().then((body) => ({ status: 200, type: TEXT_FORMAT, body }));
      case "/healthz":
        // A process that answers is alive.
        return Promise.resolve(json(200, { alive: true, reasons: [] }));
      case "/readyz": {
        const state = readiness();
        return Promise.resolve(json(state.ready ? 200 : 503, state));
      }
      default:
        return undefined;
    }
  };
}

function json(status: number, value: unknown): Answer {
  const body = [new TextEncoder().encode(`${JSON.stringify(value)}\n`)];
  return { status, type: JSON_TYPE, body };
}
