/**
 * Random YAML texts: trees in all the styles in which people and programs write them, most of them
 * valid, and damage that is typical of such texts.
 */
import { type Below, mutateText } from "../fakes/fuzz.ts";

const WORDS = [
  "a",
  "b",
  "key",
  "maglev",
  "healthcheck",
  "x-y_z",
  "192.0.2.1",
  "2001:db8::1",
  "::1",
  "true",
  "False",
  "yes",
  "null",
  "~",
  "NULL",
  "80",
  "-5",
  "+7",
  "0x50",
  "0o17",
  "017",
  "1_000",
  "1e3",
  "-.5",
  ".inf",
  "-.INF",
  ".nan",
  "2.0",
  "2s",
  "99999999999999999999",
  "-0",
  "12:30",
  "http://a.example:80/x?y=z#t",
  "two words",
  "a#b",
  "it's",
  'say "no"',
  "a,b",
  "a[0]",
  "{x}",
  "a\\b",
  "ä😀",
  "a- b",
  "-x",
  "--x",
  "...",
  ".5.",
  "?x",
  ":x",
  "<<",
  "=",
  "a:b",
  "a:",
  "a\tb",
  "@x",
  "%x",
  "!x",
  "\u2028",
  "\uFEFFx",
];

/** One of `values`; the first ones are more frequent. */
function pick<T>(values: readonly T[], below: Below): T {
  return values[Math.min(below(values.length), below(values.length))]!;
}

/** True once in `n` times. */
function once(n: number, below: Below): boolean {
  return below(n) === 0;
}

/** A text of one document, or nearly. */
export function randomYaml(below: Below): string {
  const printer = new Printer(below);
  const body = once(8, below) ? `${printer.flow(0, 3)}\n` : printer.block(below(6) ? 0 : 2, 4);
  let text = `${
    pick(["", "", "", "# comment\n", "---\n", "\n", "--- # c\n", "%YAML 1.2\n---\n"], below)
  }${body}`;
  if (once(12, below)) text += pick(["...\n", "# end\n", "\n\n", "  ", "---\n", "b: 1\n"], below);
  if (once(10, below)) text = text.replaceAll("\n", "\r\n");
  if (once(20, below)) text = text.replace(/\n$/, "");
  return once(30, below) ? `\uFEFF${text}` : text;
}

const PIECES = [
  " ",
  "\n",
  "  ",
  ":",
  ": ",
  "- ",
  "#",
  " #",
  ",",
  "'",
  '"',
  "\\",
  "[",
  "]",
  "{",
  "}",
  "&a ",
  "*a",
  "? ",
  "|",
  ">",
  "|-\n",
  "!",
  "\t",
  "\r\n",
  "---",
  "...",
  "<<: ",
  "~",
  "0",
];

/** `text` with one to three places changed. */
export function damagedYaml(text: string, below: Below): string {
  if (once(4, below)) return mutateText(text, below);
  let result = text;
  for (let i = below(3); i >= 0; i--) {
    const lines = result.split("\n");
    const line = below(lines.length);
    const at = below(result.length + 1);
    switch (below(6)) {
      case 0:
        lines[line] = " ".repeat(below(3)) + lines[line];
        result = lines.join("\n");
        break;
      case 1:
        lines[line] = lines[line]!.slice(below(3));
        result = lines.join("\n");
        break;
      case 2:
        lines.splice(line, 1 + below(2));
        result = lines.join("\n");
        break;
      case 3:
        lines.splice(below(lines.length), 0, lines[line]!);
        result = lines.join("\n");
        break;
      case 4:
        result = result.slice(0, at) + result.slice(at + 1 + below(3));
        break;
      default:
        result = result.slice(0, at) + PIECES[below(PIECES.length)] + result.slice(at);
    }
  }
  return result;
}

class Printer {
  readonly #below: Below;
  #anchors = 0;

  constructor(below: Below) {
    this.#below = below;
  }

