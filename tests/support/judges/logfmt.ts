/**
 * Reads lines of Go's slog TextHandler: `key=value` pairs, each part bare or in Go's quotes. It
 * shares nothing with the writer, and refuses what Go would not have written.
 *
 * @see https://go.dev/ref/spec#String_literals
 */

/** The pairs of a line in their order. @throws {Error} when it is not such a line */
export function parseLogfmt(line: string): [key: string, value: string][] {
  const pairs: [string, string][] = [];
  let at = 0;
  function part(stops: string): string {
    if (line[at] === '"') {
      const start = at++;
      while (at < line.length && line[at] !== '"') at += line[at] === "\\" ? 2 : 1;
      if (line[at++] !== '"') throw new Error(`Quote without end at ${start}: ${line}`);
      return unquote(line.slice(start + 1, at - 1));
    }
    const start = at;
    while (at < line.length && !stops.includes(line[at]!)) at++;
    const bare = line.slice(start, at);
    if (bare === "" || /[\s"=]/.test(bare)) {
      throw new Error(`Bare ${JSON.stringify(bare)}: ${line}`);
    }
    return bare;
  }
  while (at < line.length) {
    const key = part("= ");
    if (line[at++] !== "=") throw new Error(`No = after ${JSON.stringify(key)}: ${line}`);
    pairs.push([key, part(" ")]);
    if (at < line.length && line[at++] !== " ") throw new Error(`No space at ${at - 1}: ${line}`);
  }
  return pairs;
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

const ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([\s\S]))/g;

function unquote(text: string): string {
  if (/[\n\r]/.test(text)) throw new Error(`Line break within quotes: ${JSON.stringify(text)}`);
  return text.replace(ESCAPE, (escape, x, u, long, simple) => {
    const hex = x ?? u ?? long;
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    const character = SIMPLE[simple];
    if (character === undefined) throw new Error(`Go has no escape ${escape}`);
    return character;
  });
}
