/**
 * Checks the structure of the code: imports between folders, pure folders, banned calls and their
 * replacements, word rules, and facts that must agree. Goal: nothing here contradicts
 * docs/design.md. Method: the files' text, with comments and strings blanked where they would
 * mislead.
 */
import assert from "node:assert/strict";
import { BUILD } from "../src/base/version.ts";
import { MAGLEVC_FLAGS } from "../src/cli/flags.ts";
import { MAGLEVD_FLAGS } from "../src/daemon/flags.ts";
import { FRONTEND_FLAGS } from "../src/dashboard/flags.ts";
import {
  FRONTEND_ENVIRONMENT,
  MAGLEVC_ENVIRONMENT,
  MAGLEVD_ENVIRONMENT,
  MAGLEVT_ENVIRONMENT,
} from "../src/system/launch/permissions.ts";
import type { FlagTable } from "../src/system/settings.ts";
import { MAGLEVT_FLAGS } from "../src/tester/flags.ts";
import {
  bannedCallsIn,
  circlesOf,
  FLOORS,
  importsOf,
  isPure,
  mayImport,
  roomOf,
} from "./support/judges/tidy.ts";
import {
  CLEAN_FOLDERS,
  type Finding,
  phrasesIn,
  phrasesInDocument,
  phrasesInTests,
  QUOTED_STRINGS,
} from "./support/judges/words.ts";

const ROOT = new URL("../", import.meta.url);

async function sourceFiles(): Promise<string[]> {
  const files: string[] = [];
  async function walk(folder: string): Promise<void> {
    for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
      const path = `${folder}${entry.name}`;
      if (entry.isDirectory) await walk(`${path}/`);
      else if (/\.tsx?$/.test(entry.name)) files.push(path);
    }
  }
  for (const folder of ["src/", "ffi/", "tools/"]) {
    await walk(folder).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  for await (const entry of Deno.readDir(ROOT)) {
    if (entry.isFile && entry.name.endsWith(".ts")) files.push(entry.name);
  }
  return files.sort();
}

const FILES = await sourceFiles();
const TEXTS = new Map(
  await Promise.all(
    FILES.map(async (file) => [file, await Deno.readTextFile(new URL(file, ROOT))] as const),
  ),
);
const isTest = (file: string) => /_(test|bench)\.ts$/.test(file);

const SOURCES = FILES.filter((file) => !isTest(file));

Deno.test("every source file lives in a folder of the layout", () => {
  const lost = SOURCES.filter((file) => roomOf(file) === undefined);
  assert.deepEqual(lost, [], "give these a place in FLOORS of tests/support/judges/tidy.ts");
});

