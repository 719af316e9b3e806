/** What is checked of a text before any reader of YAML has it. */
import { type IssueList, WHOLE } from "../issue.ts";
import { Positions } from "./positions.ts";

/** Maximum of characters in a file. */
export const MAX_CHARACTERS = 16 * 1024 * 1024;

/**
 * Maximum of words, signs, spaces and line breaks: ten times what 10,000 backends need. It bounds
 * the time for a file that consists of line breaks.
 */
export const MAX_LEXEMES = 4_000_000;

/** The message for a file of more than MAX_CHARACTERS. */
export function tooLargeMessage(size: string): string {
  return `the file has ${size}; at most ${MAX_CHARACTERS} are read`;
}

/**
 * `text` without its byte order mark; undefined when it is too long or has control characters,
 * which is then in `issues`.
 */
export function readableText(text: string, issues: IssueList): string | undefined {
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (body.length > MAX_CHARACTERS) {
    issues.add("too-large", WHOLE, tooLargeMessage(`${body.length} characters`));
    return undefined;
  }
  return hasControlCharacters(body, issues) ? undefined : body;
}

/** A control character but tab and line breaks; a carriage return counts without a line feed. */
// deno-lint-ignore no-control-regex
const CONTROL_CHARACTER = /[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]|\r(?!\n)/;

/** YAML allows no control characters but tab and line breaks (YAML 1.2.2, 5.1). */
function hasControlCharacters(text: string, issues: IssueList): boolean {
  const at = text.search(CONTROL_CHARACTER);
  if (at < 0) return false;
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0");
  const what = code === "000D" ? "a carriage return without line feed" : `U+${code}`;
  issues.add(
    "control-character",
    { mark: new Positions(text).markAt(at), path: "" },
    `the file holds a control character (${what}); expected plain text in UTF-8`,
  );
  return true;
}