  /** A map or list as a block in column `indent`; ends with a line break. */
  block(indent: number, depth: number): string {
    const pad = " ".repeat(indent);
    const count = 1 + this.#below(4);
    const isList = once(3, this.#below);
    let text = "";
    for (let i = 0; i < count; i++) {
      if (once(9, this.#below)) text += this.#blank(indent);
      const head = isList ? "-" : `${this.#key(i)}:`;
      text += pad + head + this.#value(indent, depth, isList);
    }
    return text;
  }

  #blank(indent: number): string {
    return pick(
      ["\n", `${" ".repeat(indent)}# note\n`, "# note\n", "   \n", "      # deep\n"],
      this.#below,
    );
  }

  #key(index: number): string {
    const below = this.#below;
    if (once(12, below)) return "<<";
    const word = below(3) ? `k${index}` : pick(WORDS, below);
    return pick([
      word,
      word,
      word,
      `"${word}"`,
      `'${word}'`,
      `${word} `,
      `&k ${word}`,
      `? ${word}\n`,
    ], below);
  }

  /** What follows a `-` or a key and its colon; ends with a line break. */
  #value(indent: number, depth: number, isList: boolean): string {
    const below = this.#below;
    const anchor = once(8, below) ? ` ${this.#anchor()}` : "";
    const end = this.#lineEnd();
    if (depth > 0 && below(3) === 0) {
      const deeper = indent + 1 + below(3);
      if (isList && anchor === "" && below(2)) {
        const spaces = " ".repeat(deeper - indent - 1) || " ";
        return spaces + this.block(indent + 1 + spaces.length, depth - 1).trimStart();
      }
      const same = !isList && once(5, below);
      return anchor + end + this.block(same ? indent : deeper, depth - 1);
    }
    if (once(15, below)) return `${anchor} ${this.#blockScalar(indent)}`;
    if (depth > 0 && once(4, below)) return `${anchor} ${this.flow(indent, depth - 1)}${end}`;
    if (once(8, below)) return anchor + end;
    if (once(10, below)) return ` *${this.#name()}${end}`;
    if (once(25, below)) return `${anchor} !!str ${this.#scalar()}${end}`;
    return `${anchor} ${this.#scalar()}${end}`;
  }

  #lineEnd(): string {
    return pick(
      ["\n", "\n", "\n", "\n", " # note\n", "  \n", "#note\n", "\t\n", " \t# note\n"],
      this.#below,
    );
  }

  #anchor(): string {
    this.#anchors++;
    return `&${this.#name()}`;
  }

  #name(): string {
    return pick(["a", "b", "a-1", "ä", "c:"], this.#below);
  }

  #scalar(): string {
    const below = this.#below;
    const word = pick(WORDS, below);
    if (below(3)) return word;
    return pick([
      `"${word}"`,
      `'${word}'`,
      `'it''s ${word}'`,
      `"a\\n\\x41\\u00e4${word}"`,
      `"a\\/\\\\\\"${word}"`,
      `"\\q${word}"`,
      `"\\ud83d\\ude00"`,
      `""`,
      `''`,
      `"two\n     lines"`,
      `${word}\n        more`,
    ], below);
  }

  #blockScalar(indent: number): string {
    const below = this.#below;
    const pad = " ".repeat(indent + 1 + below(3));
    const header = pick(["|", ">", "|-", ">-", "|+", ">+", "|2", "| # note"], below);
    const lines = Array.from(
      { length: below(5) },
      () =>
        pick([
          `${pad}text`,
          `${pad}more text`,
          "",
          `${pad}# no note`,
          `${pad} deeper`,
          pad,
          `${pad}\ttab`,
        ], below),
    );
    return [header, ...lines, ""].join("\n");
  }

  /** A map or list in brackets. */
  flow(indent: number, depth: number): string {
    const below = this.#below;
    const isList = once(2, below);
    const items: string[] = [];
    for (let i = below(4); i > 0; i--) {
      const value = this.#flowValue(indent, depth);
      if (isList) items.push(value);
      else items.push(`${this.#flowKey(i)}${value}`);
    }
    const [open, close] = isList ? "[]" : "{}";
    const gap = once(4, below)
      ? `\n${" ".repeat(indent + below(4))}`
      : pick(["", " ", "  ", " # note\n   ", "\t"], below);
    const last = once(6, below) ? "," : "";
    return open + gap + items.join(`,${gap || " "}`) + last + gap + close;
  }

  #flowKey(index: number): string {
    const word = once(4, this.#below) ? pick(WORDS, this.#below) : `f${index}`;
    return pick([
      `${word}: `,
      `"${word}": `,
      `"${word}":`,
      `'${word}': `,
      `${word} : `,
      `<<: `,
      `${word}:`,
    ], this.#below);
  }

  #flowValue(indent: number, depth: number): string {
    const below = this.#below;
    if (depth > 0 && once(4, below)) return this.flow(indent, depth - 1);
    if (once(8, below)) return `*${this.#name()}`;
    const anchor = once(10, below) ? `${this.#anchor()} ` : "";
    return anchor + (once(8, below) ? "" : this.#scalar());
  }
}
