/**
 * PURE. Decodes terminal input into keys: UTF-8, control characters, escape sequences of xterm and
 * compatible terminals, and pasted text between the marks of bracketed paste.
 *
 * @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
 */

/** Names are those of readline's manual: `ctrl-a`, `alt-b`, `left`, `ctrl-left`, `home`, …; a `?` is always a text by itself. */
export type Key =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "paste"; readonly text: string }
  | { readonly kind: "key"; readonly name: string };

/** Switches bracketed paste on and off. */
export const PASTE_ON = "\x1b[?2004h";
export const PASTE_OFF = "\x1b[?2004l";

const PASTE_BEGIN = "\x1b[200~";
const PASTE_END = "\x1b[201~";

/** Longest paste that is kept, in UTF-16 units; the rest is dropped. */
export const MAX_PASTE = 256 * 1024;
/** Longest escape sequence; a longer one is dropped. */
const MAX_SEQUENCE = 32;

/** Final byte of `ESC [ … x` and `ESC O x`. */
const FINAL: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  Z: "shift-tab",
};

/** Number of `ESC [ n ~`. */
const NUMBERED: Readonly<Record<string, string>> = {
  "1": "home",
  "3": "delete",
  "4": "end",
  "5": "page-up",
  "6": "page-down",
  "7": "home",
  "8": "end",
};

/** Control characters whose keys have names. */
const NAMED: Readonly<Record<string, string>> = {
  "\t": "tab",
  "\n": "enter",
  "\r": "enter",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x1f": "ctrl-_",
  "\0": "ctrl-@",
};

/** Decodes input that arrives in any pieces. */
export class KeyDecoder {
  readonly #utf8 = new TextDecoder();
  /** Start of an incomplete escape sequence; empty: none is pending. */
  #rest = "";
  /** Text of a paste that has not ended; undefined: no paste is open. */
  #paste: string | undefined;
  /** The rest of that paste is to be dropped. */
  #dropped = false;

  /** The keys that are complete now. */
  push(bytes: Uint8Array): readonly Key[] {
    let input = this.#rest + this.#utf8.decode(bytes, { stream: true });
    this.#rest = "";
    const keys: Key[] = [];
    while (input !== "") {
      const taken = this.#paste === undefined ? this.#key(input, keys) : this.#pasted(input, keys);
      if (taken === 0) {
        this.#rest = input;
        break;
      }
      input = input.slice(taken);
    }
    return keys;
  }

  /**
   * Ctrl-C: drops incomplete input, and the rest of an open paste, because that was not typed. The
   * end of the paste may never arrive, so a second Ctrl-C closes it.
   */
  reset(): void {
    if (this.#paste !== undefined && !this.#dropped) {
      this.#dropped = true;
      return;
    }
    this.#paste = undefined;
    this.#dropped = false;
    this.#rest = "";
    this.#utf8.decode();
  }

  /** Length of the decoded part of `input`; 0: more input is needed. */
  #key(input: string, keys: Key[]): number {
    if (input.startsWith(PASTE_BEGIN)) {
      this.#paste = "";
      return PASTE_BEGIN.length;
    }
    if (input.startsWith("\x1b")) return escape(input, keys);
    // deno-lint-ignore no-control-regex
    const text = /^(?:\?|[^\x00-\x1f\x7f?]+)/.exec(input)?.[0];
    if (text !== undefined) {
      keys.push({ kind: "text", text });
      return text.length;
    }
    keys.push({ kind: "key", name: controlName(input[0]!) });
    return 1;
  }

  #pasted(input: string, keys: Key[]): number {
    const end = input.indexOf(PASTE_END);
    const held = end < 0 ? heldBack(input) : 0;
    const text = input.slice(0, end < 0 ? input.length - held : end);
    this.#paste = (this.#paste! + text).slice(0, MAX_PASTE);
    if (end < 0) return text.length;
    if (!this.#dropped) keys.push({ kind: "paste", text: this.#paste });
    this.#paste = undefined;
    this.#dropped = false;
    return end + PASTE_END.length;
  }
}

/** Length of the partial end mark at the end of `input`. */
function heldBack(input: string): number {
  for (let length = PASTE_END.length - 1; length > 0; length--) {
    if (input.endsWith(PASTE_END.slice(0, length))) return length;
  }
  return 0;
}

function controlName(character: string): string {
  return NAMED[character] ?? `ctrl-${String.fromCharCode(character.charCodeAt(0) | 0x60)}`;
}

/** `input` begins with ESC. */
function escape(input: string, keys: Key[]): number {
  // deno-lint-ignore no-control-regex
  const csi = /^\x1b\x1b?(?:\[([0-9;:<=>?]*)[ -/]*([@-~])|O([@-~]))/.exec(input);
  if (csi !== null) {
    // `ESC O M` is the keypad's; `ESC [ M` and such are reports of a mouse.
    const name = csi[3] === "M" ? "enter" : sequenceName(csi[1] ?? "", csi[2] ?? csi[3]!);
    if (name !== undefined) keys.push({ kind: "key", name });
    return csi[0].length;
  }
  // deno-lint-ignore no-control-regex
  if (/^\x1b\x1b?(?:\[[0-9;:<=>?]*[ -/]*|O)?$/.test(input)) {
    return input.length > MAX_SEQUENCE ? input.length : 0;
  }
  // ESC and then a key is that key with Alt, as on terminals without one.
  const next = String.fromCodePoint(input.codePointAt(1)!);
  // deno-lint-ignore no-control-regex
  const name = /[\x00-\x1f\x7f]/.test(next) ? controlName(next) : next.toLowerCase();
  keys.push({ kind: "key", name: `alt-${name}` });
  return 1 + next.length;
}

function sequenceName(parameters: string, final: string): string | undefined {
  const [number = "", modifier = "1"] = parameters.split(";");
  const name = final === "~" ? NUMBERED[number] : FINAL[final];
  if (name === undefined) return undefined;
  // 1 and then the sum of 1 (shift), 2 (alt), 4 (ctrl).
  const bits = Number(modifier) - 1;
  const prefix = (bits & 4) !== 0 ? "ctrl-" : (bits & 2) !== 0 ? "alt-" : "";
  return prefix + name;
}
