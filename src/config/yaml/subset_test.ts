/**
 * The reader of the common subset against the one of all of YAML: what the subset holds, both read
 * as the same tree, with the same places, and the other one finds no error in it.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Below, fuzz, rounds } from "../../../tests/support/fakes/fuzz.ts";
import { damagedYaml, randomYaml } from "../../../tests/support/worlds/yaml_texts.ts";
import { formatIssue, IssueList } from "../issue.ts";
import { readFull } from "./full.ts";
import { Positions } from "./positions.ts";
import { readSubset } from "./subset.ts";

const FIXTURES = new URL("../../../tests/fixtures/config/", import.meta.url);
const MAX_LEXEMES = 100_000;

/** The texts that document.ts hands to a reader. */
function isReadable(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return !/^\uFEFF|[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]|\r(?!\n)/.test(text);
}

/** Asserts that both readers agree. Returns whether `text` is in the subset. */
function compare(text: string, about: string): boolean {
  if (!isReadable(text)) return false;
  const tree = readSubset(text, MAX_LEXEMES);
  if (tree === undefined) return false;
  const issues = new IssueList("f");
  const positions = new Positions(text);
  const full = readFull(text, { positions, issues, maxLexemes: MAX_LEXEMES });
  deepEqual(issues.errors().map(formatIssue), [], `${about}: ${JSON.stringify(text)}`);
  deepEqual(tree, full, `${about}: ${JSON.stringify(text)}`);
  return true;
}

function fixtures(folder: string): readonly string[] {
  const url = new URL(`${folder}/`, FIXTURES);
  return [...Deno.readDirSync(url)].map(({ name }) => name).filter((name) => name.endsWith(".yaml"))
    .sort().map((name) => Deno.readTextFileSync(new URL(name, url)));
}

/** Asserts agreement on `count` texts, and that at least `share` of them are in the subset. */
function compareMany(
  { count, share, offset }: { count: number; share: number; offset: number },
  text: (below: Below) => string,
): void {
  const { seed, below } = fuzz(offset);
  let inside = 0;
  for (let i = 0; i < rounds(count); i++) {
    if (compare(text(below), `seed ${seed}, round ${i}`)) inside++;
  }
  ok(inside >= share * rounds(count), `${inside} of ${rounds(count)} in the subset`);
}

Deno.test("readSubset() reads every good fixture, and all fixtures as readFull() does", () => {
  for (const text of fixtures("good")) ok(compare(text.replace(/^\uFEFF/, ""), "good"), text);
  for (const folder of ["bad", "warn", "drop-in"]) {
    for (const text of fixtures(folder)) compare(text, folder);
  }
});

/** Cases of the YAML test suite, valid and not. */
const SUITE: readonly string[] = JSON.parse(
  Deno.readTextFileSync(new URL("../yaml/suite.json", FIXTURES)),
).texts;

Deno.test("readSubset() reads the YAML test suite as readFull() does", () => {
  ok(SUITE.filter((text) => compare(text, "suite")).length >= 60);
});

Deno.test("readSubset() leaves a key that is null, or given twice, to readFull()", () => {
  for (
    const text of ["a: { null: b }", "a: { ~: b }", "a: { b: c, b: d }", "first: {}\nfirst: {}\n"]
  ) {
    equal(readSubset(text, MAX_LEXEMES), undefined, text);
  }
});

Deno.test("readSubset() leaves a text that ends too early to readFull()", () => {
  for (const text of ['a: "\\', 'a: "', "a: '", "a: |", "a: &", "a: *", "a: [", "a: {b: ", "? "]) {
    equal(readSubset(text, MAX_LEXEMES), undefined, text);
  }
});

Deno.test("readSubset() reads what people write", () => {
  const texts = [
    "# comment\n---\na: 1\nb:\n- x\n- y: z\n  w: v\n-\n  - q\n",
    "a: &x # note\n  k: [1, 2]\nb: *x\nc:\n  <<: *x\n  m: { n: 'o''p' , \"q\":\"\\u00e4\" }\n",
    "a: [\n  x, # first\n  y,\n]\nb: {\n  c: d\n}\n",
    "a: |\n  x\n\n  y\n# end\nb: >-\n    x\n    y\n\n    z\n\n",
    "address: ::1\nregexp: \"^[a-z]+\\\\d$\"\n'key': ~\n80: 0x50\n",
    '{"maglev":{"backends":{"a":{"address":"192.0.2.1"}}}}\n',
    "a:\r\n  b: c # d\r\n\r\n  e: 'f'\r\n",
    "servers:\n  first: {}\n  second: {}\n  third: { a: b, c.d/e: 0x50 , f: ~, g: null }\nlast: {}\n",
  ];
  for (const text of texts) ok(compare(text, "common"), text);
});

Deno.test("readSubset() reads random texts as readFull() does", () => {
  compareMany({ count: 1000, share: 0.2, offset: 0 }, randomYaml);
});

Deno.test("readSubset() reads damaged texts as readFull() does", () => {
  const texts = ["good", "warn", "bad", "drop-in"].flatMap(fixtures).filter((text) =>
    text.length < 3000
  );
  compareMany({ count: 1000, share: 0.1, offset: 1 }, (below) => {
    const sound = [randomYaml(below), texts[below(texts.length)]!, SUITE[below(SUITE.length)]!];
    return damagedYaml(sound[below(3)]!, below);
  });
});
