/** Gathers changes of states for a moment, so that readers hear one sentence instead of many. */
import { announcementOf, type Change } from "./model/announce.ts";
import type { Lb, LbEvent } from "./model/lb.ts";
import { criticalNotesOf, type Note } from "./model/notes.ts";

/** Changes within this time are announced together. */
const ANNOUNCE_MS = 2000;

export class Announcer {
  /** A clock that no one sets, in milliseconds. */
  readonly #nowMs: () => number;
  #changes: Change[] = [];
  /** Texts of the notes that each load balancer had when it was looked at last. */
  readonly #known = new Map<string, ReadonlySet<string>>();
  #notes: readonly Note[] = [];
  #atMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Remembers what is worth hearing of an event that was applied to `lb`. */
  note(event: LbEvent, lb: Lb): void {
    if (/^(maglevd-.*|vpp-status)$/.test(event.type)) return this.look(lb);
    if (event.type !== "backend" && event.type !== "frontend") return;
    if (event.transition === undefined) return;
    const name = event.type === "backend" ? event.backend.name : event.frontend.name;
    this.#begin();
    this.#changes.push({ lb: event.maglevd, name, to: event.transition.to });
  }

  /**
   * Remembers those of the critical notes of a load balancer that it did not have before. The first
   * ones are not news: they are read with the page. Another reason for the same trouble is not either.
   */
  look(lb: Lb): void {
    const notes = criticalNotesOf(lb);
    const known = this.#known.get(lb.name) ?? new Set(notes.map(subjectOf));
    this.#known.set(lb.name, new Set(notes.map(subjectOf)));
    const waiting = new Set(this.#notes.filter((note) => note.lb === lb.name).map(subjectOf));
    const isNews = (note: Note) => !known.has(subjectOf(note)) || waiting.has(subjectOf(note));
    const news = notes.filter(isNews);
    if (news.length > 0) this.#begin();
    // One that is over before it was announced is not news.
    this.#notes = [...this.#notes.filter((note) => note.lb !== lb.name), ...news];
  }

  /** The sentences, when they are due. `several`: there is more than one load balancer. */
  due(several: boolean): string | undefined {
    if (this.#isEmpty() || this.#nowMs() < this.#atMs) return undefined;
    const text = announcementOf(this.#changes, { notes: this.#notes, several });
    this.#changes = [];
    this.#notes = [];
    return text;
  }

  #isEmpty(): boolean {
    return this.#changes.length === 0 && this.#notes.length === 0;
  }

  #begin(): void {
    if (this.#isEmpty()) this.#atMs = this.#nowMs() + ANNOUNCE_MS;
  }
}

function subjectOf({ about, text }: Note): string {
  return about ?? text;
}
