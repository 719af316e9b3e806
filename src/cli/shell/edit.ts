/**
 * PURE. The line editor: a state, and a function from a state and a key to the next state. The keys
 * are those of readline's default (emacs) mode, which users know from bash.
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
  /** Lines that Ctrl-_ restores, the newest last. */
  readonly undo: readonly Line[];
  /** The text that was killed last, which Ctrl-Y inserts. */
  readonly killed: string;
  /** Effect of the last key: kills in a row are joined, letters in a row are undone together. */
  readonly last: "insert" | "kill" | "other";
  /** Letters that were typed in a row and are undone together. */
  readonly run: number;
  /** Earlier lines, the oldest first. */
  readonly history: readonly string[];
  /** Index of the line that is shown; the length of `history` stands for the draft. */
  readonly place: number;
  /** The line that was typed before moving into the history. */
  readonly draft: Line;
  readonly search: Search | undefined;
}

/** An action for the caller, which the state does not contain. */
export type Effect = "accept" | "help" | "complete" | "leave" | "interrupt" | "clear" | "bell";

export interface Edited {
  readonly state: EditState;
  readonly effect?: Effect;
}

const MAX_UNDO = 200;
/** Letters that one undo removes, as in readline. */
const MAX_RUN = 20;

/** An empty line over `history`; `killed` is the text that Ctrl-Y inserts. */
export function newLine(history: readonly string[], killed = ""): EditState {
  const line = { text: "", cursor: 0 };
  return {
    line,
    undo: [],
    killed,
    last: "other",
    run: 0,
    history,
    place: history.length,
    draft: line,
    search: undefined,
  };
}

/** The state after a key. */
export function edit(state: EditState, key: Key): Edited {
  if (state.search !== undefined) return editSearch(state, state.search, key);
  if (key.kind === "paste") return { state: typed(state, at.insertable(key.text), "other") };
  if (key.kind === "text") {
    if (key.text === "?" && !isQuoted(state.line)) {
      return { state: { ...state, last: "other" }, effect: "help" };
    }
    return { state: typed(state, at.insertable(key.text), "insert") };
  }
  const command = COMMANDS[key.name];
  return command === undefined ? { state, effect: "bell" } : command(state);
}

/** Replaces the text from `start` to the cursor, for example by a completed word. */
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

/** True when a character typed now would be within quotes, or after a backslash. */
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

/** The state with another text; the previous text can be restored by undo. */
function changed(state: EditState, line: Line, options: { remember?: boolean } = {}): EditState {
  if (line.text === state.line.text) return moved(state, line.cursor);
  const { remember = true } = options;
  const undo = remember ? [...state.undo, state.line].slice(-MAX_UNDO) : state.undo;
  return { ...state, line, undo, last: "other" };
}

function moved(state: EditState, cursor: number): EditState {
  return { ...state, line: { ...state.line, cursor }, last: "other" };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Removes a part and keeps it for Ctrl-Y; kills in a row are joined. */
function kill(state: EditState, { start, end }: Span): Edited {
  if (start === end) return { state: { ...state, last: "other" }, effect: "bell" };
  const text = state.line.text.slice(start, end);
  const backwards = end === state.line.cursor;
  const earlier = state.last === "kill" ? state.killed : "";
  const killed = backwards ? text + earlier : earlier + text;
  return { state: { ...changed(state, at.cut(state.line, start, end)), killed, last: "kill" } };
}

function deleted(state: EditState, { start, end }: Span): Edited {
  if (start === end) return { state: { ...state, last: "other" }, effect: "bell" };
  return { state: changed(state, at.cut(state.line, start, end)) };
}

function yanked(state: EditState): Edited {
  if (state.killed === "") return { state, effect: "bell" };
  return { state: changed(state, at.insert(state.line, state.killed)) };
}

function undone(state: EditState): Edited {
  const line = state.undo.at(-1);
  if (line === undefined) return { state, effect: "bell" };
  const undo = state.undo.slice(0, -1);
  return { state: { ...state, line, undo, last: "other" } };
}

/** Shows the line of the history at `place`; after the newest comes the draft. */
function recalled(state: EditState, place: number): Edited {
  if (place < 0 || place > state.history.length || place === state.place) {
    return { state, effect: "bell" };
  }
  const draft = state.place === state.history.length ? state.line : state.draft;
  const text = state.history[place];
  const line = text === undefined ? draft : { text, cursor: text.length };
  return { state: { ...state, line, place, draft, undo: [], last: "other" } };
}

type Command = (state: EditState) => Edited;

const to = (place: (line: Line) => number): Command => (state) => ({
  state: moved(state, place(state.line)),
});
const killing = (span: (line: Line) => Span): Command => (state) => kill(state, span(state.line));
const remove = (span: (line: Line) => Span): Command => (state) => deleted(state, span(state.line));
const effect = (name: Effect): Command => (state) => ({ state, effect: name });
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
const backWord: Command = killing(({ text, cursor }) => ({
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
  "ctrl-k": killing(({ text, cursor }) => ({ start: cursor, end: text.length })),
  "ctrl-u": killing(({ cursor }) => ({ start: 0, end: cursor })),
  "ctrl-w": killing(({ text, cursor }) => ({
    start: at.blankWordStart(text, cursor),
    end: cursor,
  })),
  "alt-d": killing(({ text, cursor }) => ({ start: cursor, end: at.wordEnd(text, cursor) })),
  "alt-backspace": backWord,
  "alt-ctrl-h": backWord,
  "ctrl-y": yanked,
  "ctrl-_": undone,
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
