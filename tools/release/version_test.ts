import assert from "node:assert/strict";
import { stampOf, versionText } from "./version.ts";

const PLACE = { tag: "none", dirty: false, count: 1234, commit: "0123456789abcdef" } as const;

Deno.test("versionText() is plain on a tag, and shows the commit before and after it", () => {
  assert.equal(versionText("1.2.0", { ...PLACE, tag: "here" }), "1.2.0");
  assert.equal(versionText("1.2.0", PLACE), "1.2.0~git1234.01234567");
  assert.equal(versionText("1.2.0", { ...PLACE, tag: "before" }), "1.2.0+git1234.01234567");
});

Deno.test("versionText() shows that tracked files have changes, also on a tag", () => {
  const dirty = versionText("1.2.0", { ...PLACE, tag: "here", dirty: true });
  assert.equal(dirty, "1.2.0+git1234.01234567.dirty");
});

Deno.test("stampOf() finds the tag of its own version, in its own history alone", async () => {
  const root = await Deno.makeTempDir({ prefix: "maglev-test-" });
  const git = async (...args: string[]) => {
    const identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"];
    const words = ["-C", root, ...identity, "-c", "commit.gpgsign=false", ...args];
    const { success, stderr } = await new Deno.Command("git", { args: words }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  };
  const sign = async () => /^1\.2\.0(.?)/.exec((await stampOf(root)).version)![1];
  try {
    await git("init", "-q");
    await Deno.writeTextFile(`${root}/deno.json`, '{ "version": "1.2.0" }');
    await git("add", "deno.json");
    await git("commit", "-q", "-m", "first");
    await git("tag", "v1.1.0");
    assert.equal(await sign(), "~");
    await git("tag", "v1.2.0");
    assert.equal(await sign(), "");
    await git("commit", "-q", "--allow-empty", "-m", "second");
    assert.equal(await sign(), "+");
    // As another branch's.
    await git("tag", "-f", "v1.2.0");
    await git("reset", "-q", "--hard", "HEAD~1");
    assert.equal(await sign(), "~");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
