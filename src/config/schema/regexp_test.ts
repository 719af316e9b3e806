import assert from "node:assert/strict";
import fc from "fast-check";
import { compileRegexp, regexpProblem } from "./regexp.ts";

Deno.test("regexpProblem() accepts Go's expressions", () => {
  const good = [
    ...["(?i)ok", "(?s)a.b", "(?m)^a$", "(?U)a+", "(?i:a)b", "(?-s).", "(?P<n>x)", "(?<n>x)"],
    ...[
      "\\A\\z",
      "[[:alpha:]]",
      "[^[:space:]]",
      "\\Qa(b\\E",
      "\\Qabc",
      "\\pL",
      "\\p{Greek}",
      "\\p{^Greek}",
    ],
    ...[
      "\\P{Lu}",
      "\\x{6F}",
      "\\x6f",
      "\\123",
      "\\a\\f\\t\\n\\r\\v",
      "\\/\\-\\_",
      "]}{",
      "a{,2}",
      "a{2,5}?",
    ],
    ...["(|a)*", "[a-z]+?", "\\bup\\B", ""],
  ];
  for (const source of good) assert.equal(regexpProblem(source), undefined, source);
});

Deno.test("regexpProblem() reports Go's message, the character and the fix", () => {
  const cases: [source: string, says: RegExp][] = [
    ["ü[a", /missing closing \] at character 2, "\[a"$/],
    ["(a)(b", /missing closing \) at character 4, "\(b"$/],
    ["[(]\\(\\Q(\\E(", /missing closing \) at character 11, "\("$/],
    ["a)", /unexpected \) at character 2, "\)"$/],
    ["*a", /missing argument to repetition operator at character 1, "\*"$/],
    ["a**", /invalid nested repetition operator at character 2, "\*\*"$/],
    ["a++", /at character 2, "\+\+"; RE2 never backtracks/],
    ["a{1001}", /invalid repeat count at character 2/],
    ["[z-a]", /invalid character class range at character 2, "z-a"$/],
    ["\\p{Nope}", /invalid character class range at character 1/],
    ["(?P<n>a)(?P<n>b)", /duplicate capture group name at character 13, "n"$/],
    ["ab\\", /trailing backslash at end of expression at character 3, "\\\\"$/],
    [
      "(?=a)",
      /invalid or unsupported Perl syntax .*; RE2 has no look-around; .*`response-regexp-not`$/,
    ],
    ["(?<!a)b", /RE2 has no look-around/],
    ["(a)\\1", /invalid escape sequence at character 4.*; RE2 has no back-references$/],
    ["\\u00e9", /write a code point as \\x\{…\}$/],
    ["\\Z", /write \\z$/],
    ["\ud800", /half a surrogate pair/],
  ];
  for (const [source, says] of cases) {
    const problem = regexpProblem(source);
    assert.match(problem ?? "", says, source);
    assert.match(problem!, /^cannot be read as a regular expression \(RE2, as in Go\): /);
  }
});

Deno.test("regexpProblem() returns one line for any expression", () => {
  const syntax = fc.array(
    fc.constantFrom(
      ..."( ) [ ] { } * + ? | ^ $ . \\ a \\Q \\E (? (?P< > : = ! 1 , - \\p \\x ü 😀 \n".split(" "),
    ),
    { maxLength: 12 },
  ).map((parts) => parts.join(""));
  fc.assert(
    fc.property(syntax, (source) => {
      const problem = regexpProblem(source);
      if (problem === undefined) compileRegexp(source).test("a");
      else assert.match(problem, /^[^\n\r\0]{1,400}$/);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a match takes time in proportion to the body, for any expression", () => {
  const body = `${"a".repeat(65_535)}b`;
  for (const source of ["^(a+)+$", "(a|aa)+$", "a*a*a*a*a*c", "[ab]*a[ab]{12}c", "(?i)(x+x+)+y"]) {
    const matcher = compileRegexp(source);
    const fromMs = performance.now();
    assert.equal(matcher.test(body), false);
    // Backtracking would take minutes; this is a hundred times what was measured.
    assert.ok(performance.now() - fromMs < 2000, source);
  }
});
