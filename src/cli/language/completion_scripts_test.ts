/** Content of the scripts; tests/integration/completion_test.ts runs them in the shells. */
import { equal, match, ok } from "node:assert/strict";
import { type CompletionFlags, completionScript } from "./completion_scripts.ts";

const FLAGS: CompletionFlags = {
  server: { kind: "string", env: "X", help: "it's `here` \\ $(x)" },
  output: { kind: "string", env: "X", choices: ["text", "json"], help: "form" },
  "token-file": { kind: "string", env: "X", placeholder: "PATH", help: "file" },
  version: { kind: "boolean", help: "print the version" },
};

Deno.test("completionScript() has every flag, quoted for its shell", () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = completionScript(shell, FLAGS);
    for (const flag of Object.keys(FLAGS)) ok(script.includes(flag), `${shell} ${flag}`);
    // All placeholders are filled in.
    ok(!/@[A-Z_]+@/.test(script), shell);
    ok(script.endsWith("\n"));
    match(script, new RegExp(`maglevc completion ${shell}`));
  }
  match(completionScript("zsh", FLAGS), /'--server +it'\\''s `here` \\ \$\(x\)'/);
  match(
    completionScript("fish", FLAGS),
    /complete -c maglevc -l server -x -d 'it\\'s `here` \\\\ \$\(x\)'/,
  );
  match(completionScript("fish", FLAGS), /-l output -x -a 'text json' -d form/);
  match(completionScript("fish", FLAGS), /-l token-file -r -F -d file/);
  match(completionScript("bash", FLAGS), /\n +for value in text json; do\n/);
});

Deno.test("completionScript() keeps a dollar sign in a help text", () => {
  const script = completionScript("fish", { x: { kind: "boolean", help: "$& $1 $$" } });
  ok(script.includes("-l x -d '$& $1 $$'"));
});

Deno.test("completionScript() is complete without flags", () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = completionScript(shell, {});
    equal(/@[A-Z_]+@/.test(script), false);
  }
  match(completionScript("bash", {}), /''\) continue ;;/);
});
