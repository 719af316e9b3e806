/**
 * Joins pieces of bytes. PURE. An event goes to many streams in one turn: those that send the same
 * pieces share one result, so that it is copied and kept once and not for each of them.
 */
export class SharedJoin {
  #pieces: readonly Uint8Array[] = [];
  #joined = new Uint8Array();

  /** The pieces in one; they and the result must not be changed. */
  of(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    const last = this.#pieces;
    if (pieces.length === last.length && pieces.every((piece, at) => piece === last[at])) {
      return this.#joined;
    }
    const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.#pieces = pieces;
    this.#joined = joined;
    return joined;
  }
}
