/**
 * PURE. Decodes the Huffman code of HPACK (RFC 7541, appendix B). The code is canonical: it follows
 * from the length of each symbol's code.
 */

/** Length of the code of each byte, and of the end mark (256), as letters: `a` is 5, `z` is 30. */
const LENGTHS = "isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhf" +
  "ibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjix" +
  "prpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrs" +
  "vvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwv" +
  "z";

const MAX_LENGTH = 30;

/** Codes of one length: the first, and the symbols in order. */
interface Row {
  readonly first: number;
  readonly symbols: readonly number[];
}

/** By length. */
const ROWS: readonly Row[] = rowsOf();

function rowsOf(): readonly Row[] {
  const lengths = [...LENGTHS].map((letter) => letter.charCodeAt(0) - "a".charCodeAt(0) + 5);
  let code = 0;
  return Array.from({ length: MAX_LENGTH + 1 }, (_, length) => {
    const symbols = lengths.flatMap((own, symbol) => (own === length ? [symbol] : []));
    const first = code;
    code = (code + symbols.length) * 2;
    return { first, symbols };
  });
}

/** The text of `bytes`, in Latin-1; undefined when they are not a valid code. */
export function huffmanText(bytes: Uint8Array): string | undefined {
  let text = "";
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1);
      length++;
      const row = ROWS[length];
      if (row === undefined) return undefined;
      const symbol = row.symbols[code - row.first];
      if (symbol === undefined) continue;
      // The end mark is never sent.
      if (symbol === 256) return undefined;
      text += String.fromCharCode(symbol);
      code = length = 0;
    }
  }
  // The last byte is filled with the beginning of the end mark, which is ones.
  return length < 8 && code === (1 << length) - 1 ? text : undefined;
}
