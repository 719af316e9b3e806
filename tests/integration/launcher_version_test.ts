/**
 * The version of a checkout. Goal: commit and date are those of the checkout, in every form that
 * git stores them, and "unknown" rather than wrong. Method: copies of the launcher in repositories
 * made by git, with a program in place of deno that prints its arguments.
 */
import assert from "node:assert/strict";
import { withFolder } from "../support/servers/daemon.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

/** Runs git and returns what it printed. */
async function git(folder: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.net", ...args],
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_COMMITTER_DATE: "2026-11-28T10:00:00+01:00" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  assert.ok(success, `git ${args.join(" ")}: ${text(stderr)}`);
  return text(stdout);
}

/** The launcher of this checkout and its table, copied into `folder`. */
async function copyLauncher(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/tools/release`, { recursive: true });
  for (const name of ["launcher.sh", "launcher_table.sh"]) {
    await Deno.copyFile(`${ROOT}tools/release/${name}`, `${folder}/tools/release/${name}`);
  }
}

/** MAGLEV_BUILD as the launcher in `checkout` hands it over; empty: not at all. */
async function stampOf(checkout: string, env: Record<string, string> = {}): Promise<string> {
  const deno = `${checkout}/../print-stamp`;
  await Deno.writeTextFile(deno, '#!/bin/sh\nprintf %s "${MAGLEV_BUILD-}"\n', { mode: 0o755 });
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: [`${checkout}/tools/release/launcher.sh`, "maglevd", "--version"],
    env: { MAGLEV_DENO: deno, MAGLEV_BUILD: "of an outer launcher", ...env },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const DATE = "2026-11-28T10:00:00+01:00";

async function withRepository(fn: (repo: string, commit: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const repo = `${folder}/a checkout`;
    await copyLauncher(repo);
    await git(repo, "init", "-q", "-b", "main");
    await git(repo, "add", ".");
    await git(repo, "commit", "-qm", "first");
    await fn(repo, await git(repo, "rev-parse", "HEAD"));
  });
}

const ignore = !hasGit;
const note = ignore ? " (skipped: git is not installed)" : "";

Deno.test({
  name: `the version of a checkout is its commit: branch, detached, packed, worktree${note}`,
  ignore,
  fn: () =>
    withRepository(async (repo, commit) => {
      assert.equal(await stampOf(repo), `${commit} ${DATE}`);
      await git(repo, "checkout", "-q", "--detach");
      assert.equal(await stampOf(repo), `${commit} ${DATE}`);
      await git(repo, "checkout", "-q", "main");
      // Names that end alike must not be taken for it.
      await git(repo, "commit", "-q", "--allow-empty", "-m", "second");
      await git(repo, "branch", "x/refs/heads/main");
      await git(repo, "branch", "main2");
      await git(repo, "reset", "-q", "--hard", commit);
      await git(repo, "pack-refs", "--all");
      await git(repo, "gc", "-q");
      assert.equal(await stampOf(repo), `${commit} ${DATE}`);
      const other = `${repo}/../other`;
      await git(repo, "worktree", "add", "-q", "-b", "side", other);
      await git(other, "commit", "-q", "--allow-empty", "-m", "third");
      assert.equal(await stampOf(other), `${await git(other, "rev-parse", "HEAD")} ${DATE}`);
      await git(other, "pack-refs", "--all");
      assert.equal(await stampOf(other), `${await git(other, "rev-parse", "HEAD")} ${DATE}`);
    }),
});

Deno.test({
  name: `without the git program the version has the commit but not the date${note}`,
  ignore,
  fn: () =>
    withRepository(async (repo, commit) => {
      const bin = `${repo}/../bin`;
      await Deno.mkdir(bin);
      for (const program of ["sh", "readlink", "grep"]) {
        await Deno.symlink(`/bin/${program}`, `${bin}/${program}`);
      }
      assert.equal(await stampOf(repo, { PATH: bin }), commit);
      await git(repo, "pack-refs", "--all");
      assert.equal(await stampOf(repo, { PATH: bin }), commit);
    }),
});

Deno.test("a folder that is not a checkout, or a broken one, has no commit", async () => {
  await withFolder(async (folder) => {
    const checkout = `${folder}/checkout`;
    await copyLauncher(checkout);
    const heads: [string, string | undefined][] = [
      ["absent", undefined],
      ["ref: refs/heads/.invalid\n", "a reftable has no file"],
      ["ref: ../../../etc/hostname\n", "a reference out of the repository"],
      ["not a commit\n", "rubbish"],
      ["0123456789abcdef\n", "too short"],
      ["", "empty"],
    ];
    for (const [text, name] of heads) {
      if (name !== undefined) {
        await Deno.mkdir(`${checkout}/.git`, { recursive: true });
        await Deno.writeTextFile(`${checkout}/.git/HEAD`, text);
      }
      assert.equal(await stampOf(checkout), "", name ?? "no repository");
    }
    await Deno.remove(`${checkout}/.git`, { recursive: true });
    await Deno.writeTextFile(`${checkout}/.git`, "gitdir: ../nowhere\n");
    assert.equal(await stampOf(checkout), "");
  });
});
