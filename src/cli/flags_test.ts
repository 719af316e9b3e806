import assert from "node:assert/strict";
import { readCommandLine } from "./flags.ts";

function read(args: string[], env: Record<string, string> = {}) {
  return readCommandLine(args, (name) => env[name]);
}

function ok(args: string[], env: Record<string, string> = {}) {
  const result = read(args, env);
  assert.equal(result.kind, "ok", JSON.stringify(result));
  return result as Extract<typeof result, { kind: "ok" }>;
}

Deno.test("flags may stand before, between and after the words of a command", () => {
  const result = ok(["--server", "a", "show", "--color", "frontends", "--output=json"]);
  assert.deepEqual(result.words, ["show", "frontends"]);
  assert.equal(result.settings.server, "a");
  assert.equal(result.settings.output, "json");
  assert.equal(result.color, true);
  assert.deepEqual(ok(["show", "--", "--color"]).words, ["show", "--color"]);
});

Deno.test("every setting that is not for a single run has a variable", () => {
  const env = {
    MAGLEV_SERVER: "b",
    MAGLEV_OUTPUT: "yaml",
    MAGLEV_TIMEOUT: "3s",
    MAGLEV_COLOR: "0",
  };
  const { settings, color } = ok([], env);
  assert.deepEqual([settings.server, settings.output, settings.timeout, color], [
    "b",
    "yaml",
    3000,
    false,
  ]);
});

Deno.test("colour: flag, variable, NO_COLOR, in this order of precedence", () => {
  const NO_COLOR = "1";
  assert.equal(ok([]).color, undefined);
  assert.equal(ok([], { NO_COLOR }).color, false);
  assert.equal(ok([], { NO_COLOR: "" }).color, undefined);
  assert.equal(ok([], { NO_COLOR, MAGLEV_COLOR: "true" }).color, true);
  assert.equal(ok(["--color"], { NO_COLOR }).color, true);
  assert.equal(ok(["--color=false"], { MAGLEV_COLOR: "true" }).color, false);
});

Deno.test("TLS is used when its flag or one of its files is given", () => {
  assert.equal(ok([]).tls, false);
  assert.equal(ok(["--tls"]).tls, true);
  assert.equal(ok(["--tls-ca", "x"]).tls, true);
  assert.equal(ok(["--tls-cert", "x", "--tls-key", "y"]).tls, true);
  assert.equal(ok(["--tls-server-name", "x"]).tls, true);
  assert.equal(ok([], { MAGLEV_TLS_CA: "x" }).tls, true);
  assert.equal(ok(["--tls=false"], { MAGLEV_TLS_CA: "x" }).tls, false);
  assert.equal(ok(["--token-file", "x"]).tls, false);
});

const BAD: [string[], RegExp][] = [
  [["--sever", "x"], /^unknown flag --sever; did you mean --server\?$/],
  [["show", "--outputt", "json"], /did you mean --output\?$/],
  [["--output", "xml"], /need one of text, json, yaml$/],
  [["--tls-cert", "x"], /^flag --tls-cert: needs --tls-key too$/],
  [["--tls-key", "x"], /^flag --tls-key: needs --tls-cert too$/],
  [["--timeout", "0s"], /--timeout: cannot use "0s"/],
  [["--server"], /^flag --server needs a value/],
];

Deno.test("readCommandLine() reports invalid values", () => {
  for (const [args, expected] of BAD) {
    const result = read(args);
    assert.equal(result.kind, "error", args.join(" "));
    if (result.kind === "error") assert.match(result.message, expected);
  }
});
