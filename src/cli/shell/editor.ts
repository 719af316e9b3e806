/**
 * The line editor at a terminal: reads keys and returns lines. edit.ts handles keys, edit_view.ts
 * draws.
 */
import { type Candidate, complete, type Names } from "../language/complete.ts";
import { edit, type EditState, type Effect, newLine, replaceBack } from "./edit.ts";
import { searchPrompt } from "./edit_search.ts";
import { lineToCursor } from "./edit_text.ts";
import { draw, type Frame, leave } from "./edit_view.ts";
import { helpAt } from "../language/help.ts";
import { type Key, KeyDecoder } from "../../terminal/keys.ts";
import { candidateLines, commonPrefix } from "./listing.ts";
import { printable } from "../../terminal/text.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { quoteWord, splitWords } from "../language/words.ts";

export interface EditorOptions {
  readonly terminal: Pick<Terminal, "next" | "write" | "size">;
  readonly prompt: string;
  /** SGR parameters; empty: none. */
  readonly promptStyle: string;
  readonly names: Names;
}

export type LineResult =
  /** The entered line, or several pasted lines. */
  | { readonly kind: "line"; readonly text: string }
  /** Ctrl-D, or no more input. */
  | { readonly kind: "end" };

export class Editor {
  readonly #options: EditorOptions;
  readonly #decoder = new KeyDecoder();
  /** Keys read ahead, which belong to the next line. */
  #keys: Key[] = [];
  #state: EditState = newLine([]);
  /** The drawn part of the line; undefined: none. */
  #frame: Frame | undefined;

  constructor(options: EditorOptions) {
    this.#options = options;
  }

  /** Reads a line; the arrows go through `history`, the oldest first. */
  async readLine(history: readonly string[]): Promise<LineResult> {
    this.#state = newLine(history, this.#state.killed);
    this.#frame = undefined;
    while (true) {
      if (this.#keys.length === 0) {
        this.#draw();
        const ended = await this.#input();
        if (ended) return { kind: "end" };
        continue;
      }
      const { state, effect } = edit(this.#state, this.#keys.shift()!);
      this.#state = state;
      if (effect === undefined) continue;
      const result = await this.#do(effect);
      if (result !== undefined) return result;
    }
  }

  /** Waits for the next event. Returns true when there is no more input. */
  async #input(): Promise<boolean> {
    const input = await this.#options.terminal.next();
    switch (input.kind) {
      case "bytes":
        this.#keys.push(...this.#decoder.push(input.bytes));
        return false;
      case "interrupt":
        this.#interrupt();
        return false;
      case "resize":
        return false;
      case "resume":
        this.#frame = undefined;
        return false;
      case "end":
        this.#below();
        return true;
    }
  }

  async #do(effect: Effect): Promise<LineResult | undefined> {
    const { terminal } = this.#options;
    switch (effect) {
      case "accept":
        this.#draw();
        this.#below();
        return { kind: "line", text: this.#state.line.text };
      case "leave":
        this.#draw();
        this.#below();
        return { kind: "end" };
      case "interrupt":
        this.#interrupt();
        return undefined;
      case "clear":
        terminal.write("\x1b[H\x1b[2J");
        this.#frame = undefined;
        return undefined;
      case "bell":
        terminal.write("\x07");
        return undefined;
      case "help":
        this.#help();
        return undefined;
      case "complete":
        await this.#complete();
        return undefined;
    }
  }

  #interrupt(): void {
    // The typed text stays visible, but is not executed.
    const { text } = this.#state.line;
    this.#state = { ...this.#state, search: undefined, line: { text, cursor: text.length } };
    this.#draw();
    this.#below("^C");
    this.#keys = [];
    this.#decoder.reset();
    this.#state = newLine(this.#state.history, this.#state.killed);
  }

  #help(): void {
    const split = splitWords(lineToCursor(this.#state.line).text);
    if (split.kind === "error") return this.#list([split.message]);
    const { words, partial } = split;
    this.#list(helpAt(words.map(({ text }) => text), partial.text));
  }

  async #complete(): Promise<void> {
    const { start, text } = lineToCursor(this.#state.line);
    const split = splitWords(text);
    if (split.kind === "error") return this.#options.terminal.write("\x07");
    const { words, partial } = split;
    this.#draw();
    const candidates = await complete(
      words.map((word) => word.text),
      partial.text,
      this.#options.names,
    );
    const [first] = candidates;
    if (first === undefined) return this.#options.terminal.write("\x07");
    const place = start + partial.start;
    if (candidates.length === 1) {
      const rest = this.#state.line.text.slice(this.#state.line.cursor);
      const blank = rest.startsWith(" ") ? "" : " ";
      this.#state = replaceBack(this.#state, place, quoteWord(first.text) + blank);
      return;
    }
    const common = commonPrefix(candidates.map((candidate) => candidate.text));
    // A quoted word would be closed, so that nothing can follow it.
    if (common.length > partial.text.length && quoteWord(common) === common) {
      this.#state = replaceBack(this.#state, place, common);
      return;
    }
    this.#listCandidates(candidates);
  }

  #listCandidates(candidates: readonly Candidate[]): void {
    this.#list(candidateLines(candidates, this.#options.terminal.size.columns));
  }

  /** Shows lines below the edited line, and draws it again. */
  #list(lines: readonly string[]): void {
    this.#draw();
    this.#below();
    this.#options.terminal.write(lines.map((line) => `${printable(line)}\r\n`).join(""));
  }

  #below(mark = ""): void {
    const { terminal } = this.#options;
    if (this.#frame !== undefined) terminal.write(mark + leave(this.#frame, terminal.size.columns));
    this.#frame = undefined;
  }

  #draw(): void {
    const { terminal, prompt, promptStyle } = this.#options;
    const { line, search } = this.#state;
    const { output, frame } = draw(this.#frame, {
      prompt: search === undefined ? prompt : searchPrompt(search),
      text: line.text,
      cursor: line.cursor,
      promptStyle: search === undefined ? promptStyle : "",
    }, terminal.size);
    this.#frame = frame;
    terminal.write(output);
  }
}
