/**
 * PURE. Events as bytes of a server-sent event stream.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import type { DashboardEvent } from "../../protocol.ts";

const ENCODER = new TextEncoder();

/**
 * `id: <epoch>-<seq>`, `event: <type>`, `data: <JSON>`, and an empty line. JSON has no line break
 * outside of escapes, so the data is one line whatever names hold.
 */
export function eventBytes(
  event: DashboardEvent,
  { epoch, seq }: { readonly epoch: string; readonly seq: number | undefined },
): Uint8Array {
  const id = seq === undefined ? "" : `id: ${epoch}-${seq}\n`;
  return ENCODER.encode(`${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}
