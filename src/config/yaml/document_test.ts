import { deepEqual, equal, ok } from "node:assert/strict";
import { readDocument } from "./document.ts";
import { formatIssue, IssueList } from "../issue.ts";
import { MAX_CHARACTERS } from "./text.ts";
import type { TreeNode } from "./tree.ts";

function read(text: string): { tree: TreeNode | undefined; issues: readonly string[] } {
  const issues = new IssueList("f");
  const tree = readDocument(text, issues);
  return { tree, issues: issues.errors().map(formatIssue) };
}

/** The tree without places: maps as lists of pairs, so that order counts. */
function plain(node: TreeNode | undefined): unknown {
  if (node === undefined) return undefined;
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plain);
  return { map: node.entries.map(({ key, value }) => [key, plain(value)]) };
}

function places(node: TreeNode): readonly string[] {
  const own = `${node.mark.line}:${node.mark.column}`;
  if (node.kind === "scalar") return [own];
  if (node.kind === "list") return [own, ...node.items.flatMap(places)];
  return [
    own,
    ...node.entries.flatMap(({ key, keyMark, value }) => [
      `${key}@${keyMark.line}:${keyMark.column}`,
      ...places(value),
    ]),
  ];
}

Deno.test("readDocument() reads scalars by the YAML 1.2 core schema and keeps their text", () => {
  const cases: readonly [text: string, value: unknown, written: string][] = [
    ["yes", "yes", "yes"],
    ["true", true, "true"],
    ["0x50", 80, "0x50"],
    ["2.0", 2, "2.0"],
    ["'80'", "80", "80"],
    ["~", null, "~"],
    ["0o17", 15, "0o17"],
    ["1_000", "1_000", "1_000"],
    ["|\n  a\n  b\n", "a\nb\n", "a\nb\n"],
    ["%YAML 1.1\n--- yes", "yes", "yes"],
  ];
  for (const [text, value, written] of cases) {
    const { tree } = read(text);
    ok(tree?.kind === "scalar", text);
    equal(tree.value, value);
    equal(tree.text, written);
  }
});

Deno.test("readDocument() places keys and values by line and column, from 1", () => {
  const text = "a:\n  b: 1\n  c: [x, y]\nd: { e: }\n";
  const expected = ["1:1", "a@1:1", "2:3", "b@2:3", "2:6", "c@3:3", "3:6", "3:7", "3:10", "d@4:1"];
  deepEqual(places(read(text).tree!), [...expected, "4:4", "e@4:6", "4:6"]);
  deepEqual(places(read(text.replaceAll("\n", "\r\n")).tree!), places(read(text).tree!), "CRLF");
  deepEqual(places(read(`\uFEFF${text}`).tree!), places(read(text).tree!), "byte order mark");
});

Deno.test("readDocument() reads an empty document as null", () => {
  for (const text of ["", "\n", "# comment\n", "---\n", "\uFEFF", "...\n", "%YAML 1.2\n---\n"]) {
    const { tree, issues } = read(text);
    deepEqual(issues, [], JSON.stringify(text));
    equal(plain(tree), null);
  }
});

Deno.test("readDocument() resolves aliases and merge keys, own keys first", () => {
  const text = "a: &a { x: 1, y: 2 }\nb: *a\nc: { <<: *a, y: 3 }\n" +
    "d: { <<: [{ z: 1 }, *a], w: 0 }\ne: { '<<': 1 }\n";
  deepEqual(plain(read(text).tree), {
    map: [
      ["a", { map: [["x", 1], ["y", 2]] }],
      ["b", { map: [["x", 1], ["y", 2]] }],
      ["c", { map: [["y", 3], ["x", 1]] }],
      ["d", { map: [["w", 0], ["z", 1], ["x", 1], ["y", 2]] }],
      ["e", { map: [["<<", 1]] }],
    ],
  });
});

Deno.test("readDocument() uses the last of several anchors of one name", () => {
  deepEqual(plain(read("[&a 1, *a, &a 2, *a]").tree), [1, 1, 2, 2]);
});

