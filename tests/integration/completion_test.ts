/**
 * The completions in the shells themselves. Goal: maglevc gets the text that TAB inserts, for any
 * name, and no text of a server or of the line is ever executed. Method: real interactive bash, zsh
 * and fish in a terminal (tmux), with a stand-in for maglevc that replies from the real tree and
 * records its arguments.
 */
import { readUntil } from "../support/judges/until.ts";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { CompletionShell } from "../../src/cli/language/completion_scripts.ts";
import { MAGLEVC_FLAGS } from "../../src/cli/flags.ts";
import { LAUNCHER, LAUNCHER_ENVIRONMENT } from "../../src/demo/daemon_process.ts";
import { FRONTENDS, grpcAddress, SERVERS } from "../support/worlds/grpc_stage.ts";
import {
  missingPrograms,
  ShellFolder,
  ShellTerminal,
} from "../support/terminals/shell_terminal.ts";
import { onStage } from "../support/worlds/stage.ts";

const SHELLS: readonly CompletionShell[] = ["bash", "zsh", "fish"];

function shellTest(
  shell: CompletionShell,
  name: string,
  body: (terminal: ShellTerminal, folder: ShellFolder) => Promise<void>,
  load?: string,
): void {
  const missing = missingPrograms(shell, "tmux");
  Deno.test({
    name: `${shell}: ${name}${missing === undefined ? "" : ` (${missing})`}`,
    ignore: missing !== undefined,
    async fn() {
      await using folder = await ShellFolder.create(shell);
      await using terminal = await ShellTerminal.open(folder, load === undefined ? {} : { load });
      await body(terminal, folder);
    },
  });
}

/** Types each text with a TAB between them and Enter after the last. */
async function typeLine(terminal: ShellTerminal, texts: readonly string[]): Promise<void> {
  for (const text of texts.slice(0, -1)) await terminal.type(text, "Tab");
  await terminal.type(texts.at(-1)!, "Enter");
}

/** The typed text, `→` for TAB, and maglevc's arguments. */
const LINES: readonly (readonly [string, readonly string[]])[] = [
  ["maglevc sho→vers→", ["show", "version"]],
  ["maglevc sh ba nginx0→", ["sh", "ba", "nginx0"]],
  ["maglevc show back→web:8→", ["show", "backends", "web:80"]],
  ["maglevc show back→web:→4→", ["show", "backends", "web:443"]],
  ['maglevc show backends "web:8→', ["show", "backends", "web:80"]],
  ["maglevc 'show' \"back\"ends w'eb':8→", ["show", "backends", "web:80"]],
  ["maglevc show backends 'a\\→", ["show", "backends", "a\\b"]],
  ["maglevc show backends a\\\\→", ["show", "backends", "a\\b"]],
  ["maglevc show backends \\$s→", ["show", "backends", "$sum"]],
  ['maglevc show backends "\\$s→', ["show", "backends", "$sum"]],
  ['maglevc show backends "it→', ["show", "backends", "it's"]],
  ["maglevc show backends it\\'→", ["show", "backends", "it's"]],
  ["maglevc sync vpp lb st→vip→reas→'a b' ", [
    ..."sync vpp lb state vip@home reason".split(" "),
    "a b",
  ]],
  [
    "maglevc set fr→pu→poo→bl→ba→ng→we→50 rea→x for 1h→",
    "set frontend public pool blue backend nginx1 weight 50 reason x for 1h".split(" "),
  ],
  ["maglevc watch ev→num 5 lo→lev→w→", "watch events num 5 log level warn".split(" ")],
  ["maglevc watch ev→back→nginx0→fr→pu→", [
    ..."watch events backend nginx0 frontend public".split(" "),
  ]],
  ["maglevc he→set→ba→dis→", "help set backend disable".split(" ")],
  [
    "maglevc plan ba→nginx0→pau→fo→1h rea→x ",
    "plan backend nginx0 pause for 1h reason x".split(" "),
  ],
  [
    "maglevc set fr→pu→poo→bl→ba→ng→we→fi→",
    "set frontend public pool blue backend nginx1 weight file".split(" "),
  ],
  ["maglevc show sta→", ["show", "status"]],
  ["maglevc show vpp lb se→", "show vpp lb servers".split(" ")],
  ["maglevc comp→z→", ["completion", "zsh"]],
  ["maglevc --serv→::1 --outp→j→ sho→vers→", [
    ..."--server ::1 --output json show version".split(" "),
  ]],
  ["maglevc --output=y→ show ver→", ["--output=yaml", "show", "version"]],
  ["maglevc --token-file scr→show ver→", ["--token-file", "script", "show", "version"]],
  ["maglevc -- sho→ve→", ["--", "show", "version"]],
  // Nothing fits: nothing is inserted, no file names either.
  ["maglevc show nonsense scr→", ["show", "nonsense", "scr"]],
  ["maglevc show backends scr→", ["show", "backends", "scr"]],
];

