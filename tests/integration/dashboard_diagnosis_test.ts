/**
 * "Why does this server take no traffic?", asked of the dashboard's page in a real Chromium. Goal: two
 * clicks answer it, the answer follows what happens, and the history is paged and filtered. Method: as
 * dashboard_page_test.ts, whose server explains its states the way maglevd does.
 */
import assert from "node:assert/strict";
import type { TimelineRecord } from "../../src/dashboard/protocol.ts";
import { until } from "../support/judges/until.ts";
import { browserTests, demo, withScreen } from "../support/servers/dashboard_screen.ts";
import { demoLb, largeLb } from "../support/worlds/dashboard_page_world.ts";

const browserTest = browserTests("dashboard diagnosis");

const half = () => largeLb({ nowMs: Date.now(), vips: 16, backendsPerVip: 8, halfDown: true });

browserTest(
  "two clicks answer why a server takes no traffic, and the links that decide stand out",
  () =>
    withScreen([half()], {}, async ({ page }) => {
      await page.getByRole("button", { name: "vip00" }).click();
      await page.getByRole("button", { name: "web00-1" }).click();
      const why = page.getByRole("region", { name: "Why web00-1" });
      await why.getByText("web00-1 takes no new flows").waitFor();
      const answer = await why.locator(".verdict").innerText();
      assert.equal(
        answer.trim(),
        "web00-1 takes no new flows: paused: no new flows; paused by an operator: kernel upgrade",
      );
      assert.deepEqual(await why.locator(".decides").allInnerTexts().then(plain), [
        "intent ▸ decides: paused by an operator: kernel upgrade",
        "state weight → 0 ▸ decides: paused: no new flows",
      ]);
      // The standby of the same VIP is well, and takes no traffic all the same.
      await page.getByRole("button", { name: "standby00" }).click();
      await page.getByText('standby00 takes no new flows: pool "fallback" is on standby').waitFor();
      // And one that is down.
      await page.getByRole("button", { name: "vip05" }).click();
      await page.getByRole("button", { name: "web05-5" }).click();
      await page.getByText("web05-5 takes no new flows: down: no new flows; failed: L4CON")
        .waitFor();
    }),
);

const plain = (texts: string[]) => texts.map((text) => text.replace(/\s+/g, " ").trim());

browserTest(
  "the answer follows a failure and the return without a click; a frontend has one, too",
  () =>
    withScreen(demo(), {}, async ({ page, fixture }) => {
      await page.getByRole("button", { name: "nginx0" }).click();
      const row = page.locator("tr.details");
      await row.getByText("nginx0 takes new flows, with weight 100 in VPP").waitFor();
      const card = page.locator(".card");
      await card.getByRole("button", { name: "Why" }).click();
      await card.getByText("1 server of 4 without new flows").waitFor();
      fixture.setBackend("demo", "nginx0", {
        state: "down",
        last_result: { ok: false, code: "L4TOUT" },
      });
      await row.getByText("nginx0 takes no new flows: down: no new flows; failed: L4TOUT")
        .waitFor();
      await card.getByText("2 servers of 4 without new flows").waitFor();
      await card.getByText("nginx0 primary down: no new flows").waitFor();
      fixture.setBackend("demo", "nginx0", { state: "up" });
      await row.getByText("nginx0 takes new flows, with weight 100 in VPP").waitFor();
      await card.getByRole("button", { name: "Why" }).click();
      assert.equal(await card.getByText("servers of 4 without").count(), 0);
    }),
);

browserTest(
  "operators see who holds a server",
  async () => {
    const lb = demoLb(Date.now());
    const intent = { kind: "pause", since_ms: Date.now(), by: "alice", reason: "r" } as const;
    const backends = lb.backends.map((backend) =>
      ({ ...backend, state: "paused", intent }) as const
    );
    await withScreen([{ ...lb, backends }], { tree: "admin" }, async ({ page, fixture }) => {
      await page.getByRole("button", { name: "nginx0" }).click();
      await page.getByText("paused by an operator: r; operator: alice").waitFor();
      const paths = fixture.requests.map(({ path }) => path);
      assert.ok(paths.includes("admin/api/explain/demo/backends/nginx0"), paths.join(" "));
    });
  },
);

