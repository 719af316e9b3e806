/**
 * Writes what the documentation takes from tables in the code: docs/maglev.schema.json, the reference
 * part of docs/config-guide.md, docs/metrics.md.
 *
 *     deno run -A docs/generate.ts           write
 *     deno run -A docs/generate.ts --check   exit 1 when something is stale, write nothing
 */
import { jsonSchemaText } from "../src/config/json_schema.ts";
import { withReference } from "../src/config/reference.ts";
import { metricsReference } from "../src/metrics/reference.ts";

/** A file that is generated wholly or in part, and what it should hold. */
export interface Generated {
  readonly name: string;
  readonly url: URL;
  readonly current: string | undefined;
  readonly wanted: string;
}

/** The generated files as they are and as they should be. */
export async function generatedFiles(): Promise<readonly Generated[]> {
  const schema = new URL("maglev.schema.json", import.meta.url);
  const guide = new URL("config-guide.md", import.meta.url);
  const metrics = new URL("metrics.md", import.meta.url);
  const guideText = await Deno.readTextFile(guide);
  const wanted = withReference(guideText);
  if (wanted === undefined) throw new Error("docs/config-guide.md has lost its reference marks");
  return [
    {
      name: "docs/maglev.schema.json",
      url: schema,
      current: await readIfPresent(schema),
      wanted: jsonSchemaText(),
    },
    { name: "docs/config-guide.md", url: guide, current: guideText, wanted },
    {
      name: "docs/metrics.md",
      url: metrics,
      current: await readIfPresent(metrics),
      wanted: metricsReference(),
    },
  ];
}

async function readIfPresent(url: URL): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(url);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((arg) => arg !== "--check");
  if (unknown.length > 0) {
    console.error(`Unknown argument ${unknown[0]}; expected --check or nothing`);
    return 2;
  }
  const stale = (await generatedFiles()).filter((file) => file.current !== file.wanted);
  for (const file of stale) {
    if (args.includes("--check")) {
      console.error(`${file.name} is stale: run deno run -A docs/generate.ts`);
    } else {
      await Deno.writeTextFile(file.url, file.wanted);
      console.log(`Wrote ${file.name}`);
    }
  }
  return args.includes("--check") && stale.length > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
