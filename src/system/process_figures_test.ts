import assert from "node:assert/strict";
import { ProcessReader } from "./process_figures.ts";

Deno.test("ProcessReader reports the system's figures of this process", async () => {
  const reader = new ProcessReader();
  const before = await reader.read();
  const files = await Promise.all(
    Array.from({ length: 5 }, () => Deno.open(new URL(import.meta.url))),
  );
  const during = await reader.read();
  for (const file of files) file.close();
  const limits = await Deno.readTextFile("/proc/self/limits");
  const maximum = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
  await reader.close();
  if (before.openDescriptors !== undefined) {
    assert.ok((during.openDescriptors ?? 0) > before.openDescriptors);
    assert.equal(during.maxDescriptors, maximum);
  }
  assert.ok(before.residentBytes > 10e6);
  assert.ok(during.userCpuS + during.systemCpuS >= before.userCpuS + before.systemCpuS);
  assert.ok(Math.abs(before.startS - Date.now() / 1000) < 3600);
});
