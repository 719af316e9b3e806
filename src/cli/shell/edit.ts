/**
 * PURE. The line editor: a state, and what each key makes of it. The keys are those of readline as
 * it is set up by default (emacs): who knows bash knows them.
 *
 * @see https://www.gnu.org/software/bash/manual/html_node/Bindable-Readline-Commands.html
 */
import { beginSearch, type Search, searchKey } from "./edit_search.ts";
import * as at from "./edit_text.ts";
import type { Line } from "./edit_text.ts";
import type { Key } from "../../terminal/keys.ts";
import { splitWords } from "../language/words.ts";

export interface EditState {
  readonly line: Line;
  /** What Ctrl-_ goes back to, the newest last. */
  readonly undo: readonly Line[];
  /** What was killed, the newest last. */
  readonly kills: readonly string[];
  /** What the last key did, for those that go on with it. */
  readonly last: "insert" | "kill" | "yank" | "other";
  /** Letters that were typed in one go and are undone together. */
  readonly run: number;
  /** Of the last yank: where it is, and which of `kills`. */
  readonly yank: { readonly start: number; readonly index: number } | undefined;
  /** Earlier lines, the oldest first. */
  readonly history: readonly string[];
  /** Which of them is shown; its length: none. */
  readonly place: number;
  /** The line that was typed before going into the history. */
  readonly draft: Line;
  readonly search: Search | undefined;
  /** Keys that wait for another one. */
  readonly prefix: "" | "ctrl-v" | "ctrl-x";
}

/** What is to be done that the state does not show. */
export type Effect = "accept" | "help" | "complete" | "leave" | "interrupt" | "clear" | "bell";

export interface Edited {
  readonly state: EditState;
  readonly effect?: Effect;
}

const MAX_UNDO = 200;
const MAX_KILLS = 10;
/** Letters that one undo takes back, as in readline. */
const MAX_RUN = 20;

/** An empty line over `history`; what was killed before can still be yanked. */
export function newLine(history: readonly string[], kills: readonly string[] = []): EditState {
  const line = { text: "", cursor: 0 };
  return {
    line,
    undo: [],
    kills,
    last: "other",
    run: 0,
    yank: undefined,
    history,
    place: history.length,
    draft: line,
    search: undefined,
    prefix: "",
  };
}

/** What a key makes of the state. */
export function edit(state: EditState, key: Key): Edited {
  if (state.search !== undefined) return editSearch(state, state.search, key);
  if (state.prefix === "ctrl-v") return literal({ ...state, prefix: "" }, key);
  if (key.kind === "paste") return { state: typed(state, at.insertable(key.text), "other") };
  if (key.kind === "text") {
    if (key.text === "?" && state.prefix === "" && !isQuoted(state.line)) {
      return { state: { ...state, last: "other" }, effect: "help" };
    }
    return { state: typed({ ...state, prefix: "" }, at.insertable(key.text), "insert") };
  }
  const name = state.prefix === "" ? key.name : `${state.prefix} ${key.name}`;
  const command = COMMANDS[name];
  if (command === undefined) return { state: { ...state, prefix: "" }, effect: "bell" };
  return command({ ...state, prefix: "" });
}

/** Puts a text in the place of what is from `start` to the cursor, such as a completed word. */
export function replaceBack(state: EditState, start: number, text: string): EditState {
  const line = at.insert(at.cut(state.line, start, state.line.cursor), at.insertable(text));
  return changed(state, line);
}

function editSearch(state: EditState, search: Search, key: Key): Edited {
  const next = searchKey(search, key, state);
  switch (next.kind) {
    case "search":
      return {
        state: { ...state, search: next.search, line: next.line, place: next.place },
        ...(next.failed ? { effect: "bell" as const } : {}),
      };
    case "abort":
      return { state: { ...state, search: undefined, line: search.from, place: search.place } };
    case "done":
      return edit({ ...state, search: undefined, last: "other" }, key);
  }
}

