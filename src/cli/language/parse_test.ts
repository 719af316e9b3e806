/**
 * Goal: valid lines have the right meaning, and invalid ones the right message. Values have their
 * own table.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { candidates, complete } from "./complete.ts";
import { helpAt } from "./help.ts";
import type { SlotKind, TreeNode } from "./node.ts";
import { parse } from "./parse.ts";
import { commandSyntaxes } from "./syntax.ts";
import { TREE } from "./tree.ts";
import { checkValue } from "./values.ts";
import { MAX_WORD_LENGTH, MAX_WORDS } from "./walk.ts";

function words(line: string): readonly string[] {
  return line.split(" ").filter((word) => word !== "");
}

Deno.test("parse() accepts shortened words and options in any order, and normalizes values", () => {
  const cases: readonly (readonly [string, string, Record<string, string>])[] = [
    ["sh ba nginx0", "show backend", { backend: "nginx0" }],
    ["show frontend", "show frontends", {}],
    ["show healthcheck http", "show healthcheck", { healthcheck: "http" }],
    ["sh vp l c", "show vpp lb counters", {}],
    ["exi", "quit", {}],
    ["exp b a", "explain backend", { backend: "a" }],
    ["sh hi b a s 2027-01-31T18:00:00Z n 5", "show history", {
      backend: "a",
      since: "2027-01-31T18:00:00.000Z",
      num: "5",
    }],
    ["se b a pa for 3d4h", "set backend pause", { backend: "a", for: "76h" }],
    ["set b a dis un 2027-01-31T19:00:00+01:00 r x", "set backend disable", {
      backend: "a",
      until: "2027-01-31T18:00:00.000Z",
      reason: "x",
    }],
    ["set f web p blue b nginx0 w 007", "set weight", {
      frontend: "web",
      pool: "blue",
      backend: "nginx0",
      weight: "7",
    }],
    ["w e fr log lev e b num 01", "watch events", {
      frontend: "",
      log: "",
      backend: "",
      level: "error",
      num: "1",
    }],
    // Next to a name an option needs all its letters.
    ["w e b web1 fr web num 1", "watch events", { backend: "web1", frontend: "web", num: "1" }],
    ["w e b fr frontend b", "watch events", { backend: "fr", frontend: "b" }],
    ["w e b frontend backend", "watch events", { backend: "", frontend: "backend" }],
    ["set f web p blue b nginx0 w f r x", "set weight file", {
      frontend: "web",
      pool: "blue",
      backend: "nginx0",
      reason: "x",
    }],
    ["plan b a pa fo 1h r x", "plan backend pause", { backend: "a", for: "1h", reason: "x" }],
    ["he wa e", "help", { topic: "watch events" }],
    ["help set b dis", "help", { topic: "set backend disable" }],
    ["comp f", "completion", { shell: "fish" }],
  ];
  for (const [line, command, args] of cases) {
    deepEqual(parse(words(line)), { kind: "command", invocation: { command, args } }, line);
  }
  deepEqual(parse([]), { kind: "empty" });
});

Deno.test("parse() accepts names that are words of the tree, or words like __proto__", () => {
  const cases: readonly (readonly [string, string, Record<string, string>])[] = [
    ["set backend pause pause", "set backend pause", { backend: "pause" }],
    ["show backend backend", "show backend", { backend: "backend" }],
    ["set f pool p pool b backend w 1", "set weight", {
      frontend: "pool",
      pool: "pool",
      backend: "backend",
      weight: "1",
    }],
    // Where a name may stand, an option needs all its letters; the whole word is the option.
    ["sync vpp lb state re", "sync vpp lb state", { frontend: "re" }],
    ["sync vpp lb state reason reason", "sync vpp lb state", { reason: "reason" }],
    ["sync vpp lb state reasons reason for", "sync vpp lb state", {
      frontend: "reasons",
      reason: "for",
    }],
    ["show backend __proto__", "show backend", { backend: "__proto__" }],
  ];
  for (const [line, command, args] of cases) {
    deepEqual(parse(words(line)), { kind: "command", invocation: { command, args } }, line);
  }
});

Deno.test("parse() prefers a full word or other spelling, then the only word with that beginning, then the slot", () => {
  const leaf = (word: string): TreeNode => ({ kind: "word", word, help: "H", run: "help" });
  const tree: readonly TreeNode[] = [
    leaf("all"),
    leaf("allow"),
    leaf("other"),
    { kind: "word", word: "exit", also: ["bye"], help: "H", run: "quit" },
    { kind: "slot", name: "frontend", slot: "frontend", help: "H", run: "show frontend" },
  ];
  const meaning = (word: string) => {
    const parsed = parse([word], tree);
    return parsed.kind === "command" ? parsed.invocation.command : parsed.kind;
  };
  deepEqual(
    ["all", "allo", "o", "bye", "by", "al", "alla", "z", ""].map(meaning),
    ["help", "help", "help", "quit", ...Array(4).fill("show frontend"), "error"],
  );
});

Deno.test("parse() reports an error with its place and the expected words", () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["s"], 'ambiguous word "s": show, set or sync'],
    [["show", "v"], 'show: ambiguous word "v": version or vpp'],
    [
      ["show", "frontens", "x"],
      'show: unknown word "frontens"; expected version, frontends, backends, healthchecks, intents, status, fleet, history or vpp; ' +
      'did you mean "frontends"?',
    ],
    [
      [""],
      'unknown word ""; expected show, explain, set, cancel, plan, fleet, sync, config, watch, completion, help, ' +
      "quit or exit",
    ],
    [["set", "backend"], "set backend: incomplete; expected <name>: Name of the backend"],
    [
      ["set", "b", "two words"],
      'backend: need a name (1 to 128 characters, no blanks or control characters), not "two words"',
    ],
    [
      ["set", "b", "a"],
      "set backend a: incomplete; expected pause, resume, enable, disable, clear or drain",
    ],
    [["set", "f", "a", "p", "b", "b", "c", "w", "101"], "weight: need 0 to 100, not 101"],
    [
      ["help", "me"],
      'help: unknown word "me"; expected show, explain, set, cancel, plan, fleet, sync, config, watch, completion, quit or ' +
      "exit, or the end of the line",
    ],
    [
      ["set", "b", "a", "pause", "reason", "disk", "full"],
      'set backend a pause reason disk: unknown word "full"; expected for, until, in, from, fleet, site, lb or force, or the end of ' +
      "the line; text with blanks needs quotes",
    ],
    [
      ["config", "reload", "reason", "new", "rack"],
      'config reload reason new: unknown word "rack"; expected plan, or the end of the line; text ' +
      "with blanks needs quotes",
    ],
    [
      ["set", "b", "a", "pause", "for", "1h", "until"],
      "set backend a pause for 1h: until does not go with for; expected reason, in, from, fleet, site, lb or force, or the end of the " +
      "line",
    ],
    [
      ["config", "reload", "reason", "x", "reason"],
      "config reload reason x: reason was given already; expected plan, or the end of the line",
    ],
    [
      ["watch", "events", "level"],
      "watch events: level needs log before it; expected num, log, backend or frontend, or the end " +
      "of the line",
    ],
    [
      ["show", "x\x1b[2J\u202e"],
      'show: unknown word "x\\u001b[2J\\u{202e}"; expected version, ' +
      "frontends, backends, healthchecks, intents, status, fleet, history or vpp",
    ],
    [
      ["set", "b", "naïve", "x"],
      'set backend "naïve": unknown word "x"; expected pause, resume, enable, disable, clear or drain',
    ],
  ];
  for (const [line, message] of cases) {
    deepEqual(parse(line), { kind: "error", message }, line.join(" "));
  }
});

Deno.test("parse() accepts valid values of slots, and reports the required form of others", () => {
  const long = "x".repeat(129);
  const good: readonly (readonly [SlotKind, string, string])[] = [
    ["weight", "0", "0"],
    ["weight", "100", "100"],
    ["count", "1000000000", "1000000000"],
    ["level", "d", "debug"],
    ["level", "debug", "debug"],
    ["level", "INFO", "info"],
    ["level", "Warn", "warn"],
    ["duration", "90s", "1m30s"],
    ["duration", "1d", "24h"],
    ["duration", "1.5ms", "2ms"],
    ["time", "2027-01-31T18:00:00Z", "2027-01-31T18:00:00.000Z"],
    ["time", "2028-02-29t00:00:00.123456789z", "2028-02-29T00:00:00.123Z"],
    ["time", "2027-01-01T00:30:00+01:00", "2026-12-31T23:30:00.000Z"],
    ["text", "", ""],
    ["text", "x".repeat(500), "x".repeat(500)],
    ["text", "Grüße 👋", "Grüße 👋"],
    ["time", "2262-04-11T23:47:16.854Z", "2262-04-11T23:47:16.854Z"],
    ["duration", "106751d", "2562024h"],
    ["shell", "zsh", "zsh"],
    ["backend", "x".repeat(128), "x".repeat(128)],
    ["pool", "web:80/größe", "web:80/größe"],
  ];
  for (const [slot, text, value] of good) deepEqual(checkValue(slot, text), { ok: true, value });
  const bad: readonly (readonly [SlotKind, readonly string[], RegExp])[] = [
    ["weight", ["", "-1", "101", "1e2", "5.0", "0x10", "5 ", "٣"], /^need 0 to 100, not /],
    ["count", ["", "0", "-1", "1000000001", "many"], /^need a whole number from 1 to 1000000000/],
    ["level", ["", "x", "warning", "Inf0"], /^need debug, info, warn or error, not /],
    ["shell", ["", "sh", "bashful"], /^need bash, zsh or fish, not /],
    [
      "duration",
      [
        "",
        "0",
        "0s",
        "-1h",
        "5",
        "1h-5m",
        "d",
        "1dd",
        "1d-1h",
        "9999999h1",
        "1us",
        "1h".repeat(40),
      ],
      /^need a duration such as 90s, 30m or 3d4h, not /,
    ],
    [
      "time",
      [
        "",
        "tomorrow",
        "18:00",
        "2027-01-31",
        "2027-01-31T18:00:00",
        "2027-02-29T00:00:00Z",
        "2027-01-01T24:00:00Z",
        "2027-01-01T00:00:60Z",
        "2027-01-01T00:00:00+25:00",
        "0000-01-01T00:00:00+01:00",
      ],
      /^need a time with its zone such as 2027-01-31T18:00:00Z, not /,
    ],
    [
      "time",
      ["2262-04-11T23:47:16.855Z", "2300-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
      /^cannot take .*: it is too far away: the latest is 2262-04-11$/,
    ],
    [
      "duration",
      ["106752d", "9999999d", `${"9".repeat(19)}d`, "2562048h", "9999999999999999s"],
      /^cannot take .*: it is too far away: the latest is 2262-04-11$/,
    ],
    ["text", ["x".repeat(501), "two\nlines", "\x1b[2J", "\ud800"], /^need one line of at most 500/],
    ["backend", ["", long, "a b", "a\tb", "a\u200bb", "\x07"], /^need a name \(1 to 128 char/],
  ];
  for (const [slot, texts, message] of bad) {
    for (const text of texts) {
      const checked = checkValue(slot, text);
      ok(!checked.ok, `${slot} ${JSON.stringify(text)}`);
      match(checked.message, message);
    }
  }
});

Deno.test("parse() refuses overlong lines with a bounded message", () => {
  equal(parse(Array(MAX_WORDS + 1).fill("x")).kind, "error");
  const message = (line: readonly string[]) => {
    const parsed = parse(line);
    return parsed.kind === "error" ? parsed.message : "";
  };
  match(message(Array(1e6).fill("show")), /^too many words: need at most 64$/);
  match(
    message(["show", "x".repeat(MAX_WORD_LENGTH + 1)]),
    /^a word is too long: need at most 4096/,
  );
  ok(message(["show", "x".repeat(MAX_WORD_LENGTH)]).length < 300);
  ok(message(["set", "b", "x".repeat(128), "y".repeat(4000)]).length < 500);
});

/** Words of the tree, beginnings of them, values, and anything. */
const WORDS = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...new Set(
        commandSyntaxes(TREE).flatMap(({ pieces, options }) =>
          [...pieces, ...options].map(({ text }) => text)
        ),
      ),
      ..."s se set f b p pause pool weight 50 1h debug for until reason log level num x".split(" "),
    ),
    fc.string({ unit: "binary", maxLength: 12 }),
  ),
  { maxLength: 14 },
);

