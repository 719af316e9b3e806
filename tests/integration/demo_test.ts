/**
 * The demo with its dashboard. Goal: the first line names an address where a browser sees the servers,
 * the failover and the return. Method: the demo plays one, and a client follows the events.
 */
import assert from "node:assert/strict";
import { loadAssets } from "../../src/dashboard/assets.ts";

const DEMO = new URL("../../src/demo/main.ts", import.meta.url).pathname;

interface StateOf {
  readonly maglevds: readonly { readonly name: string; readonly backends: readonly unknown[] }[];
}

const built = typeof await loadAssets() !== "string";
const note = built ? "" : " (skipped: the page is not built; `deno task setup`)";

Deno.test({
  name: `the demo prints its dashboard's address first, where a failover is seen${note}`,
  ignore: !built,
  fn: playsInSight,
});

async function playsInSight(): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", "--no-check", DEMO, "--for", "10s"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let output = "";
  while (!output.includes("\n")) {
    const { done, value } = await lines.read();
    if (done) assert.fail(await errors);
    output += value;
  }
  const url = /^dashboard +(http:\/\/127\.0\.0\.1:\d+\/)\n/.exec(output)?.[1];
  assert.ok(url !== undefined, output);
  const state: StateOf = await (await fetch(`${url}view/api/state`)).json();
  assert.equal(state.maglevds[0]!.name, "demo");
  const stream = await fetch(`${url}view/api/events?show=demo`);
  let events = "";
  const reading = (async () => {
    for await (const text of stream.body!.pipeThrough(new TextDecoderStream())) events += text;
  })();
  for (;;) {
    const { done, value } = await lines.read();
    if (done) break;
    output += value;
  }
  await reading;
  assert.equal((await child.status).code, 0, `${output}\n${await errors}`);
  const [down, up] = ["down", "up"].map((to) =>
    events.search(new RegExp(`^data: .*"type":"backend".*"name":"web2".*"to":"${to}"`, "m"))
  );
  assert.ok(down! >= 0 && up! > down!, events);
  assert.match(output, /web2 is back with weight 100/);
}
