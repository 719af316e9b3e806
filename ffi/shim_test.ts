/** The shim: its own test in C under sanitizers, the table of its functions, and how it is found. */
import assert from "node:assert/strict";
import { openShim } from "./open.ts";
import { SHIM_ABI, SYMBOLS } from "./symbols.ts";

const FOLDER = new URL("./", import.meta.url).pathname;

/** The shim's source files, as the Makefile names them. */
const SOURCES = /^SOURCES = (.*)$/m.exec(await Deno.readTextFile(`${FOLDER}Makefile`))![1]!
  .split(" ");

async function output(command: string, args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, stdin: "null" })
    .output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Runs `fn` with MAGLEV_SHIM set to `path`. */
async function withShimAt<T>(path: string, fn: () => T | Promise<T>): Promise<T> {
  const before = Deno.env.get("MAGLEV_SHIM");
  Deno.env.set("MAGLEV_SHIM", path);
  try {
    return await fn();
  } finally {
    if (before === undefined) Deno.env.delete("MAGLEV_SHIM");
    else Deno.env.set("MAGLEV_SHIM", before);
  }
}

Deno.test("the shim's and the bridge's own tests pass under AddressSanitizer and UndefinedBehaviorSanitizer", async () => {
  const { code, stdout, stderr } = await output("make", ["-s", "-C", FOLDER, "test"]);
  assert.equal(code, 0, stdout + stderr);
  assert.equal(stdout.match(/^ok$/gm)?.length, 5, stdout);
});

Deno.test("symbols.ts has the functions and the version of shim.h, and their prototypes", async () => {
  const header = await Deno.readTextFile(`${FOLDER}shim.h`);
  const table = await Deno.readTextFile(`${FOLDER}symbols.ts`);
  assert.equal(Number(/#define MAGLEV_SHIM_ABI (\d+)/.exec(header)?.[1]), SHIM_ABI);
  const plain = (text: string) => text.replace(/\s*\n\s*(\/\/)?\s*/g, " ");
  const declared = [...header.matchAll(/^MAGLEV_EXPORT ([^;]+);/gm)].map(([, text]) =>
    plain(text!)
  );
  assert.deepEqual(
    declared.map((prototype) => /(maglev_\w+)\(/.exec(prototype)![1]).sort(),
    Object.keys(SYMBOLS).sort(),
  );
  for (const prototype of declared) {
    assert.ok(plain(table).includes(`${prototype} maglev_`), `symbols.ts lacks: ${prototype}`);
  }
  const type = (text: string) =>
    text.includes("*") ? "buffer" : text.includes("uint32_t") ? "u32" : "i32";
  for (const prototype of declared) {
    const [, result, name, parameters] = /^(\S+) (\w+)\((.*)\)$/.exec(prototype)!;
    const symbol = SYMBOLS[name as keyof typeof SYMBOLS];
    const wanted = parameters === "void" ? [] : parameters!.split(", ").map(type);
    assert.deepEqual([symbol.result, [...symbol.parameters]], [type(result!), wanted], `${name}`);
    // The memory of a terminated worker is freed under a call that is under way.
    if ("nonblocking" in symbol) assert.ok(!wanted.includes("buffer"), `${name} takes a buffer`);
  }
});

Deno.test("openShim() opens the built shim any number of times", () => {
  const first = openShim();
  const second = openShim();
  assert.ok(first.kind === "ok" && second.kind === "ok");
  first.shim.close();
  first.shim.close();
  assert.equal(second.shim.calls.maglev_shim_abi(), SHIM_ABI);
  second.shim.close();
});

Deno.test("openShim() names the fix when the shim is missing, foreign or of another version", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const other = `${folder}/other.so`;
    const source = (await Deno.readTextFile(`${FOLDER}shim.h`))
      .replace(/(MAGLEV_SHIM_ABI) \d+/, "$1 999");
    await Deno.writeTextFile(`${folder}/shim.h`, source);
    for (const file of [...SOURCES, "datagram.h"]) {
      await Deno.copyFile(FOLDER + file, `${folder}/${file}`);
    }
    const files = SOURCES.map((file) => `${folder}/${file}`);
    const cc = ["-shared", "-fPIC", "-pthread", "-fvisibility=hidden", "-o"];
    const built = await output("cc", [...cc, other, ...files]);
    assert.equal(built.code, 0, built.stderr);
    await Deno.writeTextFile(`${folder}/none.so`, "no library");
    await Deno.writeTextFile(`${folder}/old.c`, "int maglev_shim_abi(void) { return 1; }\n");
    await output("cc", [...cc, `${folder}/old.so`, `${folder}/old.c`]);
    const cases: [path: string, reason: string, message: RegExp][] = [
      [`${folder}/absent.so`, "absent", /absent\.so cannot be loaded: .*deno task setup/],
      [`${folder}/none.so`, "absent", /none\.so cannot be loaded: .*deno task setup/],
      [other, "version", /other\.so has version 999, and version \d+ is needed: .*deno task setup/],
      [`${folder}/old.so`, "version", /old\.so is of another version, .*deno task setup/],
    ];
    for (const [path, reason, message] of cases) {
      const result = await withShimAt(path, openShim);
      assert.ok(result.kind === "error", path);
      assert.equal(result.reason, reason, result.message);
      assert.match(result.message, message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("openShim() names the permission it lacks", async () => {
  const code = `import { openShim } from "${FOLDER}open.ts"; const r = openShim();
    console.log(r.kind === "error" ? r.reason + ": " + r.message : r.kind);`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, code);
    const run = async (flags: string[]) =>
      (await output(Deno.execPath(), ["run", "--no-prompt", ...flags, file])).stdout.trim();
    assert.match(await run([]), /^refused: cannot read MAGLEV_SHIM: .*launcher/);
    const env = "--allow-env=MAGLEV_SHIM";
    assert.match(
      await run([env]),
      /^refused: cannot load the shim .*build\/maglev_shim\.so: .*launcher/,
    );
    const shim = new URL("../build/maglev_shim.so", import.meta.url).pathname;
    assert.equal(await run([env, `--allow-ffi=${shim}`]), "ok");
  } finally {
    await Deno.remove(file);
  }
});
