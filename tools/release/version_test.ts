import assert from "node:assert/strict";
import { versionText } from "./version.ts";

const PLACE = { tagged: false, dirty: false, count: 1234, commit: "0123456789abcdef" };

Deno.test("versionText() is plain on a tag, and grows with each commit elsewhere", () => {
  assert.equal(versionText("1.2.0", { ...PLACE, tagged: true }), "1.2.0");
  assert.equal(versionText("1.2.0", PLACE), "1.2.0+git1234.01234567");
});

Deno.test("versionText() shows that tracked files have changes, also on a tag", () => {
  const dirty = versionText("1.2.0", { ...PLACE, tagged: true, dirty: true });
  assert.equal(dirty, "1.2.0+git1234.01234567.dirty");
});
