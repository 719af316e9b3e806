/** Formats generated code as `deno fmt` formats the rest. */
import { MaglevError } from "../src/base/errors.ts";

/** `text` of a TypeScript file, formatted by the project's rules. */
export async function format(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "ts", "-"],
    cwd: new URL("../", import.meta.url).pathname,
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
    throw new MaglevError("internal", `cannot format the generated text: ${reason}`);
  }
  return new TextDecoder().decode(stdout);
}
