/** JSON as Python reads it: an independent reader. */

const PROGRAM = `
import json, sys
def once(pairs):
    assert len(dict(pairs)) == len(pairs), pairs
    return pairs
for line in sys.stdin.buffer.read().decode("utf-8").split("\\n"):
    print(json.dumps(json.loads(line, object_pairs_hook=once)))
`;

/** The pairs of each line, an object each. @throws {Error} for no JSON, or a key that is there twice */
export async function readByPython(
  lines: readonly string[],
): Promise<[key: string, value: unknown][][]> {
  const child = new Deno.Command("python3", {
    args: ["-c", PROGRAM],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.join("\n")));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd();
  if (code !== 0) throw new Error(`Python cannot read a line: ${text(stderr)}`);
  return text(stdout).split("\n").map((line) => JSON.parse(line));
}