/** Transitions of nginx0 and nginx1 in turn, and what an operator did. */
function records(count: number): TimelineRecord[] {
  const nowMs = Date.now();
  return Array.from({ length: count }, (_, at): TimelineRecord => ({
    id: at + 1,
    at_ms: nowMs - (count - at) * 60_000,
    ...(at % 10 === 9 ? { event: "operator-action", attributes: { method: `Pause${at + 1}` } } : {
      event: "backend-transition",
      backend: `nginx${at % 2}`,
      attributes: { from: "up", to: "down", layer: "L4", code: "L4CON", detail: `no ${at + 1}` },
    }),
  }));
}

browserTest(
  "the history of a server: paged, filtered, live, left by Escape",
  () =>
    withScreen(demo(), {}, async ({ page, fixture }) => {
      fixture.records = records(250);
      await page.getByRole("button", { name: "nginx1" }).click();
      const open = page.locator("tr.details").getByRole("button", { name: "History" });
      await open.click();
      const dialog = page.getByRole("dialog", { name: "History of nginx1 on demo" });
      const lines = page.getByRole("dialog").locator("li");
      await until(async () => await lines.count() === 100);
      assert.match(await lines.first().innerText(), /nginx1\s+up → down L4CON no 248$/);
      await dialog.getByRole("button", { name: "Of everything" }).click();
      const all = page.getByRole("dialog", { name: "History on demo" });
      for (const count of [100, 200, 250]) {
        await until(async () => await lines.count() === count);
        if (count < 250) await all.getByRole("button", { name: "Older" }).click();
      }
      await all.getByText("no older records").waitFor();
      assert.match(await lines.last().textContent() ?? "", /nginx0\s+up → down L4CON no 1$/);
      const ids = await lines.allTextContents();
      assert.equal(new Set(ids).size, 250, "none twice");
      // What happens now comes in front.
      const added = { ...fixture.records.at(-2)!, id: 251, at_ms: Date.now() };
      fixture.records = [...fixture.records, added];
      fixture.setBackend("demo", "nginx0", { state: "down" });
      await until(async () => await lines.count() === 251);
      await lines.first().getByRole("button", { name: "nginx0" }).click();
      await page.getByRole("dialog", { name: "History of nginx0 on demo" }).waitFor();
      await until(async () =>
        await lines.count() > 0 &&
        (await lines.allTextContents()).every((text) => text.includes("nginx0"))
      );
      await page.keyboard.press("Escape");
      await until(async () => await page.getByRole("dialog").count() === 0);
      assert.equal(await page.evaluate("document.activeElement.textContent"), "History");
      assert.ok(
        fixture.requests.some(({ path }) => path === "view/api/timeline/demo?before=151"),
        "asked for older ones by id",
      );
    }),
);

browserTest(
  "a long history by keyboard: Older keeps the focus, a thousand records are kept, Newest comes back",
  () =>
    withScreen(demo(), {}, async ({ page, fixture }) => {
      fixture.records = records(1150);
      await page.goto(fixture.url("view", "?history=demo"));
      const dialog = page.getByRole("dialog", { name: "History on demo" });
      const lines = dialog.locator("li");
      await until(async () => await lines.count() === 100);
      const focused = () =>
        page.evaluate<string>(
          "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
        );
      await dialog.getByRole("button", { name: "Older" }).focus();
      for (let count = 200; count <= 1000; count += 100) {
        assert.equal(await focused(), "Older");
        await page.keyboard.press("Enter");
        await until(async () => await lines.count() === count);
      }
      assert.equal(await dialog.getByText("newer ones are left out").count(), 0);
      await page.keyboard.press("Enter");
      await dialog.getByText("1000 records are shown; newer ones are left out.").waitFor();
      assert.equal(await lines.count(), 1000);
      assert.match(await lines.last().textContent() ?? "", /no 51$/);
      await page.keyboard.press("Enter");
      await dialog.getByText("no older records").waitFor();
      assert.match(await lines.last().textContent() ?? "", /no 1$/);
      assert.equal(await focused(), "Records", "the button is gone, the focus is not");
      await dialog.getByRole("button", { name: "Newest" }).click();
      await until(async () => await lines.count() === 100);
      assert.equal(await focused(), "Records");
      assert.match(await lines.first().innerText(), /Pause1150/);
      assert.equal(await dialog.getByText("newer ones are left out").count(), 0);
    }),
);

