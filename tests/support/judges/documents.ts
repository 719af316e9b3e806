/**
 * PURE. Reads the project's documents: fenced blocks with their marks, links, anchors.
 *
 * A block of commands is marked in its info string:
 *
 *     ```sh run                        a test executes it
 *     ```sh no-run reason="…"          not executed, and why
 *     ```yaml                          a configuration, checked by `maglevd --check`
 *     ```yaml promtool                 a configuration of Prometheus, checked by promtool
 *     ```nginx checked-by="tests/…"    a file of another program, and the test that uses it
 *     ```text                          to be read: output, and parts of files
 */

/** A fenced block. */
export interface Block {
  /** Line of its first fence, from 1 on. */
  readonly line: number;
  readonly language: string;
  /** Words of the info string after the language. */
  readonly mark: string;
  readonly text: string;
}

/** Languages whose blocks a reader executes. */
const COMMANDS = ["sh", "bash", "console", "python"];

const CHECKED_BY = /^checked-by="(tests\/[\w/]+_test\.ts)"$/;

const FENCED = /^```(\w*)([^\n]*)\n([\s\S]*?)^```$/gm;

/** The fenced blocks of a document. */
export function blocksOf(document: string): Block[] {
  return [...document.matchAll(FENCED)].map((match) => ({
    line: lineAt(document, match.index),
    language: match[1]!,
    mark: match[2]!.trim(),
    text: match[3]!,
  }));
}

/** The test that a block's mark names. */
export function checkedBy({ mark }: Block): string | undefined {
  return CHECKED_BY.exec(mark)?.[1];
}

/** What is wrong with the marks of a document, one sentence each. */
export function markProblems(document: string): string[] {
  const fenced = blocksOf(document).flatMap(({ line, language, mark }) => {
    const fine = COMMANDS.includes(language)
      ? mark === "run" && language === "sh" || /^no-run reason="[^"]{10,}"$/.test(mark)
      : language === "yaml"
      ? mark === "" || mark === "promtool"
      : language === "text"
      ? mark === ""
      : language !== "" && CHECKED_BY.test(mark);
    return fine ? [] : [`line ${line}: cannot use the mark "${language} ${mark}"`];
  });
  const prose = document.replace(FENCED, (block) => block.replace(/[^\n]/g, " "));
  // An indented block has no mark; within lists an indent is text.
  const indented = [...prose.matchAll(/(?<=\n\n) {4}\S.*/g)].map(({ index }) =>
    `line ${lineAt(prose, index)}: an indented block has no mark; use a fence`
  );
  return [...fenced, ...indented];
}

/** A link or an image. */
export interface Link {
  readonly line: number;
  readonly target: string;
}

/** Links of a document, outside of code. */
export function linksOf(document: string): Link[] {
  const prose = document.replace(FENCED, (block) => block.replace(/[^\n]/g, " "))
    .replace(/`[^`]*`/g, (code) => code.replace(/[^\n]/g, "x"));
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({
    line: lineAt(prose, match.index),
    target: match[1]!,
  }));
}

/** Addresses on the internet in a text; those of examples, of loopback and of private hosts are not. */
export function externalAddresses(text: string): string[] {
  return [...text.matchAll(/\bhttps?:\/\/[^\s<>()"'`|\\]+/g)].map(([address]) =>
    address.replace(/[.,:;]+$/, "")
  ).filter((address) => {
    const host = URL.parse(address)?.hostname ?? address;
    return host.includes(".") && !/^[\d.]+$|(?:^|\.)example(?:$|\.(?:com|net|org)$)/.test(host);
  });
}

/** The anchors of a document's headings, as GitHub forms them. */
export function anchorsOf(document: string): ReadonlySet<string> {
  const prose = document.replace(FENCED, "");
  const anchors = new Set<string>();
  for (const [, heading] of prose.matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const base = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").replaceAll(" ", "-");
    for (let n = 0;; n++) {
      const anchor = n === 0 ? base : `${base}-${n}`;
      if (anchors.has(anchor)) continue;
      anchors.add(anchor);
      break;
    }
  }
  return anchors;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
