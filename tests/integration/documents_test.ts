/**
 * The documents. Goal: what they show works when it is typed, and no link leads nowhere. Method:
 * every block of commands is executed against a maglevd on loopback, or its mark has the reason why
 * not; configurations are checked by maglevd.
 */
import assert from "node:assert/strict";
import { generatedFiles } from "../../tools/docs/main.ts";
import { HOME_OF_MAN_PAGE } from "../../tools/docs/man_page.ts";
import {
  anchorsOf,
  type Block,
  blocksOf,
  checkedBy,
  externalAddresses,
  linksOf,
  markProblems,
} from "../support/judges/documents.ts";
import { askPromtool, findPromtool } from "../support/judges/promtool.ts";
import { clientCertificate } from "../support/servers/client_certificates.ts";
import { runToEnd, withFolder } from "../support/servers/daemon.ts";
import { DocumentsStage } from "../support/worlds/documents_stage.ts";

const ROOT = new URL("../../", import.meta.url);

function textOf(name: string): string {
  return Deno.readTextFileSync(new URL(name, ROOT));
}

const NAMES = ["README.md"].concat(
  [...Deno.readDirSync(new URL("docs/", ROOT))].map(({ name }) => `docs/${name}`)
    .filter((name) => name.endsWith(".md")).sort(),
);

Deno.test("every block of commands in the documents is executed, or has a reason why not", () => {
  const problems = NAMES.flatMap((name) =>
    markProblems(textOf(name)).map((problem) => `${name}, ${problem}`)
  );
  assert.deepEqual(problems, []);
  const bad =
    "text\n\n    ls\n\n```sh\nls\n```\n\n```sh no-run\nls\n```\n\n```yaml x\na: 1\n```\n" +
    "```ini\na=1\n```\n";
  assert.equal(markProblems(bad).length, 5);
});

Deno.test("the test that the mark of a block names exists, and reads that document", () => {
  let checked = 0;
  for (const name of NAMES) {
    for (const block of blocksOf(textOf(name))) {
      const test = checkedBy(block);
      if (test === undefined) continue;
      checked++;
      assert.ok(textOf(test).includes(name), `${name}:${block.line}: ${test}`);
    }
  }
  assert.ok(checked >= 3);
});

/**
 * All addresses on the internet that documents, man pages, rules and packages have. Tests contact
 * nothing outside this host, so a person looked at each when it came here.
 */
const EXTERNAL = [
  "https://fd.io",
  "https://github.com/denoland/deno",
  "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
];

/** The name of JSON Schema's dialect, not an address to visit. */
const DIALECT = "http://json-schema.org/draft-07/schema#";

Deno.test("addresses on the internet are known, each in one place, and https", () => {
  const below = (folder: string): string[] =>
    [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) =>
      isDirectory ? below(`${folder}${name}/`) : [`${folder}${name}`]
    );
  const names = ["README.md", ...below("docs/"), ...below("debian/")]
    .filter((name) => !name.endsWith(".png"));
  const found = names.flatMap((name) => externalAddresses(textOf(name)));
  assert.deepEqual(found.filter((address) => address !== DIALECT).sort(), EXTERNAL);
  assert.ok(EXTERNAL.every((address) => address.startsWith("https://")));
  const text = "see http://a.test/b), <https://c.test:8443/d>. http://10.0.0.1/ http://lb1:8080 " +
    "https://lb.example.net/maglev/";
  assert.deepEqual(externalAddresses(text), ["http://a.test/b", "https://c.test:8443/d"]);
});