Deno.test("readDocument() refuses unreadable text, with the position", () => {
  const cases: readonly [text: string, issue: RegExp][] = [
    ["a: 1\na: 2\n", /^f:2:1: parse error: a: the key is given twice, first in line 1/],
    ["'a': 1\na: 2\n", /^f:2:1: parse error: a: the key is given twice/],
    ["a: 1\n--- \nb: 2\n", /^f:2:\d+: parse error: a second YAML document/],
    ["a:\n\tb: 1\n", /^f:2:1: parse error: this line is indented with a tab/],
    ["a: \0\n", /^f:1:4: parse error: .*U\+0000/],
    ["a: 1\rb: 2", /^f:1:5: parse error: .*carriage return/],
    ["a: \x85\n", /^f:1:4: parse error: .*U\+0085/],
    ["a: [1, 2\n", /^f:2:1: parse error: invalid YAML: /],
    ["[a]: 1\n", /^f:1:1: parse error: expected a name as key, found a map or list/],
    ["a: !!set {b}\n", /^f:1:4: parse error: tags/],
    ["a: *b\n", /^f:1:4: parse error: a: no anchor "&b"/],
    ["a: &a [*a]\n", /^f:1:8: parse error: a\[0\]: the alias "\*a" stands inside/],
    ["a: &a 1\n*a : 2\n", /^f:2:1: parse error: expected a name as key, found an alias/],
    ["a:1\nb: 2\n", /^f:1:1: parse error: expected `key: value`/],
    ["a: @b\n", /^f:1:4: parse error: invalid YAML: plain value/],
  ];
  for (const [text, issue] of cases) {
    const { tree, issues } = read(text);
    equal(tree, undefined, JSON.stringify(text));
    ok(issue.test(issues[0] ?? ""), `${JSON.stringify(text)}: ${issues[0]}`);
  }
});

Deno.test("readDocument() refuses too many characters before it parses them", () => {
  const { issues } = read("a".repeat(MAX_CHARACTERS + 1));
  deepEqual(issues, [
    `f: parse error: the file has 16777217 characters; at most 16777216 are read`,
  ]);
});

Deno.test("readDocument() refuses too many words and signs while it parses them", () => {
  const issues = new IssueList("f");
  equal(readDocument("\n".repeat(100), issues, { maxLexemes: 50 }), undefined);
  equal(
    issues.errors().map(formatIssue)[0],
    "f: parse error: the file has more than 50 words and signs",
  );
  ok(readDocument("a", new IssueList("f"), { maxLexemes: 50 }) !== undefined);
});

Deno.test("readDocument() survives more errors and merges than fit on a stack", () => {
  ok(read("a: @\n".repeat(70_000)).issues.length > 1000);
  const sources = "*a,".repeat(150_000);
  deepEqual(plain(read(`a: &a { x: 1 }\nb: { <<: [${sources}] }`).tree), {
    map: [["a", { map: [["x", 1]] }], ["b", { map: [["x", 1]] }]],
  });
});

Deno.test("readDocument() refuses deep nesting in every notation", () => {
  const deep = 100_000;
  for (
    const text of [
      "[".repeat(deep),
      "{a: ".repeat(deep),
      "- ".repeat(deep),
      "? ".repeat(deep),
      Array.from({ length: 300 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
    ]
  ) {
    const { tree, issues } = read(text);
    equal(tree, undefined);
    ok(issues.some((issue) => issue.includes("nested more than")), `${issues[0]}`);
  }
});

Deno.test("readDocument() refuses aliases that expand, without expanding them", () => {
  const laughs = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  const merges = ["a0: &a0 { x0: 0 }"];
  for (let i = 1; i < 2000; i++) {
    laughs.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(", ")}]`);
    merges.push(`a${i}: &a${i} { <<: *a${i - 1}, x${i}: ${i} }`);
  }
  for (const lines of [laughs, merges]) {
    const { tree, issues } = read(lines.join("\n"));
    equal(tree, undefined);
    ok(issues.some((issue) => issue.includes("more than 1000000 values")), `${issues[0]}`);
  }
});

Deno.test("readDocument() stops merging at the map that is one too many", () => {
  const keys = Array.from({ length: 10_000 }, (_, i) => `k${i}: 0`).join(", ");
  const lines = [
    `a: &a { ${keys} }`,
    ...Array.from({ length: 500 }, (_, i) => `m${i}: { <<: *a }`),
  ];
  const { issues } = read(lines.join("\n"));
  ok(issues[0]?.startsWith("f:102:7: parse error: m100: this has more than"), `${issues[0]}`);
});
