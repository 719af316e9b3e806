import assert from "node:assert/strict";
import { readTokenFile, TokenTable } from "./tokens.ts";

Deno.test("TokenTable.parse() reads roles, tokens and names, and skips comments and empty lines", () => {
  const table = TokenTable.parse(
    "# people\r\n\r\nviewer  v-1\t\n  operator o.1   Alice  of the night shift\n\t# end\noperator p",
  );
  assert.ok(typeof table !== "string");
  assert.equal(table.size, 3);
  assert.deepEqual(table.find("v-1"), { role: "viewer", identity: "token of line 3" });
  assert.deepEqual(table.find("o.1"), {
    role: "operator",
    identity: 'token "Alice of the night shift"',
  });
  assert.deepEqual(table.find("p"), { role: "operator", identity: "token of line 6" });
  for (const not of ["", "v-", "v-1 ", "V-1", "# people", "Alice"]) {
    assert.equal(table.find(not), undefined, not);
  }
});

Deno.test("TokenTable.parse() reports the error in a line without its token", () => {
  const secret = "s3cret";
  const cases: [text: string, says: string][] = [
    [`admin ${secret}`, "line 1: need `viewer TOKEN` or `operator TOKEN`"],
    [`\n${secret}`, "line 2: need `viewer TOKEN` or `operator TOKEN`"],
    [`Operator ${secret}`, "line 1: need `viewer TOKEN` or `operator TOKEN`"],
    ["viewer", "line 1: need a token after viewer"],
    [`viewer ${secret}é`, "line 1: need a token of printable ASCII characters"],
    [`viewer ${secret}\u0001`, "line 1: need a token of printable ASCII characters"],
    [`viewer ${"x".repeat(1025)}`, "line 1: need a token of at most 1024 characters"],
    [`viewer ${secret}\noperator ${secret}`, "line 2: the token is also on an earlier line"],
    [
      Array.from({ length: 1001 }, (_, i) => `viewer t${i}`).join("\n"),
      "need at most 1000 tokens",
    ],
  ];
  for (const [text, says] of cases) assert.equal(TokenTable.parse(text), says);
  const most = Array.from({ length: 1000 }, (_, i) => `viewer t${i}`).join("\n");
  assert.ok(typeof TokenTable.parse(most) !== "string");
  assert.ok(typeof TokenTable.parse(`viewer ${"x".repeat(1024)}`) !== "string");
});

Deno.test("readTokenFile() refuses a file that others can read or write, and an invalid list of tokens", async () => {
  const folder = await Deno.makeTempDir({ prefix: "maglev-test-" });
  try {
    const path = `${folder}/tokens`;
    const cases: [text: string, mode: number, says: RegExp | undefined][] = [
      ["operator x", 0o600, undefined],
      ["operator x", 0o400, undefined],
      ["operator x", 0o640, undefined],
      ["operator x", 0o604, /readable or writable by others; run `chmod o= /],
      ["operator x", 0o602, /readable or writable by others/],
      ["# none\n", 0o600, /it has no tokens/],
      ["operator", 0o600, /line 1: need a token/],
      ["#".repeat(256 * 1024), 0o600, /it has no tokens/],
      ["#".repeat(256 * 1024 + 1), 0o600, /it has more than 262144 bytes/],
    ];
    for (const [text, mode, says] of cases) {
      await Deno.writeTextFile(path, text, { mode: 0o600 });
      await Deno.chmod(path, mode);
      const reading = readTokenFile(path);
      if (says === undefined) assert.equal((await reading).size, 1);
      else {
        await assert.rejects(reading, (error: Error) => {
          assert.match(error.message, says);
          assert.ok(error.message.startsWith(`cannot use token file ${path}: `), error.message);
          return true;
        });
      }
      await Deno.chmod(path, 0o600);
    }
    await assert.rejects(readTokenFile(`${folder}/none`), /no such file/);
    await assert.rejects(readTokenFile(folder), /not a regular file/);
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    await assert.rejects(readTokenFile(`${folder}/pipe`), /not a regular file/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