for (const shell of SHELLS) {
  shellTest(shell, "TAB inserts words, live names and flags", async (terminal, folder) => {
    for (const [index, [line, args]] of LINES.entries()) {
      await typeLine(terminal, line.split("→"));
      // An open quote of a line that was not completed would wait for more.
      deepEqual(await terminal.nextCommand(index), args, line);
    }
    const asked = (await folder.runs()).filter((args) => args.includes("--complete"));
    ok(asked.some((args) => args.join(" ") === "--complete show backends web:8"));
    ok(asked.some((args) => args.join(" ") === "--server ::1 --output json --complete sho"));
  });
}

/** Names that begin alike, and that a shell would make something of. */
const NASTY = [
  "x$(touch pwned)",
  "x`touch pwned`",
  "x;touch pwned",
  "x&touch pwned&",
  "x|touch pwned",
  "x>pwned",
  "x two words",
  "x'quote",
  'x"quote',
  "x\\back",
  "x$HOME",
  "x*",
  "x[a-z]?",
  "x{1,2}",
  "x#hash",
  "x!bang",
  "x=y",
  "x:y:z",
  "x@y",
  "x%y^z~",
  "x(y)",
  "xüñ→日本",
];

for (const shell of SHELLS) {
  shellTest(
    shell,
    "names reach maglevc as they are, whatever they hold",
    async (terminal, folder) => {
      let ran = 0;
      for (const name of NASTY) {
        await folder.answerWith(`${name}\thelp $(touch pwned) \`touch pwned\`\n`);
        // In an open double quote bash and zsh take an exclamation mark for a call of the history.
        const quotes = name.includes("!") ? ["", "'"] : ["", "'", '"'];
        for (const quote of quotes) {
          // No shell can have a single quote within single quotes.
          if (quote === "'" && name.includes("'")) continue;
          await typeLine(terminal, [`maglevc show backends ${quote}x`, ""]);
          deepEqual((await terminal.nextCommand(ran++)).slice(2), [name], `${quote}${name}`);
        }
      }
      deepEqual(await folder.strangers(), []);
    },
  );

  shellTest(
    shell,
    "nothing of the line or of an answer is run by TAB",
    async (terminal, folder) => {
      await folder.answerWith("x\n$(touch pwned)\ny;touch pwned\tz\n\n\t\nreboot\x1b[2J\n");
      // The last word is plain: what stands in that one, zsh itself expands at TAB.
      await terminal.type('maglevc show $(touch pwned) "`touch pwned`" x', "Tab", "Tab");
      await terminal.type("", "C-u");
      await terminal.type("maglevc show backends ", "Tab", "Tab");
      await terminal.type("", "C-u");
      await terminal.type("maglevc show version", "Enter");
      deepEqual(await terminal.nextCommand(0), ["show", "version"]);
      deepEqual(await folder.strangers(), []);
    },
  );

  shellTest(shell, "several candidates are listed", async (terminal) => {
    // Twice: bash lists at the second TAB, the others step through the list then.
    await terminal.type("maglevc show ", "Tab", ...(shell === "bash" ? ["Tab"] : []));
    const screen = await terminal.until(
      (text) => /frontends\s.*[\s\S]*vpp/.test(text),
      "the list of candidates",
    );
    for (const word of ["backends", "frontends", "healthchecks", "version", "vpp"]) {
      match(screen, new RegExp(`\\b${word}\\b`));
    }
    if (shell !== "bash") match(screen, /Versions of maglevc and of the server/);
  });

  shellTest(
    shell,
    "candidates that hold control characters are left out",
    async (terminal, folder) => {
      await folder.answerWith("x1\tone\nx2\x1b[2J\ttwo\nx3\tthree\x1b[2J\n\x1bx\tfour\nx5\tfive\n");
      await terminal.type("maglevc show backends x", "Tab", ...(shell === "bash" ? ["Tab"] : []));
      const screen = await terminal.until((text) => /x1\s[\s\S]*x5/.test(text), "the candidates");
      match(screen, /maglevc show backends x/);
      ok(!screen.includes("x2"), screen);
      // bash does not get the helps.
      equal(screen.includes("x3"), shell === "bash", screen);
    },
  );

  shellTest(
    shell,
    "a maglevc that fails completes nothing, and prints nothing",
    async (terminal, folder) => {
      await Deno.writeTextFile(
        `${folder.path}/bin/maglevc`,
        '#!/bin/sh\necho broken >&2\ncase "$*" in *--complete*) exit 1;; esac\n' +
          `echo '["ran"]' >> ${folder.path}/record\n`,
      );
      await terminal.type("maglevc show ", "Tab", "Tab");
      await terminal.type("x", "Enter");
      deepEqual(await terminal.nextCommand(0), ["ran"]);
      const said = (await terminal.screen()).split("\n").filter((line) =>
        line.startsWith("broken")
      );
      equal(said.length, 1, "only the run itself prints something");
    },
  );
}

