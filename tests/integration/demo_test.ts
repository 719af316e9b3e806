/**
 * The demo with its dashboard. Goal: the first line names an address where a browser sees the servers,
 * the failover and the return. Method: the demo plays one; a client follows the events, and a real
 * Chromium the page, where there is one.
 */
import assert from "node:assert/strict";
import { loadAssets } from "../../src/dashboard/assets.ts";
import { until } from "../support/judges/until.ts";
import { launchChromium, NO_CHROMIUM, openPage } from "../support/servers/chromium.ts";

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
    args: ["run", "--frozen", "-A", "--no-check", DEMO, "--for", "20s"],
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
  const watching = NO_CHROMIUM === "" ? watch(`${url}view/`) : Promise.resolve();
  for (;;) {
    const { done, value } = await lines.read();
    if (done) break;
    output += value;
  }
  await Promise.all([reading, watching]);
  assert.equal((await child.status).code, 0, `${output}\n${await errors}`);
  const [down, up] = ["down", "up"].map((to) =>
    events.search(new RegExp(`^data: .*"type":"backend".*"name":"web2".*"to":"${to}"`, "m"))
  );
  assert.ok(down! >= 0 && up! > down!, events);
  assert.match(output, /web2 is back with weight 100/);
}

/** Looks at the page, without touching it, as it shows the play. */
async function watch(url: string): Promise<void> {
  const browser = await launchChromium();
  try {
    const page = await openPage(browser, { viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(10_000);
    await page.goto(url);
    const row = page.locator(".row", { hasText: "web2" });
    await row.waitFor();
    assert.equal(await page.locator(".row").count(), 3);
    await row.getByText("down", { exact: true }).waitFor();
    await row.getByText("L7STS").waitFor();
    await row.locator(".c-effective", { hasText: /^0$/ }).waitFor();
    await page.getByRole("button", { name: "1 degraded" }).waitFor();
    await until(async () => await page.title() === "(1) vpp-maglev");
    await page.locator(".log").getByText("web2 up → down").waitFor();
    await page.getByText("Nothing is wrong.").waitFor();
    await row.locator(".c-effective", { hasText: /^100$/ }).waitFor();
    await page.locator(".log").getByText("web2 down → up").waitFor();
    // The demo has ended: what is shown is no longer true, and the page does not hide that.
    await page.getByRole("alert").getByText(/^Not live: /).waitFor({ timeout: 20_000 });
    assert.deepEqual(page.misdeeds.all, []);
  } finally {
    await browser.close();
  }
}
