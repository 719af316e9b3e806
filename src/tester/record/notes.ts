/**
 * PURE. The events of one VIP for people: the newest ones, and equal errors in a row as one with a
 * count. Each VIP has its own bound, so that one that fails often does not push out the rest.
 */

/**
 * `timeout`: no answer in time. `http-err`: an answer that does not pass. `net-err`: the connection
 * or the handshake failed. `spike`: a success that was much slower than usual. `outage`: one that
 * began or ended. `prober`: this host could not probe.
 */
export type NoteKind = "timeout" | "http-err" | "net-err" | "spike" | "outage" | "prober";

export interface Note {
  readonly kind: NoteKind;
  readonly text: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Maximum of notes of one VIP. */
export const MAX_NOTES = 12;

export class Notes {
  #notes: Note[] = [];

  /** Adds an error; `atMs`: when it was known. */
  add({ kind, text, atMs }: { kind: NoteKind; text: string; atMs: number }): void {
    const last = this.#notes.at(-1);
    if (last !== undefined && last.kind === kind && (kind === "spike" || last.text === text)) {
      this.#notes[this.#notes.length - 1] = { ...last, text, count: last.count + 1, lastMs: atMs };
      return;
    }
    this.#append({ kind, text, count: 1, firstMs: atMs, lastMs: atMs });
  }

  /** Adds an outage; its end replaces its begin. */
  addOutage({ beginMs, endMs, text }: { beginMs: number; endMs: number; text: string }): void {
    const note: Note = { kind: "outage", text, count: 1, firstMs: beginMs, lastMs: endMs };
    const known = this.#notes.findIndex(({ kind, firstMs }) =>
      kind === "outage" && firstMs === beginMs
    );
    if (known >= 0) this.#notes.splice(known, 1);
    this.#append(note);
  }

  /** Oldest first. */
  get all(): readonly Note[] {
    return this.#notes;
  }

  #append(note: Note): void {
    if (this.#notes.length >= MAX_NOTES) this.#notes.shift();
    this.#notes.push(note);
  }
}