Deno.test("parse(), complete() and helpAt() take any words without an exception, with printable lines", () => {
  fc.assert(
    fc.property(WORDS, fc.string({ unit: "binary", maxLength: 5 }), (line, partial) => {
      const parsed = parse(line);
      if (parsed.kind === "error") {
        ok(parsed.message.length < 3000);
        ok(!/[\p{Cc}\p{Cf}]/u.test(parsed.message), JSON.stringify(parsed.message));
      }
      candidates(line, partial);
      const help = helpAt(line, partial);
      ok(help.length > 0);
      for (const row of help) ok(row !== "" && !/[\p{Cc}\p{Cf}]/u.test(row), JSON.stringify(row));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parse() reads each candidate of completion as the kind that was offered", async () => {
  const names = [
    "reason",
    "re",
    "nginx0",
    "pause",
    "web:80",
    "ünï",
    "a b",
    "",
    "x\x1b",
    "ü".repeat(200),
  ];
  await fc.assert(
    fc.asyncProperty(WORDS, fc.constantFrom("", "r", "p", "n", "w", "s"), async (line, partial) => {
      for (const { text } of await complete(line, partial, () => Promise.resolve(names))) {
        ok(text.startsWith(partial));
        const parsed = parse([...line, text]);
        const isWord = candidates(line, partial).words.some((word) => word.text === text);
        if (!isWord && parsed.kind === "command") {
          ok(Object.values(parsed.invocation.args).includes(text), `${line.join(" ")} ${text}`);
        }
        ok(
          parsed.kind === "command" ||
            /: incomplete; /.test(parsed.kind === "error" ? parsed.message : ""),
        );
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("parse() gives the same command when all its words are as short as possible", () => {
  for (const { pieces } of commandSyntaxes(TREE)) {
    const full = pieces.map(({ kind, text }) => kind === "word" ? text : sample(text));
    const short = full.map((text, index) => {
      if (pieces[index]!.kind !== "word") return text;
      const before = full.slice(0, index);
      for (let length = 1; length < text.length; length++) {
        if (candidates(before, text.slice(0, length)).words.length === 1) {
          return text.slice(0, length);
        }
      }
      return text;
    });
    deepEqual(parse(short), parse(full));
    equal(parse(full).kind, "command");
  }
});

function sample(placeholder: string): string {
  if (placeholder === "<0-100>") return "50";
  if (placeholder === "<id>") return "0123abcd";
  if (placeholder === "<hash>") return "ab".repeat(32);
  return placeholder.includes("|") ? "zsh" : "zz";
}
