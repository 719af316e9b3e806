import assert from "node:assert/strict";
import { cleanUserName, identityOf } from "./user_name.ts";

Deno.test("identityOf() marks a sent name as unverified, next to the proved identity", () => {
  const cases: [proved: string, sent: string[], user: string | undefined, identity: string][] = [
    ["", [], undefined, ""],
    ["", [""], undefined, ""],
    ["", ["alice"], undefined, "alice (unverified)"],
    ['user "alice"', ["alice"], "alice", 'user "alice"'],
    ['user "alice"', [], "alice", 'user "alice"'],
    ['user "root"', ["alice"], "root", 'user "root" for alice (unverified)'],
    // maglevc sends it when the environment names no user; the kernel gave the name.
    ['user "root"', ["uid-0"], "root", 'user "root"'],
    ["", ["uid-0"], undefined, "uid-0 (unverified)"],
    ['token "night"', ["alice"], undefined, 'token "night" for alice (unverified)'],
    ["", ["alice", "bob"], undefined, "alice (unverified)"],
  ];
  for (const [proved, sent, user, identity] of cases) {
    assert.equal(identityOf(proved, sent, user), identity);
  }
});

Deno.test("identityOf() bounds a sent name, which cannot look like a proved one", () => {
  assert.equal(cleanUserName("alice@example.com"), "alice@example.com");
  assert.equal(cleanUserName("LAB\\alice-2"), "LAB\\alice-2");
  assert.equal(
    cleanUserName('token "root"\x1b[2J\nü'),
    "token__root___2J__",
  );
  assert.equal(cleanUserName("x".repeat(1000)).length, 64);
  assert.match(
    identityOf("", ['token "root" (proved)'], undefined),
    /^token__root___proved_ \(unv/,
  );
});

Deno.test("identityOf() puts the mark of an unverified name within the 256 characters that intents keep", () => {
  const long = identityOf(`token "${"x".repeat(1000)}"`, ["y".repeat(1000)], undefined);
  assert.ok(long.length <= 256 && long.endsWith("y (unverified)"), long);
});
