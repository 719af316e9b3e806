import assert from "node:assert/strict";
import { callerName } from "./caller.ts";

const named = (env: Readonly<Record<string, string>>) =>
  callerName({ env: (name) => env[name], uid: () => 1001 });

Deno.test("callerName() returns the user before sudo, otherwise the name, otherwise the number", () => {
  assert.equal(named({ SUDO_USER: "alice", USER: "root" }), "alice");
  assert.equal(named({ USER: "alice", LOGNAME: "al" }), "alice");
  assert.equal(named({ USER: "", LOGNAME: "al" }), "al");
  assert.equal(named({}), "uid-1001");
});

Deno.test("callerName() is empty without the permission to read names", () => {
  const refuse = () => {
    throw new Deno.errors.NotCapable("Requires env access");
  };
  assert.equal(callerName({ env: refuse, uid: refuse }), "");
});