/** After Ctrl-V a key is itself; control characters are none of this editor's. */
function literal(state: EditState, key: Key): Edited {
  if (key.kind === "key") return { state, effect: "bell" };
  return { state: typed(state, at.insertable(key.text), "insert") };
}

/** True when a character typed now would be within quotes, or behind a backslash. */
function isQuoted(line: Line): boolean {
  const split = splitWords(at.lineToCursor(line).text);
  return split.kind === "words" && split.partial.open !== "";
}

function typed(state: EditState, text: string, how: "insert" | "other"): EditState {
  if (text === "") return { ...state, last: "other" };
  const goesOn = how === "insert" && state.last === "insert" && state.run < MAX_RUN;
  const next = changed(state, at.insert(state.line, text), { remember: !goesOn });
  return { ...next, last: how, run: goesOn ? state.run + text.length : text.length };
}

/** The state with another text; the one before can be had back. */
function changed(state: EditState, line: Line, options: { remember?: boolean } = {}): EditState {
  if (line.text === state.line.text) return moved(state, line.cursor);
  const { remember = true } = options;
  const undo = remember ? [...state.undo, state.line].slice(-MAX_UNDO) : state.undo;
  return { ...state, line, undo, last: "other", yank: undefined };
}

function moved(state: EditState, cursor: number): EditState {
  return { ...state, line: { ...state.line, cursor }, last: "other", yank: undefined };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Takes a part out, to be yanked; kills one after the other are one. */
function killed(state: EditState, { start, end }: Span): Edited {
  if (start === end) return { state: { ...state, last: "other" }, effect: "bell" };
  const text = state.line.text.slice(start, end);
  const backwards = end === state.line.cursor && start !== end;
  const newest = state.kills.at(-1);
  const kills = state.last === "kill" && newest !== undefined
    ? [...state.kills.slice(0, -1), backwards ? text + newest : newest + text]
    : [...state.kills, text].slice(-MAX_KILLS);
  return { state: { ...changed(state, at.cut(state.line, start, end)), kills, last: "kill" } };
}

function deleted(state: EditState, { start, end }: Span): Edited {
  if (start === end) return { state: { ...state, last: "other" }, effect: "bell" };
  return { state: changed(state, at.cut(state.line, start, end)) };
}

function yanked(state: EditState, index: number): Edited {
  const text = state.kills[index];
  if (text === undefined) return { state, effect: "bell" };
  const start = state.last === "yank" && state.yank !== undefined
    ? state.yank.start
    : state.line.cursor;
  const base = at.cut(state.line, start, state.line.cursor);
  const next = changed(state, at.insert(base, text));
  return { state: { ...next, last: "yank", yank: { start, index } } };
}

/** The kill before the one that was just yanked, round and round. */
function yankOlder(state: EditState): Edited {
  if (state.last !== "yank" || state.yank === undefined) return { state, effect: "bell" };
  const { length } = state.kills;
  return yanked(state, (state.yank.index + length - 1) % length);
}

function undone(state: EditState): Edited {
  const line = state.undo.at(-1);
  if (line === undefined) return { state, effect: "bell" };
  const undo = state.undo.slice(0, -1);
  return { state: { ...state, line, undo, last: "other", yank: undefined } };
}

/** Shows the line of the history at `place`; behind the newest is what was typed. */
function recalled(state: EditState, place: number): Edited {
  if (place < 0 || place > state.history.length || place === state.place) {
    return { state, effect: "bell" };
  }
  const draft = state.place === state.history.length ? state.line : state.draft;
  const text = state.history[place];
  const line = text === undefined ? draft : { text, cursor: text.length };
  return { state: { ...state, line, place, draft, undo: [], last: "other", yank: undefined } };
}

/** Swaps the two letters around the cursor, at the end of the line the last two. */
function transposed(state: EditState): Edited {
  const { text, cursor } = state.line;
  const middle = cursor === text.length ? at.before(text, cursor) : cursor;
  const start = at.before(text, middle);
  const end = at.after(text, middle);
  if (start === middle || middle === end) return { state, effect: "bell" };
  const swapped = text.slice(middle, end) + text.slice(start, middle);
  const line = { text: text.slice(0, start) + swapped + text.slice(end), cursor: end };
  return { state: changed(state, line) };
}

type Command = (state: EditState) => Edited;

const to = (place: (line: Line) => number): Command => (state) => ({
  state: moved(state, place(state.line)),
});
const kill = (span: (line: Line) => Span): Command => (state) => killed(state, span(state.line));
const remove = (span: (line: Line) => Span): Command => (state) => deleted(state, span(state.line));
const effect = (name: Effect): Command => (state) => ({ state, effect: name });
const wait = (prefix: "ctrl-v" | "ctrl-x"): Command => (state) => ({ state: { ...state, prefix } });
const search = (direction: -1 | 1): Command => (state) => ({
  state: {
    ...state,
    search: beginSearch(state, direction),
    draft: state.place === state.history.length ? state.line : state.draft,
    last: "other",
  },
});

const backChar: Command = remove(({ text, cursor }) => ({
  start: at.before(text, cursor),
  end: cursor,
}));
const deleteChar: Command = remove(({ text, cursor }) => ({
  start: cursor,
  end: at.after(text, cursor),
}));
const backWord: Command = kill(({ text, cursor }) => ({
  start: at.wordStart(text, cursor),
  end: cursor,
}));
const start = to(() => 0);
const end = to(({ text }) => text.length);
const left = to(({ text, cursor }) => at.before(text, cursor));
const right = to(({ text, cursor }) => at.after(text, cursor));
const wordLeft = to(({ text, cursor }) => at.wordStart(text, cursor));
const wordRight = to(({ text, cursor }) => at.wordEnd(text, cursor));
const older: Command = (state) => recalled(state, state.place - 1);
const newer: Command = (state) => recalled(state, state.place + 1);

const COMMANDS: Readonly<Record<string, Command>> = {
  "ctrl-a": start,
  home: start,
  "ctrl-e": end,
  end,
  "ctrl-b": left,
  left,
  "ctrl-f": right,
  right,
  "alt-b": wordLeft,
  "ctrl-left": wordLeft,
  "alt-left": wordLeft,
  "alt-f": wordRight,
  "ctrl-right": wordRight,
  "alt-right": wordRight,
  backspace: backChar,
  delete: deleteChar,
  "ctrl-d": (state) => state.line.text === "" ? { state, effect: "leave" } : deleteChar(state),
  "ctrl-k": kill(({ text, cursor }) => ({ start: cursor, end: text.length })),
  "ctrl-u": kill(({ cursor }) => ({ start: 0, end: cursor })),
  "ctrl-w": kill(({ text, cursor }) => ({ start: at.blankWordStart(text, cursor), end: cursor })),
  "alt-d": kill(({ text, cursor }) => ({ start: cursor, end: at.wordEnd(text, cursor) })),
  "alt-backspace": backWord,
  "alt-ctrl-h": backWord,
  "ctrl-y": (state) => yanked({ ...state, last: "other" }, state.kills.length - 1),
  "alt-y": yankOlder,
  "ctrl-t": transposed,
  "ctrl-_": undone,
  "ctrl-x": wait("ctrl-x"),
  "ctrl-x ctrl-u": undone,
  "ctrl-v": wait("ctrl-v"),
  "ctrl-q": wait("ctrl-v"),
  up: older,
  "ctrl-p": older,
  down: newer,
  "ctrl-n": newer,
  "page-up": (state) => recalled(state, 0),
  "alt-<": (state) => recalled(state, 0),
  "page-down": (state) => recalled(state, state.history.length),
  "alt->": (state) => recalled(state, state.history.length),
  "ctrl-r": search(-1),
  "ctrl-s": search(1),
  "ctrl-l": effect("clear"),
  "ctrl-g": effect("bell"),
  "ctrl-c": effect("interrupt"),
  enter: effect("accept"),
  tab: effect("complete"),
};
