import { deepEqual, equal, match, ok } from "node:assert/strict";
import { helpAt, helpText, manCommands, topicText } from "./help.ts";
import type { TreeNode } from "./node.ts";
import { parse } from "./parse.ts";
import { commandSyntaxes, joinPieces } from "./syntax.ts";

function words(line: string): readonly string[] {
  return line.split(" ").filter((word) => word !== "");
}

Deno.test("helpAt() lists the continuations with their help, and the possible end of the line", () => {
  deepEqual(helpAt(words("show fr"), ""), [
    "<name>   One frontend, with pools and backends",
    "<Enter>  All frontends, with their state",
  ]);
  deepEqual(helpAt(words("sync vpp lb state"), ""), [
    "<name>   Only the VIP of this frontend",
    "reason   Reason, for the log and for colleagues",
    "<Enter>  Compare and correct now, all VIPs",
  ]);
  deepEqual(helpAt(words("set b a pause for"), ""), [
    "<duration>  How long, for example 30m or 3d4h; then it ends",
  ]);
  deepEqual(helpAt(words("show version"), ""), ["<Enter>  Versions of maglevc and of the server"]);
});

Deno.test("helpAt() in a word lists its completions", () => {
  deepEqual(helpAt([], "s").map((row) => row.split(" ")[0]), ["show", "set", "sync"]);
  deepEqual(helpAt(["show"], "v"), [
    "version  Versions of maglevc and of the server",
    "vpp      VPP, as the server sees it",
  ]);
  deepEqual(helpAt(["show", "backends"], "ngi"), ["<name>  One backend, with its transitions"]);
  deepEqual(helpAt(words("watch e log l"), "w"), ["warn  Events that may need attention"]);
  // A spelling that is not offered.
  deepEqual(helpAt(["show"], "frontend"), ["frontends  All frontends, with their state"]);
});

Deno.test("helpAt() after or in a word that does not fit shows the expected words", () => {
  const [said, ...more] = helpAt(["show", "x"], "");
  match(said!, /^show: unknown word "x"; expected version, frontends, /);
  deepEqual(more, []);
  match(helpAt(["show"], "x").join("\n"), /^show: unknown word "x"; expected version, /);
  match(helpAt(["completion"], "x").join("\n"), /^shell: need bash, zsh or fish, not x$/);
  match(helpAt(["show", "version"], "x").join("\n"), /no further arguments expected$/);
});

Deno.test("the help text has every command once, with its options, within 80 columns", () => {
  const lines = helpText().split("\n");
  for (const line of lines) {
    ok(line.length <= 80, line);
    equal(line, line.trimEnd());
  }
  for (const { pieces, options, help } of commandSyntaxes()) {
    const at = lines.findIndex((line) =>
      line === `  ${joinPieces(pieces)}` || line.startsWith(`  ${joinPieces(pieces)}  `)
    );
    const block = lines.slice(at, at + 5).join(" ").replace(/ +/g, " ");
    ok(at > 0 && block.includes(help), joinPieces(pieces));
    if (options.length > 0) ok(block.includes(` ${joinPieces(options)}`), block);
  }
  ok(lines.includes("      [reason <text>] [for <duration> | until <time>]"));
  ok(
    lines.includes("      [num <n>] [log [level <level>]] [backend [<name>]] [frontend [<name>]]"),
  );
  ok(lines.includes("  completion bash|zsh|fish      Print the completion for this shell"));
});

Deno.test("help of a command lists its syntax, each option, and notes", () => {
  equal(
    topicText("watch"),
    `  watch events                  Show events, a line each; any key ends it
      [num <n>] [log [level <level>]] [backend [<name>]] [frontend [<name>]]

Options, in any order:
  num <n>            End after this many events
  log                Log records of the server
  level <level>      Minimum log level (after log)
  backend [<name>]   Transitions of backends, or of the one of this name
  frontend [<name>]  Transitions of frontends, or of the one of this name

First comes the present state of everything watched. A transition is shown
once, although the server logs it too. --output json shows every event as it
arrives.`,
  );
  const set = topicText("set backend");
  match(set, /^ {2}set backend <name> pause .*\n[^]*\n {2}set backend <name> disable /);
  match(set, /\n {2}for <duration> +How long/);
  equal(set.match(/\n {2}reason <text>/g)?.length, 1);
  ok(!set.includes("frontend"), set);
  match(topicText("show vpp lb state"), /Flows are an upper bound/);
  match(topicText("set frontend pool backend weight file"), /^ {2}set frontend .* weight file\n/);
  const ends = topicText("set frontend").replace(/\s+/g, " ");
  match(ends, /or until a reload\. A reload ends it only when the file has another weight there/);
});

Deno.test("help has every command by its words, within 80 columns", () => {
  for (const { pieces, help } of commandSyntaxes()) {
    const topic = pieces.filter(({ kind }) => kind === "word").map(({ text }) => text).join(" ");
    const text = topicText(topic);
    ok(text.includes(joinPieces(pieces)) && text.includes(help), topic);
    for (const line of text.split("\n")) ok(line.length <= 80, line);
    if (topic.startsWith("help") || topic === "completion") continue;
    deepEqual(parse(["help", ...topic.split(" ")]), {
      kind: "command",
      invocation: { command: "help", args: { topic } },
    });
  }
});

Deno.test("the man page's list is a paragraph for each command, in the same order", () => {
  const paragraphs = manCommands().split(".TP\n").slice(1);
  const plain = paragraphs.map((text) =>
    text.replaceAll("\\-", "-").replaceAll("\\(aq", "'").replace(/\\f[BIR]/g, "")
  );
  deepEqual(
    plain,
    commandSyntaxes().map(({ pieces, options, help }) =>
      `${joinPieces([...pieces, ...options])}\n${help}.\n`
    ),
  );
  match(manCommands(), /\\fBset\\fR \\fBbackend\\fR \\fI<name>\\fR \\fBpause\\fR \[\\fBreason\\fR/);
});

Deno.test("manCommands() escapes any text of a tree for roff", () => {
  const tree: readonly TreeNode[] = [
    { kind: "word", word: "x-y", help: ".so 'etc' \\fB `a` ^~", run: "help" },
    { kind: "word", word: ".de", help: "'br", run: "help" },
  ];
  equal(
    manCommands(tree),
    ".TP\n\\fBx\\-y\\fR\n\\&.so \\(aqetc\\(aq \\efB \\(gaa\\(ga \\(ha\\(ti.\n" +
      ".TP\n\\fB\\&.de\\fR\n\\(aqbr.\n",
  );
});