Deno.test("every link in the documents leads to a file and a heading that exist", () => {
  const problems: string[] = [];
  let checked = 0;
  for (const name of NAMES) {
    const base = new URL(name, ROOT);
    for (const { line, target } of linksOf(textOf(name))) {
      if (/^[a-z]+:/.test(target)) continue;
      checked++;
      const url = new URL(target, base);
      const anchor = decodeURIComponent(url.hash.slice(1));
      url.hash = "";
      try {
        Deno.statSync(url);
        const headings = anchor === "" ? undefined : anchorsOf(Deno.readTextFileSync(url));
        if (headings?.has(anchor) === false) problems.push(`${name}:${line}: no heading ${target}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        problems.push(`${name}:${line}: no file ${target}`);
      }
    }
  }
  assert.deepEqual(problems, []);
  assert.ok(checked > 50);
});

Deno.test("the README's table has every document", () => {
  const listed = linksOf(textOf("README.md")).map(({ target }) => target);
  assert.deepEqual(NAMES.slice(1).filter((name) => !listed.includes(name)), []);
});

Deno.test("every configuration in the documents is valid without a warning", async () => {
  await withFolder(async (folder) => {
    // The files that examples name in /etc/vpp-maglev.
    const { cert, key } = await clientCertificate("/CN=probe");
    await Deno.copyFile(cert, `${folder}/probe.pem`);
    await Deno.copyFile(key, `${folder}/probe.key`);
    const promtool = findPromtool();
    const checks = NAMES.flatMap((name) =>
      blocksOf(textOf(name)).filter(({ language }) => language === "yaml").map(
        async ({ line, mark, text }, index) => {
          const config = `${folder}/${name.replace("/", "-")}-${index}.yaml`;
          await Deno.writeTextFile(
            config,
            text.replaceAll("/usr/share/vpp-maglev/", new URL("docs/", ROOT).pathname)
              .replaceAll("/etc/vpp-maglev/", `${folder}/`),
          );
          if (mark === "promtool") {
            if (promtool === undefined) return console.log(`not tried: ${name}: no promtool here`);
            assert.match(await askPromtool(promtool, ["check", "config", config]), /SUCCESS/);
            return;
          }
          // Without VPP, because a fragment need not have VPP's section.
          const { code, stdout } = await runToEnd({ config, flags: ["--check"] });
          assert.equal(code, 0, `${name}:${line}: ${stdout}`);
          assert.match(stdout, /^[^\n]*: valid: [^\n]*\n$/, `${name}:${line}`);
        },
      )
    );
    assert.ok(checks.length >= 6);
    await Promise.all(checks);
  });
});

const TOOLS = ["bash", "curl", "jq", "openssl"];
const lacking = TOOLS.filter((tool) =>
  !new Deno.Command("sh", { args: ["-c", `command -v ${tool}`], stdout: "null" }).outputSync()
    .success
);
const note = lacking.length === 0 ? "" : ` (skipped: needs ${lacking.join(", ")})`;

/** Parts of the output that a document promises, in their order. */
const PROMISED: Readonly<Record<string, readonly RegExp[]>> = {
  "docs/user-guide.md": [
    /: valid: 1 frontends, 2 backends/,
    /nginx0 +\S+ +up.*\nnginx1 +\S+ +up/,
    /state +down/,
    /L4CON/,
    /state +up/,
    /nginx0 +\S+ +0 +/,
    /state +up/,
    /"passed":true,"broken":\[\]/,
    /maglev_frontend_state\{frontend="web",state="up"\} 0/,
  ],
  "docs/policies.md": [
    /lameduck: on/,
    /nginx0: draining.*\n[^]*nginx0: paused/,
    /disable[^]*drain[^]*nginx0: cancelled\n[^]*nginx1: cancelled/,
    /to apply exactly this: config reload plan [0-9a-f]{64}\n/,
  ],
  "docs/running.md": [/--allow-read=/, /nginx0.*paused/],
};

Deno.test({
  name: `the commands of the documents do what they show${note}`,
  ignore: lacking.length > 0,
  fn: (t) =>
    DocumentsStage.with(async (stage) => {
      for (const name of NAMES) {
        const blocks = blocksOf(textOf(name)).filter(({ mark }) => mark === "run");
        if (blocks.length > 0) await t.step(name, () => typeIn(stage, { name, blocks }));
      }
    }),
});

async function typeIn(
  stage: DocumentsStage,
  { name, blocks }: { readonly name: string; readonly blocks: readonly Block[] },
): Promise<void> {
  const { status, output } = await stage.run(blocks);
  assert.equal(status, 0, output);
  let rest = output;
  for (const promised of PROMISED[name] ?? []) {
    const match = promised.exec(rest);
    assert.ok(match !== null, `${promised} is not in the rest of the output:\n${rest}`);
    rest = rest.slice(match.index + match[0].length);
  }
}

Deno.test("the man pages have every flag of --help, and no others", async () => {
  const pages = (await generatedFiles()).filter(({ name }) => name.startsWith("docs/man/"));
  assert.equal(pages.length, 4);
  for (const { name, wanted } of pages) {
    const program = name.slice("docs/man/".length, -2);
    const args = [new URL("tools/release/launcher.sh", ROOT).pathname, program, "--help"];
    const { stdout } = await new Deno.Command("sh", {
      args,
      env: { MAGLEV_DENO: Deno.execPath() },
    }).output();
    const help = new TextDecoder().decode(stdout);
    const options = wanted.slice(wanted.indexOf(".SH OPTIONS"), wanted.indexOf(".SH ENVIRONMENT"));
    const documented = [...options.matchAll(/^\.TP\n\\fB\\-\\-([^ ]*?)\\fR/gm)].map(([, flag]) =>
      flag!.replaceAll("\\-", "-")
    );
    const printed = [...help.matchAll(/^ {2}--([a-z0-9-]+)/gm)].map(([, flag]) => flag!);
    assert.deepEqual(documented, printed, program);
    assert.ok(printed.length > 10, program);
  }
});

Deno.test("the man pages have the permissions that a release prints, and no others", async () => {
  await withFolder(async (folder) => {
    // A release: the launcher next to a program named deno, which is not started here.
    for (const name of ["launcher.sh", "launcher_table.sh"]) {
      await Deno.copyFile(new URL(`tools/release/${name}`, ROOT), `${folder}/${name}`);
    }
    await Deno.writeTextFile(`${folder}/deno`, "", { mode: 0o755 });
    const pages = (await generatedFiles()).filter(({ name }) => name.startsWith("docs/man/"));
    for (const { name, wanted } of pages) {
      const program = name.slice("docs/man/".length, -2);
      const { stdout } = await new Deno.Command("sh", {
        args: [`${folder}/launcher.sh`, program, "--print-permissions"],
        clearEnv: true,
        env: { PATH: "/usr/bin:/bin", HOME: HOME_OF_MAN_PAGE },
      }).output();
      const printed = new TextDecoder().decode(stdout).replaceAll(folder, "/usr/lib/vpp-maglev")
        .split("\n").filter((line) => line.startsWith("--allow-"));
      const part = wanted.slice(wanted.indexOf(".SH PERMISSIONS"), wanted.indexOf(".SH FILES"));
      const documented = [...part.matchAll(/^\.TP\n\\fB(\\-\\-allow\S+?)\\fR\n(.*)$/gm)].map(
        ([, flag, list]) => `${flag}${list === "all" ? "" : `=${list!.replaceAll(", ", ",")}`}`,
      ).map((line) => line.replaceAll(/\\([-&%])/g, (_, sign) => sign === "-" ? "-" : ""));
      assert.deepEqual(documented, printed, program);
      assert.ok(printed.length >= 4, program);
      for (const line of printed) {
        const list = line.split("=")[1]?.split(",") ?? [];
        assert.equal(new Set(list).size, list.length, `${program}: each once: ${line}`);
      }
    }
  });
});

const hasMan = new Deno.Command("sh", { args: ["-c", "command -v man"], stdout: "null" })
  .outputSync().success;

// tests/packaging/documents_test.ts has the same with mandoc.
Deno.test({
  name: `man has no warning about the man pages${hasMan ? "" : " (skipped: no man)"}`,
  ignore: !hasMan,
  async fn() {
    const { code, stderr } = await new Deno.Command("sh", {
      // Formatted pages go nowhere.
      args: ["-c", "man --warnings -E UTF-8 -l -Tutf8 -Z docs/man/*"],
      cwd: ROOT,
      stdout: "null",
    }).output();
    assert.deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
  },
});
