/**
 * Replaces maglevc in the tests of its completion in real shells. `--complete WORD…` replies from
 * the real tree with the names below; other arguments are recorded. Environment: STAND_IN_RECORD, a
 * file that gets each list of arguments as a line of JSON; STAND_IN_ANSWER, a file that, if it
 * exists, is printed instead of the candidates.
 */
import { complete } from "../../../src/cli/language/complete.ts";

const NAMES: Readonly<Record<string, readonly string[]>> = {
  backend: ["nginx0", "nginx1", "web:80", "web:443", "a\\b", "$sum", "it's"],
  frontend: ["public", "vip@home"],
  pool: ["blue"],
  "pool-backend": ["nginx1"],
};

const record = Deno.env.get("STAND_IN_RECORD");
if (record !== undefined) {
  Deno.writeTextFileSync(record, `${JSON.stringify(Deno.args)}\n`, { append: true });
}
const at = Deno.args.indexOf("--complete");
if (at !== -1) {
  const answer = readIfThere(Deno.env.get("STAND_IN_ANSWER"));
  if (answer !== undefined) console.log(answer);
  else {
    const words = Deno.args.slice(at + 1);
    const partial = words.pop() ?? "";
    const names = (slot: string) => Promise.resolve(NAMES[slot] ?? []);
    for (const { text, help } of await complete(words, partial, names)) {
      console.log(`${text}\t${help}`);
    }
  }
}

function readIfThere(path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
