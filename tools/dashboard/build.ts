/**
 * Builds the dashboard's page with Vite, and writes it as src/dashboard/assets.gen.ts: each file as
 * gzip in base64, so that the program needs no file beside itself and compresses nothing at run
 * time. Quick when the sources have not changed since.
 *
 *   deno run --frozen -A tools/dashboard/build.ts [--force]
 *
 * Vite needs -A: it looks into /proc/sys. The bytes depend on the sources and the lock file alone.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";

const ROOT = new URL("../../", import.meta.url).pathname;
const WEB = `${ROOT}src/dashboard/web`;
const TARGET = `${ROOT}src/dashboard/assets.gen.ts`;

/** An asset of the page, as Vite made it. */
interface BuiltFile {
  /** Below view/, such as "index.html" or "assets/index-CfZ2.js". */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Files whose content decides what the build makes, in a fixed order. */
async function sources(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await sources(path));
    else if (entry.isFile && !entry.name.endsWith("_test.ts")) found.push(path);
  }
  return found.sort();
}

async function sourceHash(): Promise<string> {
  const hash = createHash("sha256");
  const files = [
    `${ROOT}deno.lock`,
    `${ROOT}src/dashboard/protocol.ts`,
    new URL(import.meta.url).pathname,
    ...await sources(WEB),
  ];
  for (const file of files) {
    hash.update(`${file.slice(ROOT.length)}\0`).update(await Deno.readFile(file)).update("\0");
  }
  return hash.digest("hex");
}

/** The hash that the generated file carries in its first line; undefined without a file. */
async function builtHash(): Promise<string | undefined> {
  try {
    return /^\/\/ sources ([0-9a-f]{64})$/m.exec(await Deno.readTextFile(TARGET))?.[1];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function build(): Promise<BuiltFile[]> {
  const { build } = await import("vite");
  const { default: solid } = await import("vite-plugin-solid");
  // Without a folder of node modules Vite finds no package by name. The builds for browsers stand
  // beside those for servers, which Node's resolution gives.
  const require = createRequire(import.meta.url);
  const solidServer = require.resolve("solid-js");
  const packages = {
    "solid-js/web": solidServer.replace("/dist/server.cjs", "/web/dist/web.js"),
    "solid-js/store": solidServer.replace("/dist/server.cjs", "/store/dist/store.js"),
    "solid-js": solidServer.replace("/dist/server.cjs", "/dist/solid.js"),
    "uplot/style.css": require.resolve("uplot").replace(
      "/dist/uPlot.cjs.js",
      "/dist/uPlot.min.css",
    ),
    "uplot": require.resolve("uplot").replace("/dist/uPlot.cjs.js", "/dist/uPlot.esm.js"),
  };
  const output = await build({
    root: WEB,
    configFile: false,
    base: "./",
    logLevel: "warn",
    plugins: [solid()],
    resolve: {
      alias: Object.entries(packages).map(([name, path]) => ({
        find: new RegExp(`^${name}$`),
        replacement: path,
      })),
    },
    build: {
      write: false,
      target: "es2022",
      assetsInlineLimit: 0,
      // Its polyfill would be an inline script.
      modulePreload: { polyfill: false },
      // On a busy machine it would advise to look at times that are the machine's.
      rolldownOptions: {
        checks: { pluginTimings: false },
        // Otherwise what later parts share with it is a file of its own, 1.5 kB larger in all.
        output: {
          codeSplitting: {
            groups: [{ name: (id, modules) => isOfStart(id, modules) ? "page" : null }],
          },
        },
      },
    },
    worker: { format: "es" },
  });
  const outputs = Array.isArray(output) ? output : [output];
  return outputs
    .flatMap((result) => "output" in result ? result.output : [])
    .map((file) => {
      const content = file.type === "chunk" ? file.code : file.source;
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      return { path: file.fileName, bytes };
    })
    .sort((a, b) => a.path < b.path ? -1 : 1);
}

/** True for start.tsx, and what it imports statically. */
function isOfStart(
  id: string,
  modules: { getModuleInfo(id: string): { readonly importers: readonly string[] } | null },
  seen = new Set<string>(),
): boolean {
  if (id === `${WEB}/start.tsx`) return true;
  if (seen.has(id)) return false;
  seen.add(id);
  const importers = modules.getModuleInfo(id)?.importers ?? [];
  return importers.some((importer) => isOfStart(importer, modules, seen));
}

function moduleOf(files: readonly BuiltFile[], hash: string): string {
  const rows = files.map(({ path, bytes }) => {
    // A time or a system in the header would make other bytes elsewhere.
    const gzip = gzipSync(bytes, { level: 9 });
    gzip[9] = 255;
    return `  [${JSON.stringify(path)}, ${bytes.length}, ${
      JSON.stringify(gzip.toString("base64"))
    }],`;
  });
  return `// Made by tools/dashboard/build.ts; not to be edited.
// sources ${hash}
/** Path below view/, length of the content in bytes, and its gzip in base64. */
export const FILES: readonly (readonly [path: string, length: number, gzip: string])[] = [
${rows.join("\n")}
];
`;
}

const hash = await sourceHash();
if (!Deno.args.includes("--force") && await builtHash() === hash) Deno.exit(0);
const files = await build();
await Deno.writeTextFile(`${TARGET}.new`, moduleOf(files, hash));
await Deno.rename(`${TARGET}.new`, TARGET);
