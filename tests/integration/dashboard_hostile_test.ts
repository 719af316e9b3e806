/**
 * Texts that attack the page, in a real Chromium. Goal: no text of a server, of VPP or of a
 * configuration becomes markup, hides characters, or turns the order of writing around, wherever it is
 * shown. Method: every text of the state, of the events and of the answers ends in an attack; each view
 * is opened, and all its texts are searched.
 */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { DashboardEvent } from "../../src/dashboard/protocol.ts";
import { browserTests, withScreen } from "../support/servers/dashboard_screen.ts";
import { demoLb, HOSTILE, hostileLb, spoiled } from "../support/worlds/dashboard_page_world.ts";

const browserTest = browserTests("dashboard");

/** Runs in the page: texts and descriptions with a character that hides or turns; and images. */
function attacks(): string[] {
  // The page's own names are isolated by U+2068 and U+2069.
  // deno-lint-ignore no-control-regex -- these are what must not be there
  const unsafe = /[\u0000-\u0008\u200b-\u200f\u2028-\u202e]/;
  type Node = { readonly parentElement: Element | null; readonly textContent: string };
  type Element = {
    readonly outerHTML: string;
    readonly localName: string;
    readonly value?: unknown;
    getAttribute(name: string): string | null;
  };
  const { document } = globalThis as unknown as {
    document: {
      title: string;
      body: unknown;
      querySelectorAll(selector: string): Iterable<Element>;
      createTreeWalker(root: unknown, what: number): { nextNode(): Node | null };
    };
  };
  const found = unsafe.test(document.title) || document.title.includes("owned")
    ? [document.title]
    : [];
  const texts = document.createTreeWalker(document.body, 4);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    if (unsafe.test(node.textContent)) found.push(`text: ${node.parentElement?.outerHTML}`);
  }
  for (const element of document.querySelectorAll("*")) {
    const described = ["title", "aria-label", "placeholder", "alt"]
      .map((name) => element.getAttribute(name) ?? "");
    // What is copied as JSON is as it is.
    if (element.localName === "input") described.push(String(element.value));
    if (described.some((text) => unsafe.test(text))) found.push(`title: ${element.outerHTML}`);
  }
  for (const image of document.querySelectorAll("#app img")) found.push(image.outerHTML);
  return found.map((text) => text.slice(0, 300));
}

async function assertHarmless(page: Page, where: string): Promise<void> {
  assert.deepEqual(await page.evaluate(attacks), [], where);
  assert.equal(await page.locator("script").count(), 1, where);
}

