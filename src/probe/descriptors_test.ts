import assert from "node:assert/strict";
import { availableDescriptors, descriptorsNeeded } from "./descriptors.ts";

Deno.test("descriptorsNeeded() has one for each target, and room for the rest of the daemon", () => {
  assert.ok(descriptorsNeeded(0) >= 100);
  assert.equal(descriptorsNeeded(10_000) - descriptorsNeeded(0), 10_000);
});

Deno.test("availableDescriptors() counts up to what is needed, and gives all back", () => {
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = open();
  assert.equal(availableDescriptors(0), 0);
  assert.equal(availableDescriptors(100), 100);
  assert.equal(open(), before);
});

Deno.test("availableDescriptors() finds the limit", async () => {
  const code = `import { availableDescriptors } from "${new URL(
    "descriptors.ts",
    import.meta.url,
  )}";
    console.log(availableDescriptors(1000));`;
  const shell = new Deno.Command("/bin/sh", {
    args: [
      "-c",
      'ulimit -n 300; exec "$0" run --no-prompt --allow-read=/dev/null -',
      Deno.execPath(),
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = shell.stdin.getWriter();
  await input.write(new TextEncoder().encode(code));
  await input.close();
  const { stdout } = await shell.output();
  const available = Number(new TextDecoder().decode(stdout));
  assert.ok(available > 200 && available < 300, `${available}`);
});
