import assert from "node:assert/strict";
import { licenceNotices, licenceParagraphs } from "./licences.ts";

interface Package {
  readonly place: string;
  readonly manifest: Readonly<Record<string, string>>;
  readonly file?: readonly [name: string, text: string];
}

const TEXT = "Copyright (c) A\r\nPermission is granted.\n";

const PACKAGES: readonly Package[] = [
  {
    place: "b@2.0.0",
    manifest: { name: "b", version: "2.0.0", license: "MIT", author: "B <b@b.example>" },
    file: ["license", TEXT],
  },
  {
    place: "a@1.0.0",
    manifest: { name: "a", version: "1.0.0", license: "MIT" },
    file: ["LICENSE-MIT.txt", TEXT],
  },
  {
    place: "@c+d@1.2.3",
    manifest: { name: "@c/d", version: "1.2.3", license: "(Apache-2.0 AND MIT)" },
    file: ["licenses.ts", "code"],
  },
  {
    place: "@types+node@1.0.0",
    manifest: { name: "@types/node", version: "1.0.0", license: "MIT" },
    file: ["LICENSE", "types"],
  },
];

async function withPackages(fn: (sources: string) => Promise<void>): Promise<void> {
  const sources = await Deno.makeTempDir({ prefix: "maglev-test-" });
  try {
    for (const { place, manifest, file } of PACKAGES) {
      const folder = `${sources}/node_modules/.deno/${place}/node_modules/${manifest.name}`;
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(manifest));
      if (file !== undefined) await Deno.writeTextFile(`${folder}/${file[0]}`, file[1]);
    }
    await fn(sources);
  } finally {
    await Deno.remove(sources, { recursive: true });
  }
}

const ROOT = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");

Deno.test("licenceNotices() has the text of each package once, and of Deno, V8 and protobuf", async () => {
  await withPackages(async (sources) => {
    const notices = await licenceNotices(sources, ROOT);
    const own = "--- @c/d 1.2.3\n\nIt has no file; its manifest names (Apache-2.0 AND MIT).\n\n" +
      "--- a 1.0.0, b 2.0.0\n\nCopyright (c) A\nPermission is granted.\n\n";
    assert.ok(notices.startsWith(`${own}--- deno\n\nMIT License\n`), notices);
    assert.match(
      notices,
      /^--- v8\n\nCopyright 2014, the V8 project authors\.[\s\S]*Sun Microsystems/m,
    );
    assert.match(notices, /^--- protobuf\n\nCopyright 2008 Google Inc\./m);
  });
});

Deno.test("licenceParagraphs() has one paragraph of files, and one of each licence", async () => {
  await withPackages(async (sources) => {
    const [files, apache, mit, ...others] = (await licenceParagraphs(sources)).split("\n\n");
    assert.match(files!, /^Files: .*\nCopyright: the authors of @c\/d\n the authors of a\n B\n/);
    assert.match(files!, /^License: Apache-2\.0 and Expat$/m);
    assert.match(
      files!,
      / Apache-2\.0:\n npm @c\/d 1\.2\.3\n Expat:\n npm @c\/d 1\.2\.3\n npm a 1/,
    );
    assert.doesNotMatch(files!, /types/);
    assert.match(apache!, /^License: Apache-2\.0\n .*common-licenses/);
    assert.match(mit!, /^License: Expat\n /);
    assert.deepEqual(others, []);
  });
});
