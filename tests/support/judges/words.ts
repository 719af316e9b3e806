/**
 * Finds phrases that the word rules of this project replace, in comments and in string literals:
 * rule 2 (negations), rule 3 (subjects), rule 4 (verbs of software), rule 6 (adverbs) and rule 9
 * (messages). The patterns are the mechanical part of these rules; the rest is for readers.
 */

/** A phrase to avoid. */
interface Phrase {
  readonly rule: 2 | 3 | 4 | 6 | 9;
  readonly pattern: RegExp;
  readonly instead: string;
  /** Default: both. */
  readonly only?: "comment" | "string";
}

const PHRASES: readonly Phrase[] = [
  {
    rule: 2,
    pattern:
      /(?<!\bthere\s(?:would\s)?)\b(?:is|are|was|were|be)\sno\s(?!(?:longer|larger|more|less|later)\b)[a-z]+/i,
    instead: '"is not a", or "invalid"',
  },
  { rule: 2, pattern: /\b(?:is|are|was|were|has|have)\snone\b/i, instead: '"there is no X"' },
  { rule: 2, pattern: /\bthere\s(?:is|was)\sno\ssuch\b/i, instead: '"no such X", or "not found"' },
  {
    rule: 2,
    pattern: /\b(?:not|never|nothing|n't)\b[^.;:]{0,40}\bany\s?more\b/i,
    instead: '"no longer"',
  },
  {
    rule: 3,
    pattern: /\b(?:whoever|nobody|somebody)\b/i,
    instead: '"caller", "operator", "client", "VPP", or "worker"',
    only: "comment",
  },
  {
    rule: 4,
    pattern: /\b(?:does|do|did|can|could)\s?not\s(?:tell|say)\b/i,
    instead: '"report", "return", or "distinguish"',
    only: "comment",
  },
  {
    rule: 4,
    pattern: /\b(?:tells|told)\b/i,
    instead: '"reports", "sends", "is notified", or "distinguishes"',
  },
  { rule: 4, pattern: /\bsays\b/i, instead: '"reports", "logs", "returns", or "means"' },
  { rule: 4, pattern: /\bknows\b/i, instead: '"has", "keeps", "supports", or "recognizes"' },
  { rule: 4, pattern: /\bwants\b/i, instead: '"needs", "requires", or "requests"' },
  {
    rule: 4,
    pattern: /\btakes?\sleave\b|\bsays?\sgoodbye\b/i,
    instead: '"closes", or "disconnects"',
  },
  { rule: 6, pattern: /\b(?:afresh|anew)\b/i, instead: '"again", or "new"', only: "comment" },
  {
    rule: 9,
    pattern: /\b(?:could\snot|can't|couldn't|unable\sto|failed\sto)\b/i,
    instead: '"cannot <verb> <object>: <reason>; <fix>"',
    only: "string",
  },
  { rule: 9, pattern: /\bto\sbe\shad\b/i, instead: '"available"', only: "string" },
  {
    rule: 9,
    pattern: /^[a-z][^.]* [^.]*[a-z]\.$/,
    instead: "no full stop after a message",
    only: "string",
  },
];

/** Texts of libraries that code recognizes: messages, but not of this project. */
const QUOTED: readonly string[] = ["Failed to start HTTP/2 stream with error "];

/** A phrase that was found. Lines are 1-based. */
export interface Finding {
  readonly line: number;
  readonly rule: number;
  readonly kind: "comment" | "string";
  readonly found: string;
  readonly instead: string;
}

/**
 * Folders whose files follow the word rules. A folder is added here when its text has been revised.
 */
export const CLEAN_FOLDERS: readonly string[] = [
  "bench",
  "ffi",
  "src/async",
  "src/base",
  "src/checker",
  "src/cli",
  "src/config",
  "src/daemon",
  "src/dashboard/hub",
  "src/dashboard/server",
  "src/dashboard/web",
  "src/demo",
  "src/fleet",
  "src/forecast",
  "src/grpc",
  "src/health",
  "src/http",
  "src/intent",
  "src/log",
  "src/metrics",
  "src/probe",
  "src/sim",
  "src/system",
  "src/terminal",
  "src/tester",
  "src/vpp",
  "tests/contract",
  "tests/integration",
  "tests/simulation",
  "tests/support/fakes",
  "tests/support/servers",
  "tests/support/worlds",
  "tests/vpp",
  "tools",
];

/** Files whose strings are the texts of other programs or of people, word for word. */
export const QUOTED_STRINGS: readonly string[] = [
  "src/vpp/wire/retval.ts",
  "tests/support/worlds/cli_words.ts",
];

/** The phrases to avoid in the text of a TypeScript or C file. */
export function phrasesIn(text: string): Finding[] {
  return [...proseOf(text)].flatMap(judge);
}

/** The phrases to avoid in the comments and the test names of a test file. */
export function phrasesInTests(text: string): Finding[] {
  return [...proseOf(text)].filter(({ kind, named }) => kind === "comment" || named).flatMap(judge);
}

/** The phrases to avoid in a Markdown document, outside of code. */
export function phrasesInDocument(text: string): Finding[] {
  const prose = text.replace(CODE, (code) => code.replace(/[^\n]/g, " ")).replace(/\n +/g, "\n");
  let line = 1;
  return prose.split(/(?<=\n)/).reduce<string[]>(intoParagraphs, []).flatMap((content) => {
    const findings = judge({ kind: "comment", content, line });
    line += content.split("\n").length - 1;
    return findings;
  });
}

/** Fenced blocks, indented blocks and code spans. */
const CODE = /^```[\s\S]*?^```|^ {4}.*$|`[^`]+`/gm;

/** Adds a line to the last paragraph, or begins a new one after a blank line and in a list or table. */
function intoParagraphs(paragraphs: string[], line: string): string[] {
  const last = paragraphs.at(-1);
  if (last === undefined || /\n\s*\n$/.test(last) || /^(?:- |\||#)/.test(line)) {
    paragraphs.push(line);
  } else paragraphs[paragraphs.length - 1] = last + line;
  return paragraphs;
}

function judge({ kind, content, line }: Omit<Prose, "named">): Finding[] {
  return PHRASES.flatMap(({ rule, pattern, instead, only }) => {
    if (kind === "string" && QUOTED.includes(content)) return [];
    const match = only === undefined || only === kind ? pattern.exec(content) : null;
    if (match === null) return [];
    const before = content.slice(0, match.index).split("\n").length - 1;
    return [{ line: line + before, rule, kind, found: match[0].replace(/\s+/g, " "), instead }];
  });
}

interface Prose {
  readonly kind: "comment" | "string";
  readonly content: string;
  readonly line: number;
  /** A string that names a test: the argument of a call such as `Deno.test()` or `t.step()`. */
  readonly named: boolean;
}

const NAMING = /(?:test|step)\(\s*(?:\{\s*name:\s*)?$/i;
const STRING = /"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/.source;
const PROSE = new RegExp(
  /\/\*[\s\S]*?\*\/|(?:^[ \t]*\/\/[^\n]*\n)+|\/\/[^\n]*/.source +
    `|(?:${STRING})(?:\\s*\\+\\s*(?:${STRING}))*`,
  "gm",
);

/** Comments without their markers, and the insides of strings; joined where `+` joins them. */
function* proseOf(text: string): Generator<Prose> {
  let line = 1;
  let at = 0;
  for (const match of text.matchAll(PROSE)) {
    line += text.slice(at, match.index).split("\n").length - 1;
    at = match.index;
    const kind = match[0].startsWith("/") ? "comment" : "string";
    const content = kind === "string"
      ? match[0].slice(1, -1).replace(/["`]\s*\+\s*["`]/g, "")
      : match[0].replace(/^[ \t]*(?:\/\*\*?|\*\/|\*|\/\/)/gm, (sign) => " ".repeat(sign.length))
        .replace(/[ \t]+/g, " ");
    const named = NAMING.test(text.slice(Math.max(0, at - 40), at));
    yield { kind, content: content.replace(/\n +/g, "\n"), line, named };
  }
}