browserTest("every text from outside is text, in every view", async () => {
  const nowMs = Date.now();
  const plain = demoLb(nowMs);
  const lb = {
    ...spoiled({
      ...plain,
      ready: false,
      reason: "reason",
      error: "error",
      withheld: ["withheld"],
      blind: [{ netns: "netns", reason: "reason" }],
      config_on_disk: "invalid" as const,
      lameduck: { kind: "lameduck" as const, reason: "r", by: "b", since_ms: nowMs },
      frontends: plain.frontends.map((frontend) => ({ ...frontend, held: true as const })),
      backends: plain.backends.map((backend, at) => ({
        ...backend,
        blind: at === 1 ? "blind" : undefined!,
        state: at === 2 ? "paused" as const : backend.state,
        intent: { kind: at === 0 ? "drain" : "pause", reason: "r", by: "b", since_ms: nowMs },
        scheduled: [{ kind: "disable", reason: "r", by: "b", since_ms: 0, from_ms: nowMs + 1e6 }],
        damped_until_ms: nowMs + 60_000,
        drain_unwatched: "unwatched",
        certificate_name: "certificate",
        certificate_expiry_ms: nowMs + 86_400_000,
      } as const)),
    }),
    name: "lb1",
  };
  const other = { ...lb, name: "lb2" };
  await withScreen([lb, other], { tree: "admin", rest: "#/lb1" }, async ({ page, fixture }) => {
    fixture.rewrite = spoiled;
    fixture.records = [{
      id: 1,
      // After the last day of the calendar.
      at_ms: 8.64e15 + 1,
      event: "backend-transition",
      backend: "nginx0",
      frontend: "web",
      attributes: { from: "up", to: HOSTILE, code: "c", detail: "d", [HOSTILE]: "v" },
    }];
    await page.locator(".row").nth(3).waitFor();
    const events: DashboardEvent[] = [
      {
        ...{ type: "log", maglevd: "lb1", t_ms: nowMs, level: "error", time: "x" },
        msg: `msg${HOSTILE}`,
        attributes: { [HOSTILE]: HOSTILE },
      },
      {
        ...{ type: "backend", maglevd: "lb1", t_ms: nowMs, backend: lb.backends[0]! },
        transition: { from: "up", to: "down", at_ms: nowMs, result: lb.backends[0]!.last_result! },
      },
    ];
    for (const event of events) fixture.emit(event);
    await page.locator(".log li").nth(1).waitFor();
    const openers = page.locator("tbody .opener");
    for (let at = 0; at < await openers.count(); at++) await openers.nth(at).click();
    await page.getByRole("button", { name: "Why", exact: true }).click();
    await page.getByText("without new flows, or not as they should be").waitFor();
    await page.locator(".chain").nth(4).waitFor();
    await page.locator(".lines li", { hasText: "unknown → up" }).nth(3).waitFor();
    await assertHarmless(page, "rows");
    const shown = await page.getByText("\\u{202e}\\u{2028}\\u{7}").count();
    assert.ok(shown > 60, `only ${shown} texts are shown`);

    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: "Disable …" }).first().click();
    await dialog.getByText("are dropped").first().waitFor();
    assert.equal(await dialog.getByLabel("The same in a terminal").count(), 0);
    await assertHarmless(page, "confirmation");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Weight …" }).first().click();
    await dialog.getByText("of new flows move").waitFor();
    await assertHarmless(page, "weight");
    await page.keyboard.press("Escape");
    fixture.isBusy = true;
    fixture.setBackend("lb1", lb.backends[3]!.name, { state: "down" });
    await page.getByText("too many requests for details").first().waitFor();
    await assertHarmless(page, "an error");
    await page.locator(".events").getByRole("button", { name: "History" }).click();
    await dialog.locator("li time").waitFor();
    await assertHarmless(page, "history");
    await dialog.getByRole("button", { name: /^nginx0/ }).click();
    await page.getByRole("dialog", { name: /^History of nginx0/ }).waitFor();
    await assertHarmless(page, "history of a server");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "All", exact: true }).click();
    await page.locator(".overview .row .opener").first().click();
    await page.locator(".inner th").nth(4).waitFor();
    await assertHarmless(page, "overview");
  });
});

browserTest(
  "names that are odd in paths, in objects and in length: links, rows and JSON",
  () =>
    withScreen([hostileLb(Date.now())], { tree: "admin" }, async ({ page, fixture }) => {
      await page.locator(".row").nth(7).waitFor();
      const openers = page.locator("tbody .opener");
      for (let i = 0; i < await openers.count(); i++) await openers.nth(i).click();
      await page.locator(".chain").nth(7).waitFor();
      await assertHarmless(page, "rows");
      await page.getByRole("button", { name: "Copy as JSON" }).first().click();
      await page.getByLabel("JSON").waitFor();
      await page.getByRole("button", { name: "Disable …" }).first().click();
      await page.getByRole("dialog").getByText("are dropped").first().waitFor();
      await assertHarmless(page, "confirmation");
      const { frontends: [web], backends: [first], ...lb } = fixture.lb("lb1");
      const names = ["a/b", "b", "__proto__"];
      const weight = { weight: 100, effective_weight: 0 };
      const pools = [{ name: "p/q", backends: names.map((name) => ({ name, ...weight })) }];
      const frontend = { ...web!, name: "w/x", pools };
      const backends = names.map((name) => ({ ...first!, name }));
      fixture.restart({ maglevds: [{ ...lb, backends, frontends: [frontend] }] });
      for (const name of names) {
        await page.goto("about:blank");
        await page.goto(fixture.url("view", `#/lb1/w%2Fx/${encodeURIComponent(name)}`));
        await page.locator(".verdict", { hasText: name }).waitFor();
        const focused = await page.evaluate<string>("document.activeElement.textContent");
        assert.equal(focused, name);
      }
    }),
);