Deno.test("imports go downwards only", () => {
  const wrong: string[] = [];
  for (const file of SOURCES) {
    for (const target of importsOf(file, TEXTS.get(file)!)) {
      const reason = mayImport(file, target);
      if (reason !== undefined) wrong.push(`${file} imports ${target}: ${reason}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("no two files import each other, even indirectly", () => {
  const imports = new Map(
    SOURCES.map((file) => [file, importsOf(file, TEXTS.get(file)!)] as const),
  );
  assert.deepEqual(circlesOf(imports), []);
  const circle = new Map([["a", ["b"]], ["b", ["c"]], ["c", ["a", "d"]], ["d", []]]);
  assert.deepEqual(circlesOf(circle), [["a", "b", "c"]]);
});

/** Folders of more than this many files have sub-folders. */
const MAX_FILES = 16;
/** Folders that may be larger, each with the reason. */
const LARGE: Readonly<Record<string, string>> = {};

Deno.test("no folder holds too many files for a reader", () => {
  const sizes = new Map<string, number>();
  for (const file of SOURCES) {
    const folder = file.slice(0, file.lastIndexOf("/"));
    sizes.set(folder, (sizes.get(folder) ?? 0) + 1);
  }
  const large = [...sizes].filter(([folder, size]) => size > MAX_FILES && !(folder in LARGE));
  assert.deepEqual(large, [], "give these sub-folders");
  assert.ok(Object.keys(LARGE).length <= 3);
});

Deno.test("pure files use no clock, randomness, timer, socket, console or await", () => {
  const wrong: string[] = [];
  for (const file of SOURCES.filter((file) => isPure(file, TEXTS.get(file)!))) {
    for (const { line, call, instead } of bannedCallsIn(TEXTS.get(file)!, "pure")) {
      wrong.push(`${file}:${line}: ${call} in a pure file; ${instead}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("the dashboard's page uses nothing of Deno", () => {
  const wrong = SOURCES.filter((file) =>
    file.startsWith("src/dashboard/web/") &&
    bannedCallsIn(TEXTS.get(file)!, "pure").some(({ call }) => call === "Deno")
  );
  assert.deepEqual(wrong, [], "it runs in browsers");
});

Deno.test("banned calls appear nowhere in src", () => {
  const wrong: string[] = [];
  for (const file of SOURCES) {
    for (const { line, call, instead } of bannedCallsIn(TEXTS.get(file)!, "everywhere")) {
      if (ALLOWED.some(([pattern, allowed]) => pattern.test(file) && call.startsWith(allowed))) {
        continue;
      }
      wrong.push(`${file}:${line}: ${call}; ${instead}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("comments and messages follow the word rules in the folders that were revised", async () => {
  const wrong: string[] = [];
  const read = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
      const path = `${folder}/${name}`;
      if (isDirectory) await read(path);
      if (!/\.(tsx?|c|h)$/.test(name) || name.startsWith("test_")) continue;
      const judge = isTest(path) ? phrasesInTests : phrasesIn;
      const findings = judge(await Deno.readTextFile(new URL(path, ROOT)))
        .filter(({ kind }) => kind !== "string" || !QUOTED_STRINGS.includes(path));
      wrong.push(...findings.map(inWords(path)));
    }
  };
  for (const folder of CLEAN_FOLDERS) await read(folder);
  assert.deepEqual(wrong, []);
});

Deno.test("the documents follow the word rules", async () => {
  const paths = ["README.md"];
  for await (const { name } of Deno.readDir(new URL("docs/", ROOT))) {
    if (name.endsWith(".md")) paths.push(`docs/${name}`);
  }
  assert.ok(paths.length > 5);
  const wrong: string[] = [];
  for (const path of paths) {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    wrong.push(...phrasesInDocument(text).map(inWords(path)));
  }
  assert.deepEqual(wrong, []);
});

const inWords = (path: string) => ({ line, rule, found, instead }: Finding): string =>
  `${path}:${line}: "${found}" (rule ${rule}); write ${instead}`;

Deno.test("the word rules find phrases in documents, but not in their code", () => {
  const found = (text: string) => phrasesInDocument(text).map(({ line, rule }) => [line, rule]);
  assert.deepEqual(found("# Head\n\nIt is\nno file.\n\n- one\n- it tells us\n"), [[3, 2], [7, 4]]);
  assert.deepEqual(found("| a | says |\n| - | ---- |\n| b | wants |\n"), [[1, 4], [3, 4]]);
  assert.deepEqual(found("A\n\n```sh\nit says\n```\n\n    it tells\n\n`knows` it.\n"), []);
});

Deno.test("the word rules find phrases in comments and strings, over line ends", () => {
  const found = (text: string) => phrasesIn(text).map(({ line, rule }) => [line, rule]);
  assert.deepEqual(found("// it is no\n// file\nf();"), [[1, 2]]);
  assert.deepEqual(found("/**\n * The server\n * tells us.\n */"), [[3, 4]]);
  assert.deepEqual(found('f("cannot read x: " +\n  "it broke.");'), [[1, 9]]);
  assert.deepEqual(found('f("could not read x");'), [[1, 9]]);
  assert.deepEqual(found("// Nobody waits.\n"), [[1, 3]]);
  assert.deepEqual(found("// VPP does not\n// tell.\n"), [[1, 4]]);
  assert.deepEqual(found("// It begins anew.\n"), [[1, 6]]);
  assert.deepEqual(found('login("nobody");'), []);
  assert.deepEqual(found('// There is no file.\nhelp("A sentence, as in a " +\n "page.");'), []);
  assert.deepEqual(found("const says = tells.knows;"), []);
  const inTests = (text: string) => phrasesInTests(text).map(({ line, rule }) => [line, rule]);
  assert.deepEqual(inTests('Deno.test("it tells", () => {\n  f("it says");\n});'), [[1, 4]]);
  assert.deepEqual(inTests("Deno.test({\n  name: `it is no file`,\n});\n// It wants."), [[2, 2], [
    4,
    4,
  ]]);
});

/** The places that are the one implementation of what is banned elsewhere. */
const ALLOWED: [RegExp, string][] = [
  [/^src\/system\//, ""],
  [/^src\/daemon\//, ""],
  [/^src\/dashboard\/serve\.ts$/, ""],
  [/^src\/demo\//, ""],
  [/^tools\//, ""],
  [
    /^src\/probe\/(engine\/(worker|worker_pool|scheduler)|net\/tcp|http\/(http|exchange)|tls\/tls)\.ts$/,
    "",
  ],
  [/^src\/(cli|tester)\/run\.ts$/, "Math.random"],
  [/^src\/dashboard\/web\/stream\/browser\.ts$/, ""],
  [/^[a-z]+\.ts$/, ""],
];

Deno.test("the rules of this test detect violations", () => {
  const caught = (text: string) => bannedCallsIn(text, "pure").map(({ call }) => call);
  assert.deepEqual(caught("const t = Date.now();"), ["Date"]);
  assert.deepEqual(caught("await x; Math.random(); setTimeout(f, 1); Deno.exit()"), [
    "await",
    "Math.random",
    "setTimeout",
    "Deno",
  ]);
  assert.deepEqual(caught("// Date.now()\n/* await */ const s = 'Deno.exit()'; `fetch()`"), []);
  assert.deepEqual(caught("const isoDate = 1; const awaited = 2; x.performance2 = 3"), []);
  assert.ok(mayImport("src/health/machine.ts", "src/probe/net/tcp.ts") !== undefined);
  assert.ok(mayImport("src/base/ring.ts", "src/config/model.ts") !== undefined);
  assert.ok(mayImport("src/vpp/sync/reconcile.ts", "src/checker/checker.ts") !== undefined);
  assert.ok(mayImport("src/checker/checker.ts", "src/daemon/wire.ts") !== undefined);
  assert.ok(mayImport("src/probe/http/http.ts", "src/probe/engine/slot.ts") !== undefined);
  assert.ok(mayImport("src/cli/render/yaml.ts", "src/cli/compare/merge.ts") !== undefined);
  assert.ok(mayImport("src/cli/language/tree.ts", "src/cli/commands/mod.ts") !== undefined);
  assert.ok(mayImport("src/daemon/run.ts", "src/cli/render/yaml.ts") !== undefined);
  assert.ok(mayImport("src/tester/run.ts", "src/probe/engine/slot.ts") !== undefined);
  assert.ok(mayImport("src/tester/run.ts", "src/health/state.ts") !== undefined);
  assert.equal(mayImport("src/tester/run.ts", "src/probe/http/exchange.ts"), undefined);
  assert.equal(mayImport("src/cli/compare/merge.ts", "src/cli/render/json.ts"), undefined);
  assert.equal(mayImport("src/checker/checker.ts", "src/health/machine.ts"), undefined);
  assert.equal(mayImport("src/vpp/lb/desired.ts", "src/config/model.ts"), undefined);
  assert.ok(FLOORS.length > 5);
});

Deno.test("files stay small enough to read: at most 400 lines", () => {
  // Generated ones, and the contract of the dashboard, which both sides read as a whole.
  const long = FILES
    .filter((file) => !/\/gen\/|\.gen\.ts$|wire\/messages\.ts$|dashboard\/protocol\.ts$/.test(file))
    .map((file) => [file, TEXTS.get(file)!.split("\n").length - 1] as const)
    .filter(([file, lines]) => lines > (isTest(file) ? 800 : 400));
  assert.deepEqual(long, [], "cut them in two");
});

Deno.test("deno.json and src/base/version.ts have the same version", async () => {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  assert.equal(config.version, BUILD.version);
});

Deno.test("the tasks start the programs through the launcher", async () => {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  for (const name of ["maglevd", "maglevc", "maglevd-frontend", "maglevt"]) {
    assert.equal(
      config.tasks[name].command,
      `MAGLEV_TASK=1 sh tools/release/launcher.sh ${name}`,
    );
  }
});

Deno.test("each program may read the environment variables of its flags", () => {
  const variablesOf = (flags: FlagTable) =>
    Object.values(flags).flatMap(({ env, olderEnv = [] }) =>
      env === undefined ? [] : [env, ...olderEnv]
    );
  const covers = (name: string) => (entry: string) =>
    entry.endsWith("*") ? name.startsWith(entry.slice(0, -1)) : name === entry;
  const lacks = (environment: readonly string[], flags: FlagTable) =>
    variablesOf(flags).filter((name) => !environment.some(covers(name)));
  assert.deepEqual(lacks(MAGLEVD_ENVIRONMENT, MAGLEVD_FLAGS), []);
  assert.deepEqual(lacks(MAGLEVC_ENVIRONMENT, MAGLEVC_FLAGS), []);
  assert.deepEqual(lacks(FRONTEND_ENVIRONMENT, FRONTEND_FLAGS), []);
  assert.deepEqual(lacks(MAGLEVT_ENVIRONMENT, MAGLEVT_FLAGS), []);
});

Deno.test("a flag that names a path declares its grants", () => {
  // The stats socket is opened by the shim, which needs no permission for it.
  const shims = ["vpp-stats-addr"];
  const programs = [MAGLEVD_FLAGS, MAGLEVC_FLAGS, FRONTEND_FLAGS, MAGLEVT_FLAGS];
  const silent = programs.flatMap((flags: FlagTable) =>
    Object.entries(flags)
      .filter(([name]) => !shims.includes(name))
      .filter(([, { placeholder, grants }]) =>
        /PATH|FILE|ADDR/.test(placeholder ?? "") !== (grants !== undefined)
      )
      .map(([name]) => name)
  );
  assert.deepEqual(silent, []);
});

Deno.test("maglevd and its dashboard listen to SIGHUP before anything else is imported", () => {
  assert.deepEqual(
    importsOf("src/system/signals/hang_up.ts", TEXTS.get("src/system/signals/hang_up.ts")!),
    [],
  );
  for (const [file, program] of [["main.ts", "daemon"], ["frontend.ts", "dashboard"]] as const) {
    const entry = TEXTS.get(file)!;
    const [first, ...rest] = importsOf(file, entry);
    assert.equal(first, "src/system/signals/hang_up.ts");
    assert.deepEqual(rest, [`src/${program}/run.ts`]);
    // A static import would be evaluated, and loaded, with the first one.
    assert.ok(entry.includes(`await import("./src/${program}/run.ts")`));
  }
});

Deno.test("every npm dependency is pinned to one version", async () => {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  for (const [name, target] of Object.entries<string>(config.imports)) {
    assert.match(target, /^npm:(@[\w-]+\/)?[\w.-]+@\d+\.\d+\.\d+$/, name);
  }
});
