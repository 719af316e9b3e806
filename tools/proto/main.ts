/**
 * `deno task proto [--check]`: writes src/grpc/gen/ from proto/. With --check nothing is written,
 * and the exit status is 1 when a committed file is stale.
 */
import { MaglevError } from "../../src/base/errors.ts";
import { generate } from "./generate.ts";
import { readProto } from "./schema.ts";

const PROJECT = new URL("../../", import.meta.url);

/** Files below proto/ and what is made of them in src/grpc/gen/. */
export const GENERATED: Readonly<Record<string, string>> = {
  "maglev.proto": "maglev.ts",
  "grpc/health/v1/health.proto": "health.ts",
  "grpc/reflection/v1/reflection.proto": "reflection.ts",
  "grpc/reflection/v1alpha/reflection.proto": "reflection_v1alpha.ts",
};

/** The formatted text of a generated file. */
export async function generateFrom(proto: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(`proto/${proto}`, PROJECT));
  return await format(generate(readProto(proto, text), "../protobuf/message.ts"));
}

/** Where it is committed. */
export function targetOf(proto: string): URL {
  return new URL(`src/grpc/gen/${GENERATED[proto]}`, PROJECT);
}

async function format(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "ts", "-"],
    cwd: PROJECT.pathname,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) {
    const reason = new TextDecoder().decode(stderr);
    throw new MaglevError("internal", `Cannot format the generated text: ${reason}`);
  }
  return new TextDecoder().decode(stdout);
}

async function main(check: boolean): Promise<number> {
  let stale = 0;
  for (const proto of Object.keys(GENERATED)) {
    const text = await generateFrom(proto);
    const target = targetOf(proto);
    const committed = await Deno.readTextFile(target).catch(() => "");
    if (text === committed) continue;
    stale++;
    if (check) console.error(`stale: ${target.pathname}: run \`deno task proto\``);
    else await Deno.writeTextFile(target, text);
  }
  return check && stale > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args.includes("--check")));