browserTest(
  "an open history is in the address: a link opens it, and Back closes it",
  () =>
    withScreen(demo(), {}, async ({ page, fixture }) => {
      fixture.records = [
        ...records(20),
        {
          id: 21,
          at_ms: Date.now(),
          event: "frontend-held",
          frontend: "web",
          attributes: { message: "no server is up: VPP keeps the weights of 2 servers" },
        },
      ];
      await page.getByRole("button", { name: "nginx1" }).click();
      await page.locator("tr.details").getByRole("button", { name: "History" }).click();
      const dialog = page.getByRole("dialog", { name: "History of nginx1 on demo" });
      await dialog.waitFor();
      const search = () => new URL(page.url()).search;
      assert.equal(search(), "?history=demo/backend/nginx1");
      await dialog.getByRole("button", { name: "Of everything" }).click();
      const all = page.getByRole("dialog", { name: "History on demo" });
      await all.getByText("frontend-held").waitFor();
      await all.getByText("no server is up: VPP keeps the weights of 2 servers").waitFor();
      assert.equal(search(), "?history=demo");
      await page.goBack();
      await dialog.waitFor();
      await page.goBack();
      const closed = () => until(async () => await page.getByRole("dialog").count() === 0);
      await closed();
      // After closing, Back leads to what was there before it was opened.
      await page.getByLabel("Search names").fill("nginx");
      const opener = page.locator("tr.details").getByRole("button", { name: "History" });
      await opener.click();
      await dialog.getByRole("button", { name: "Of everything" }).click();
      await all.getByRole("button", { name: "Close" }).click();
      await closed();
      await until(() => search() === "?q=nginx");
      await until(async () =>
        await page.evaluate("document.activeElement.textContent") === "History"
      );
      await page.goBack();
      assert.equal(page.url(), "about:blank");
      await page.goto(fixture.url("view", "?history=demo/frontend/web"));
      await page.getByRole("dialog", { name: "History of web on demo" }).waitFor();
      await page.getByRole("dialog").getByRole("button", { name: "Of everything" }).click();
      await all.waitFor();
      await page.keyboard.press("Escape");
      await closed();
      await until(() => search() === "");
      await page.locator(".row").first().waitFor();
    }),
);

