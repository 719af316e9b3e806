/** PURE. Reads a stream of server-sent events (WHATWG HTML, 9.2.6) from pieces of text. */

export interface SseEvent {
  /** Empty: no id. */
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** Longest event that is accepted, in characters; a state of 100,000 backends fits. */
const MAX_EVENT = 64 * 1024 * 1024;

/** Collects the lines of an event until its empty line. Comments and unknown fields are skipped. */
export class SseReader {
  /** Pieces of a line that is not complete, kept apart because joining them each time is slow. */
  #rest: string[] = [];
  #id = "";
  #type = "";
  #data: string[] = [];
  /** Characters since the last event that was complete. */
  #size = 0;

  /**
   * The events that `piece` completes.
   *
   * @throws {RangeError} an event is too long
   */
  read(piece: string): SseEvent[] {
    this.#size += piece.length;
    if (this.#size > MAX_EVENT) throw new RangeError("Event is too long");
    if (!piece.includes("\n")) {
      this.#rest.push(piece);
      return [];
    }
    const lines = [...this.#rest, piece].join("").split("\n");
    this.#rest = [lines.pop()!];
    const events: SseEvent[] = [];
    for (const line of lines) {
      const event = this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (event !== undefined) events.push(event);
    }
    if (this.#data.length === 0) this.#size = this.#rest[0]!.length;
    return events;
  }

  #line(line: string): SseEvent | undefined {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "id") this.#id = value;
    else if (field === "event") this.#type = value;
    else if (field === "data") this.#data.push(value);
    return undefined;
  }

  #end(): SseEvent | undefined {
    const event = { id: this.#id, type: this.#type, data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    // Unlike a browser's, an id holds for its own event alone: events without one are not replayed.
    [this.#id, this.#type, this.#data] = ["", "", []];
    return empty ? undefined : event;
  }
}

/** Position in the stream: `<epoch>-<seq>`. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

/** Reads an id; undefined when it is not one. */
export function parsePosition(id: string): Position | undefined {
  const match = /^(.+)-(\d{1,15})$/.exec(id);
  return match === null ? undefined : { epoch: match[1]!, seq: Number(match[2]) };
}

export function formatPosition({ epoch, seq }: Position): string {
  return `${epoch}-${seq}`;
}
