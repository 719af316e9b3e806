import assert from "node:assert/strict";
import { callerName } from "./caller.ts";

const named = (env: Readonly<Record<string, string>>) =>
  callerName({ env: (name) => env[name], uid: () => 1001 });

Deno.test("maglevc is called by who sits there: before sudo, by name, by number", () => {
  assert.equal(named({ SUDO_USER: "alice", USER: "root" }), "alice");
  assert.equal(named({ USER: "alice", LOGNAME: "al" }), "alice");
  assert.equal(named({ USER: "", LOGNAME: "al" }), "al");
  assert.equal(named({}), "uid-1001");
});

Deno.test("maglevc without the permission to look calls without a name", () => {
  const refuse = () => {
    throw new Deno.errors.NotCapable("Requires env access");
  };
  assert.equal(callerName({ env: refuse, uid: refuse }), "");
});
