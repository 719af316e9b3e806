/**
 * PURE. A frame as text for the terminal: only the rows that differ from the frame before. It is
 * written between the marks of a synchronized update, so that a terminal shows it whole.
 *
 * @see https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036
 */

const SYNC_BEGIN = "\x1b[?2026h";
const SYNC_END = "\x1b[?2026l";
/** Without wrapping a row of full width does not move the cursor to the next one. */
const WRAP_OFF = "\x1b[?7l";
const WRAP_ON = "\x1b[?7h";
const CLEAR_SCREEN = "\x1b[2J";

/**
 * All rows have the full width of the screen, with blanks, so that nothing has to be cleared. The
 * text that turns a screen with the rows `before` into one with the rows `after`; empty when
 * they are the same. Undefined `before`: the content of the screen is unknown.
 */
export function frameText(before: readonly string[] | undefined, after: readonly string[]): string {
  let rows = before === undefined ? CLEAR_SCREEN : "";
  for (const [row, text] of after.entries()) {
    if (text === before?.[row]) continue;
    rows += `\x1b[${row + 1};1H${text}`;
  }
  return rows === "" ? "" : SYNC_BEGIN + WRAP_OFF + rows + WRAP_ON + SYNC_END;
}