/** Where packages put the scripts: the shell loads them when they are first needed. */
const FOLDERS: Readonly<Partial<Record<CompletionShell, string>>> = {
  zsh: "mkdir f && cp script f/_maglevc && fpath=($PWD/f $fpath) && autoload -Uz compinit && " +
    "compinit -D",
  fish: "mkdir f; cp script f/maglevc.fish; set -p fish_complete_path $PWD/f",
};

for (const [shell, load] of Object.entries(FOLDERS)) {
  shellTest(
    shell as CompletionShell,
    "works from a folder of completions too",
    async (terminal) => {
      await typeLine(terminal, ["maglevc show back", "web:8", ""]);
      deepEqual(await terminal.nextCommand(0), ["show", "backends", "web:80"]);
      await typeLine(terminal, ["maglevc --outp", "y", "show ver", ""]);
      deepEqual(await terminal.nextCommand(1), ["--output", "yaml", "show", "version"]);
    },
    load,
  );
}

/** maglevc itself, by its launcher. */
const MAGLEVC = [
  "env",
  ...Object.entries(LAUNCHER_ENVIRONMENT).map(([name, value]) => `${name}=${value}`),
  ...LAUNCHER,
  "maglevc",
];

for (const shell of SHELLS) {
  const missing = missingPrograms(shell, "tmux");
  Deno.test({
    name: `${shell}: maglevc itself completes the names of a running maglevd` +
      (missing === undefined ? "" : ` (${missing})`),
    ignore: missing !== undefined,
    fn: () =>
      onStage(SERVERS, async ({ configure, start }) => {
        await configure(FRONTENDS);
        const server = await grpcAddress(start({ grpcAddr: "127.0.0.1:0" }));
        await using folder = await ShellFolder.create(shell, {
          flags: MAGLEVC_FLAGS,
          completer: MAGLEVC,
        });
        await using terminal = await ShellTerminal.open(folder);
        const cases: readonly (readonly [string, readonly string[]])[] = [
          ["sh fr→w→", ["sh", "frontends", "web"]],
          ["show backends b2→", ["show", "backends", "b2"]],
          // Of that frontend there is one pool, and of the pool one backend.
          ["set fr→a→po→→ba→→we→5", "set frontend api pool main backend b1 weight 5".split(" ")],
          [
            "set fr→web poo→s→ba→→we→5",
            "set frontend web pool spare backend b2 weight 5".split(" "),
          ],
        ];
        let ran = 0;
        for (const [line, args] of cases) {
          // A daemon that does not answer within 200 ms, on a busy machine, completes nothing.
          await readUntil(
            async () => {
              await typeLine(terminal, `maglevc --server ${server} ${line}`.split("→"));
              return (await terminal.nextCommand(ran++)).slice(2).join(" ");
            },
            (command) => command === args.join(" "),
            { what: line, deadlineMs: 30_000 },
          );
        }
        // No server listens there: words are completed, names are not, and nothing is printed.
        await typeLine(terminal, ["maglevc --server 127.0.0.1:1 show back", "b", ""]);
        deepEqual((await terminal.nextCommand(ran++)).slice(2), ["show", "backends", "b"]);
      }),
  });
}