browserTest(
  "what policies do is a state with words: held, announced, cut off",
  async () => {
    const lb = demoLb(Date.now());
    const [web] = lb.frontends;
    const window = { kind: "disable", from_ms: Date.now() + 7_199_000, reason: "disk" } as const;
    const scheduled = [{ ...window, since_ms: 0, until_ms: window.from_ms + 14_400_000 }];
    const backends = lb.backends.map((backend) => ({
      ...backend,
      state: "down" as const,
      ...(backend.name === "nginx1" ? { scheduled } : {}),
    }));
    const frontend = { ...web!, state: "down" as const, held: true as const };
    const blind = [{ netns: "", reason: "0 of 2 targets answer", isolated: true as const }];
    const withdrawn = { ...frontend, announced: "withdrawn" as const };
    await withScreen([{ ...lb, backends, blind, frontends: [withdrawn] }], {}, async (screen) => {
      const { page, fixture } = screen;
      const notes = page.getByRole("region", { name: "Notes" });
      await notes.getByText("web: no server is up, VPP keeps the last weights (held)").waitFor();
      await notes.getByText("web: withdrawn from the routing").waitFor();
      await notes.getByText("The prober is cut off (isolated)").waitFor();
      await notes.getByText("Scheduled for nginx1: the next begins in 1h 59m").waitFor();
      await page.getByRole("button", { name: "nginx1" }).click();
      await page.getByText("begins in 1h 59m, ends in 5h 59m: disk").waitFor();
      const card = page.locator(".card");
      await card.locator(".health", { hasText: "down (held)" }).waitFor();
      await card.locator(".vip", { hasText: "withdrawn" }).waitFor();
      const pools = web!.pools.map((pool) => ({
        ...pool,
        backends: pool.backends.map((entry) => ({ ...entry, held: true as const })),
      }));
      const braked = { ...web!, pools, announced: "announced" as const };
      fixture.emit({ type: "frontend", maglevd: "demo", t_ms: Date.now(), frontend: braked });
      await card.locator(".vip", { hasText: "announced" }).waitFor();
      await card.locator(".row", { hasText: "nginx0" }).getByText("down (held)").waitFor();
      await until(async () => await notes.getByText("(held)").count() === 0);
    });
  },
);

browserTest(
  "a maglevd without explanations and history: the page names the cause, and waits for a change",
  () =>
    withScreen(demo(), { clock: true }, async ({ page, fixture }) => {
      fixture.isOld = true;
      await page.getByRole("button", { name: "nginx0" }).click();
      await page.getByText("Why: demo cannot answer this: its maglevd 0.0.9 is too old").waitFor();
      const count = () => fixture.requests.filter(({ path }) => path.includes("/explain/")).length;
      const before = count();
      await page.clock.runFor(20_000);
      assert.equal(count(), before);
      await page.locator(".events").getByRole("button", { name: "History" }).click();
      await page.getByRole("alert").getByText("its maglevd 0.0.9 is too old").waitFor();
      fixture.isOld = false;
      await page.keyboard.press("Escape");
      fixture.setBackend("demo", "nginx0", { state: "down" });
      const why = page.getByRole("region", { name: "Why nginx0" });
      await why.getByText("nginx0 takes no new flows").waitFor();
      // Nothing changes: the answer is shown as an old one.
      await page.clock.runFor(2000);
      fixture.isBusy = true;
      await page.clock.runFor(6000);
      await why.getByText(/^Not current, \d+s old: too many requests for details$/).waitFor();
      await why.getByText("nginx0 takes no new flows").waitFor();
      fixture.isBusy = false;
      await page.clock.runFor(6000);
      await until(async () => await why.getByText("Not current").count() === 0);
    }),
);

browserTest(
  "ten thousand events: an open server is asked about once a second, also after a refusal",
  () =>
    withScreen(demo(), {}, async ({ page, fixture }) => {
      await page.getByRole("button", { name: "nginx0" }).click();
      await page.getByText("nginx0 takes new flows, with weight 100 in VPP").waitFor();
      const count = () => fixture.requests.filter(({ path }) => path.includes("/explain/")).length;
      const before = count();
      const beganMs = performance.now();
      for (let at = 0; at < 10_000; at++) {
        fixture.setBackend("demo", "nginx0", { state: at % 2 === 0 ? "down" : "up" });
        if (at === 5000) fixture.isBusy = true;
        if (at % 250 === 0) await new Promise((resolve) => setTimeout(resolve, 25));
      }
      fixture.setBackend("demo", "nginx0", { state: "down" });
      await page.locator(".row", { hasText: "nginx0" }).getByText("down").waitFor();
      await page.getByText("Why: too many requests for details").waitFor();
      const seconds = (performance.now() - beganMs) / 1000;
      assert.ok(count() - before <= 2 + seconds, `${count() - before} in ${seconds} s`);
      fixture.isBusy = false;
      await page.getByText("nginx0 takes no new flows").waitFor();
      await page.locator("tr.details section li", { hasText: "×" }).first().waitFor();
      assert.equal(await page.locator(".log li").count(), 500);
    }),
);
