import assert from "node:assert/strict";
import { taskCommand } from "./task_command.ts";

Deno.test("taskCommand() is npx's where only npx has a deno", () => {
  const files = ["/root/.npm/_npx/7a40/node_modules/.bin/deno", "/opt/deno/bin/deno"];
  const command = (path: string) =>
    taskCommand({ path, isFile: (file) => files.includes(file), version: "2.9.6" });
  const npx = "/root/.npm/_npx/7a40/node_modules/.bin:/usr/bin";
  assert.equal(command(npx), "npx -y deno@2.9.6 task");
  assert.equal(command(`${npx}::/opt/deno/bin`), "deno task");
  assert.equal(command(""), "npx -y deno@2.9.6 task");
});
