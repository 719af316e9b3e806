/**
 * The dashboard's page in a real Chromium: what it shows, how it follows, what it filters, and how it
 * behaves when the server does not. Goal: each promise to a person in front of it is tried as that
 * person would. Method: the built page under its real headers, a server of the test's own that plays
 * a story, and a browser.
 */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { MaglevdState } from "../../src/dashboard/protocol.ts";
import { GoldenFolder } from "../support/judges/golden.ts";
import { until } from "../support/judges/until.ts";
import { builtFiles } from "../support/servers/dashboard_fixture.ts";
import {
  browserTests,
  demo,
  type Screen,
  withScreen,
} from "../support/servers/dashboard_screen.ts";
import { demoLb, largeLb } from "../support/worlds/dashboard_page_world.ts";

const GOLDEN = new GoldenFolder("dashboard/");

const browserTest = browserTests("dashboard page");

const half = (options: Partial<Parameters<typeof largeLb>[0]> = {}) =>
  largeLb({ nowMs: Date.now(), vips: 16, backendsPerVip: 8, halfDown: true, ...options });

/** Names of the cards that are on the screen. */
const cards = ({ page }: Screen) => page.locator(".card h2").allInnerTexts();

browserTest(
  "the demo reads well to a screen reader",
  () =>
    withScreen(demo(), {}, async ({ page, fixture }) => {
      await page.getByRole("button", { name: "nginx0" }).waitFor();
      await page.getByText("3.7 k/s").waitFor();
      const text = (await page.locator("body").ariaSnapshot())
        .replaceAll(fixture.origin, "ORIGIN")
        .replace(/\d\d:\d\d:\d\d/g, "HH:MM:SS")
        .replace(/read \d+s ago/g, "read Ns ago")
        .replace(/[\d.]+( k)?( ?\/s)/g, "N$1$2") + "\n";
      await GOLDEN.check("demo.txt", [{ title: "the demo, all well", text }]);
      assert.deepEqual(await GOLDEN.unused(), []);
      assert.equal(await page.getByText("Nothing is wrong.").count(), 1);
    }),
);

browserTest(
  "counts are filters, the filter is in the address, and closed cards have no rows",
  () =>
    withScreen([half()], {}, async (screen) => {
      const { page } = screen;
      await page.locator(".card").nth(15).waitFor();
      assert.equal(await page.locator("tbody tr").count(), 0);
      await page.getByRole("button", { name: "1 down" }).click();
      assert.deepEqual(await cards(screen), ["vip09"]);
      assert.match(page.url(), /\?show=down$/);
      await page.getByRole("button", { name: "1 served by fallback" }).click();
      assert.deepEqual(await cards(screen), ["vip01", "vip09"]);
      await page.reload();
      await page.locator(".card").nth(1).waitFor();
      assert.deepEqual(await cards(screen), ["vip01", "vip09"], "the address brings it back");
      await page.goBack();
      assert.deepEqual(await cards(screen), ["vip09"]);
      await page.getByRole("button", { name: "Only what is wrong" }).click();
      assert.equal((await cards(screen)).length, 8);
      await page.getByRole("button", { name: "Only what is wrong" }).click();
      assert.equal((await cards(screen)).length, 16);
    }),
);

browserTest(
  "search goes over names, addresses, ports, states and pools, down to the row",
  () =>
    withScreen([half()], {}, async (screen) => {
      const { page } = screen;
      await page.locator(".card").nth(15).waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("web05-5");
      assert.deepEqual(await cards(screen), ["vip05"]);
      assert.deepEqual(
        await page.locator("tbody th").allInnerTexts(),
        ["web05-5"],
        "opened by itself",
      );
      assert.match(page.url(), /\?q=web05-5$/);
      await page.keyboard.press("Escape");
      assert.equal((await cards(screen)).length, 16);
      for (
        const [search, names] of [
          ["192.0.2.9:53", ["vip09"]],
          ["10.0.7.3", ["vip07"]],
          ["paused vip06", ["vip06"]],
          ["standby12", ["vip12"]],
        ] as const
      ) {
        await page.locator("#search").fill(search);
        assert.deepEqual(await cards(screen), names, search);
      }
      await page.locator("#search").fill("no such thing");
      assert.equal(await page.getByText("Nothing matches the filter.").count(), 1);
      await page.getByRole("button", { name: "Show all" }).click();
      assert.equal((await cards(screen)).length, 16);
    }),
);

browserTest(
  "cards stay open or closed over a reload, and a link leads to a backend",
  () =>
    withScreen([half()], {}, async ({ page, fixture }) => {
      await page.getByRole("button", { name: "vip03" }).click();
      await page.getByRole("button", { name: "web03-0" }).waitFor();
      assert.match(page.url(), /#\/lb1\/vip03$/);
      await page.goto(fixture.url("view", "?"));
      await page.getByRole("button", { name: "web03-0" }).waitFor();
      await page.getByRole("button", { name: "vip03" }).click();
      assert.equal(await page.locator("tbody tr").count(), 0);
      await page.goto("about:blank");
      await page.goto(fixture.url("view", "#/lb1/vip05/web05-5"));
      await page.getByText("L4CON × 20").waitFor();
      assert.equal(await page.evaluate("document.activeElement.textContent"), "web05-5");
      await page.getByText("last result", { exact: true }).nth(1).waitFor();
      assert.equal(await page.getByText("failed: L4CON in 0.3 ms, connection refused").count(), 1);
    }),
);

browserTest(
  "a card opens and closes as often as it is clicked, and the address follows",
  () =>
    withScreen([half()], {}, async ({ page }) => {
      const opener = page.getByRole("button", { name: "vip03" });
      for (const open of [true, false, true, false]) {
        await opener.click();
        assert.equal(await opener.getAttribute("aria-expanded"), String(open));
        assert.equal(new URL(page.url()).hash, open ? "#/lb1/vip03" : "#/lb1");
      }
    }),
);

browserTest(
  "a link to one of a thousand VIPs brings it onto the screen",
  () =>
    withScreen([largeLb({ nowMs: Date.now(), vips: 1000, backendsPerVip: 2 })], {
      rest: "#/lb1/vip700",
    }, async ({ page }) => {
      const line = page.locator(".opener:focus", { hasText: "vip700" });
      await line.waitFor();
      const { y: top } = (await line.boundingBox())!;
      assert.ok(top > 80 && top < 880, `${top}`);
    }),
);

browserTest(
  "a failure is seen everywhere: row, card, counts, title, icon, log, live region",
  () =>
    withScreen(demo(), {}, async ({ page, fixture }) => {
      await page.locator(".row").first().waitFor();
      await until(async () => await page.title() === "vpp-maglev");
      const fail = (name: string) =>
        fixture.setBackend("demo", name, {
          state: "down",
          counter: 0,
          last_result: { ok: false, code: "L4TOUT", duration_ms: 900 },
        });
      fail("nginx1");
      const row = page.locator(".row", { hasText: "nginx1" });
      await row.getByText("down").waitFor();
      await row.getByText("L4TOUT").waitFor();
      assert.equal(await row.locator(".c-effective").innerText(), "0");
      await page.getByRole("button", { name: "1 degraded" }).waitFor();
      await until(async () => await page.title() === "(1) vpp-maglev");
      await until(async () => /degraded/.test(await icon(page)));
      await page.locator(".log").getByText("nginx1 up → down").waitFor();
      await page.locator("[aria-live=polite]", { hasText: "nginx1 is down." }).waitFor();
      await row.locator(".strip").focus();
      await row.locator(".tip", { hasText: /down \d\d:\d\d:\d\d to/ }).waitFor();
      for (const name of ["nginx0", "nginx2"]) fail(name);
      await page.getByRole("button", { name: "1 served by fallback" }).waitFor();
      fail("standby");
      await page.getByRole("button", { name: "1 down" }).waitFor();
      await until(async () => /down/.test(await icon(page)));
      fixture.setBackend("demo", "nginx0", { state: "up", counter: 4 });
      await page.locator("[aria-live=polite]", { hasText: "web is up" }).waitFor();
    }),
);

const icon = (page: Screen["page"]) =>
  page.locator("link[rel=icon]").evaluate((link) => (link as unknown as { href: string }).href);

/** Runs in the page: counts the animations of a background, and those of the heartbeat. */
function countFlashes(): void {
  type Animatable = { animate: (frames: unknown, options: unknown) => unknown };
  const page = globalThis as unknown as {
    flashes: number;
    beats: number;
    Element: { prototype: Animatable };
  };
  page.flashes = page.beats = 0;
  const { prototype } = page.Element;
  const { animate } = prototype;
  prototype.animate = function (this: Animatable, frames, options) {
    if (JSON.stringify(frames).includes("backgroundColor")) page.flashes++;
    if (JSON.stringify(frames).includes("scale")) page.beats++;
    return animate.call(this, frames, options);
  };
}

browserTest(
  "a value flashes when it changes, and not on first paint or on switching tabs",
  () =>
    withScreen([demoLb(Date.now(), "lb1"), demoLb(Date.now(), "lb2")], {
      rest: "#/lb1",
      init: countFlashes,
    }, async ({ page, fixture }) => {
      const flashes = () =>
        page.evaluate(() => (globalThis as unknown as { flashes: number }).flashes);
      await page.locator(".row").first().waitFor();
      await page.getByRole("button", { name: "lb2" }).click();
      await page.getByRole("button", { name: "lb1" }).click();
      assert.equal(await flashes(), 0);
      fixture.setBackend("lb1", "nginx0", { state: "down" });
      await page.getByRole("button", { name: "1 degraded" }).waitFor();
      await page.locator(".row", { hasText: "nginx0" }).locator(".c-effective", { hasText: "0" })
        .waitFor();
      // The state's word, the effective weight, and the card's word.
      assert.equal(await flashes(), 3);
    }),
);

browserTest(
  "probes beat and move the counter; VPP's own word is shown when it disagrees",
  () =>
    withScreen(demo(), { init: countFlashes }, async ({ page, fixture }) => {
      const row = page.locator(".row", { hasText: "nginx0" });
      await row.waitFor();
      // Probes are not replayed to a stream that begins later.
      await until(() => fixture.streams === 1);
      const t_ms = Date.now();
      fixture.emit({
        type: "probes",
        maglevd: "demo",
        t_ms,
        probes: { nginx0: ["L4TOUT", false, 3, 1, 900] },
      });
      await row.getByText("3/4").waitFor();
      await row.getByText("L4TOUT").waitFor();
      await row.locator("rect.is-failing").waitFor();
      assert.equal(await page.evaluate("beats"), 1);
      const vip = fixture.lb("demo").lb!.vips[0]!;
      fixture.emit({
        type: "lb-state",
        maglevd: "demo",
        t_ms,
        read_ms: t_ms + 5000,
        removed: [],
        vips: [{
          ...vip,
          servers: vip.servers.map((server, index) =>
            index === 0 ? { ...server, weight: 7 } : server
          ),
        }],
      });
      await page.getByRole("button", { name: "1 dataplane disagrees" }).waitFor();
      await row.getByText("VPP: 7").waitFor();
      fixture.emit({
        type: "lb-state",
        maglevd: "demo",
        t_ms,
        read_ms: t_ms + 6000,
        removed: [],
        vips: [vip],
      });
      await page.getByText("Nothing is wrong.").waitFor();
    }),
);

browserTest(
  "the event panel follows at the bottom, counts what is new elsewhere, and filters",
  () =>
    withScreen(demo(), {}, async ({ page, fixture }) => {
      await page.locator(".row").first().waitFor();
      const write = (from: number, to: number, level: "info" | "warn" = "info") => {
        for (let i = from; i < to; i++) {
          fixture.emit({
            type: "log",
            maglevd: "demo",
            t_ms: Date.now(),
            level,
            time: new Date().toISOString(),
            msg: i % 2 === 0 ? "vpp-connect" : "config-reload",
            attributes: { number: `n${i}.` },
          });
        }
      };
      const log = page.locator(".log");
      write(0, 100);
      await log.getByText("n99.").waitFor();
      assert.ok(await page.getByText("n99.").isVisible());
      await log.evaluate((element) => element.scrollTop = 0);
      write(100, 137);
      const unseen = page.getByRole("button", { name: "37 new ↓" });
      await unseen.click();
      assert.equal(await unseen.count(), 0);
      write(137, 138);
      await log.getByText("n137.").waitFor();
      assert.ok(
        await log.evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight < 9),
        "it follows again",
      );
      await page.getByRole("button", { name: "config", exact: true }).click();
      assert.equal(await log.getByText("config-reload").count(), 0);
      await page.getByLabel("Filter events by text").fill("n42.");
      assert.equal(await log.locator("li").count(), 1);
      await page.getByLabel("Filter events by text").fill("");
      await page.getByRole("button", { name: "Pause", exact: true }).click();
      write(138, 139, "warn");
      write(140, 141);
      await page.waitForTimeout(100);
      assert.equal(await log.getByText("n138.").count(), 0);
      await page.getByRole("button", { name: "Paused: go on" }).click();
      await log.getByText("n138.").waitFor();
    }),
);

browserTest(
  "a lost server: banner, age, grey, countdown, retry, and nothing that came between is lost",
  () =>
    withScreen(demo(), { tree: "admin" }, async ({ page, fixture }) => {
      await page.locator(".row").first().waitFor();
      await page.getByRole("button", { name: "nginx0" }).click();
      const disable = page.getByRole("button", { name: "Disable …" });
      await disable.waitFor();
      assert.ok(await disable.isEnabled());
      fixture.refuseWith = 503;
      fixture.cut();
      const alert = page.getByRole("alert");
      await alert.getByText("Not live: the server answers with status 503.").waitFor();
      await page.getByText(/What is shown is \d+s old\. (Next attempt in \d+ s\.|Connecting …)/)
        .waitFor();
      assert.ok(await disable.isDisabled());
      assert.equal(await page.getByText("No actions while the page is not live.").count(), 2);
      await until(async () => await page.title() === "(not live) vpp-maglev");
      assert.equal(await page.locator(".page.stale").count(), 1);
      fixture.setBackend("demo", "nginx2", { state: "down" });
      // Until the next attempt is some seconds away, so that it is the button that helps.
      await page.getByText(/Next attempt in [3-9] s\./).waitFor();
      fixture.refuseWith = undefined;
      const begin = performance.now();
      await page.getByRole("button", { name: "Retry now" }).click();
      await page.getByRole("button", { name: "1 degraded" }).waitFor();
      await page.locator(".page:not(.stale)").waitFor();
      assert.ok(performance.now() - begin < 2500, "it did not wait");
      assert.equal(await page.getByRole("alert").count(), 0);
      assert.ok(await disable.isEnabled());
    }),
);

browserTest(
  "a stream that hangs is found out after 35 s, and a laptop that slept comes back",
  () =>
    withScreen(demo(), {
      // The browser's clock can be set in the page, but not in a SharedWorker.
      init: () => delete (globalThis as { SharedWorker?: unknown }).SharedWorker,
      clock: true,
    }, async ({ page, fixture }) => {
      await page.locator(".row").first().waitFor();
      await page.locator(".live", { hasText: /^live$/ }).waitFor();
      // From here on time passes only when the test lets it.
      await page.clock.pauseAt(await page.evaluate<number>("Date.now() + 1000"));
      fixture.silent = true;
      const hung = page.getByRole("alert").getByText("nothing received for 35 s");
      let seconds = 0;
      while (await hung.count() === 0 && seconds < 60) {
        await page.clock.runFor(1000);
        seconds++;
      }
      assert.ok(seconds >= 33 && seconds <= 37, `${seconds} s`);
      fixture.silent = false;
      fixture.setBackend("demo", "nginx1", { state: "down" });
      await page.clock.resume();
      await page.getByRole("button", { name: "1 degraded" }).waitFor();
      await page.locator(".page:not(.stale)").waitFor();
      // Asleep: the clock jumps, the stream is dead, and no error was reported.
      const before = fixture.requests.length;
      fixture.silent = true;
      await page.clock.fastForward(3_600_000);
      fixture.silent = false;
      fixture.setBackend("demo", "nginx1", { state: "up" });
      await page.getByText("Nothing is wrong.").waitFor();
      assert.ok(fixture.requests.slice(before).some(({ path }) => path.includes("events")));
    }),
);

browserTest(
  "while a new state takes long the page is not live, although the stream is",
  () =>
    withScreen(demo(), {}, async ({ page, fixture }) => {
      await page.locator(".row").first().waitFor();
      await page.locator(".live", { hasText: /^live$/ }).waitFor();
      fixture.stateDelayMs = 5000;
      fixture.emit({ type: "resync", t_ms: Date.now() });
      await page.getByRole("alert").getByText("Not live: a new state is being loaded").waitFor();
      await page.locator(".page:not(.stale)").waitFor();
    }),
);

browserTest(
  "a clock that is set: ages are those of the server again",
  () =>
    withScreen(demo(), { clock: true }, async ({ page, fixture }) => {
      const age = page.locator(".row", { hasText: "nginx0" }).locator(".c-age");
      await age.getByText("1d 2h").waitFor();
      const loads = () => fixture.requests.filter(({ path }) => path === "view/api/state").length;
      for (const ms of [7_200_000, -7_200_000]) {
        const before = loads();
        await page.clock.setSystemTime(Date.now() + ms);
        await until(() => loads() > before);
        await until(async () => await age.innerText() === "1d 2h");
        // Nothing that the tick set off changes it again.
        await page.waitForTimeout(100);
        assert.equal(await age.innerText(), "1d 2h");
        assert.equal(await page.locator(".page.stale").count(), 0);
      }
    }),
);

browserTest(
  "events that wait for a frame are not applied after a state that is newer",
  () =>
    withScreen(demo(), {
      // As in a hidden page: the next frame never comes.
      init: () =>
        (globalThis as { requestAnimationFrame?: unknown }).requestAnimationFrame = () => 0,
    }, async ({ page, fixture }) => {
      await page.locator(".row").first().waitFor();
      const before = fixture.state;
      await page.locator(".live", { hasText: /^live$/ }).waitFor();
      // States are loaded once a second at most: the next one is to come immediately.
      await page.waitForTimeout(1100);
      fixture.setBackend("demo", "nginx1", { state: "down" });
      fixture.emit({ type: "resync", t_ms: Date.now() });
      fixture.setState({ ...before, seq: fixture.state.seq });
      await page.locator(".log").getByText("nginx1 up → down").waitFor();
      await page.getByText("Nothing is wrong.").waitFor();
    }),
);

browserTest(
  "eight tabs share one stream, also one that was frozen; without SharedWorker a tab has its own",
  () =>
    withScreen(demo(), {}, async ({ page, fixture, context }) => {
      await page.locator(".row").first().waitFor();
      await Promise.all(Array.from({ length: 7 }, async () => {
        const tab = await context.newPage();
        await tab.goto(fixture.url());
        await tab.locator(".row").first().waitFor();
      }));
      assert.equal(fixture.streams, 1);
      // One of them is frozen, as a browser does with tabs that are out of sight.
      const session = await context.newCDPSession(page);
      await session.send("Page.setWebLifecycleState", { state: "frozen" });
      fixture.setBackend("demo", "nginx0", { state: "down" });
      await context.pages()[1]!.getByRole("button", { name: "1 degraded" }).waitFor();
      await session.send("Page.setWebLifecycleState", { state: "active" });
      for (const tab of context.pages()) {
        await tab.getByRole("button", { name: "1 degraded" }).waitFor();
      }
      const alone = await context.newPage();
      await alone.addInitScript(() =>
        delete (globalThis as { SharedWorker?: unknown }).SharedWorker
      );
      await alone.goto(fixture.url());
      await alone.getByRole("button", { name: "1 degraded" }).waitFor();
      await until(() => fixture.streams === 2);
      fixture.setBackend("demo", "nginx0", { state: "up" });
      await alone.getByText("Nothing is wrong.").waitFor();
    }),
);

browserTest(
  "a restarted, upgraded server: the state is loaded again, and a bar offers the new page",
  () =>
    withScreen(demo(), {}, async ({ page, fixture }) => {
      await page.locator(".row").first().waitFor();
      const { seq, maglevds } = fixture.state;
      assert.equal(seq, 0);
      const [lb] = maglevds;
      const backends = lb!.backends.map((backend) =>
        backend.name === "nginx1" ? { ...backend, state: "down" as const } : backend
      );
      fixture.restart({ version: "0.2.0 (fedcba9)", maglevds: [{ ...lb!, backends }] });
      await page.getByRole("button", { name: "1 degraded" }).waitFor();
      await page.getByRole("button", { name: "Reload the page" }).click();
      await page.getByRole("button", { name: "1 degraded" }).waitFor();
      assert.equal(await page.getByRole("button", { name: "Reload the page" }).count(), 0);
    }),
);

browserTest(
  "several load balancers: one line for each VIP, differences marked, counted and filtered",
  () => {
    const nowMs = Date.now();
    const lbs: MaglevdState[] = [
      largeLb({ name: "ams", nowMs, vips: 4, backendsPerVip: 3 }),
      largeLb({ name: "zrh", nowMs, vips: 4, backendsPerVip: 3 }),
      {
        ...largeLb({ name: "gru", nowMs, vips: 4, backendsPerVip: 3, halfDown: true }),
        connected: false,
        error: "connection refused",
      },
    ];
    return withScreen(lbs, {}, async ({ page, fixture, context }) => {
      const rows = page.locator(".overview > tbody > .row");
      await rows.nth(3).waitFor();
      assert.equal(
        await page.getByRole("button", { name: "differ" }).count(),
        0,
        "gru is not compared",
      );
      await page.getByText("maglevd does not answer: connection refused").waitFor();
      const heard = page.locator("[aria-live=polite]");
      assert.equal(await heard.innerText(), "", "what the page begins with is not news");
      fixture.emit({
        type: "vpp-status",
        maglevd: "zrh",
        t_ms: Date.now(),
        vpp: { state: "connecting" },
      });
      await heard.filter({ hasText: "zrh: VPP is not connected; it keeps what it has." }).waitFor();
      fixture.emit({ type: "vpp-status", maglevd: "zrh", t_ms: Date.now(), vpp: lbs[1]!.vpp });
      fixture.setBackend("zrh", "web2-1", { state: "down" });
      await page.getByRole("button", { name: "1 differ" }).click();
      assert.equal(await rows.count(), 1);
      assert.match(await rows.innerText(), /vip2.*backend state/s);
      assert.match(page.url(), /show=differ/);
      await page.getByRole("button", { name: "vip2", exact: true }).click();
      const server = page.locator(".inner tr", { hasText: "10.0.2.2" });
      await server.getByText("state, effective weight").waitFor();
      await rows.getByRole("button", { name: /degraded/ }).click();
      await page.getByRole("button", { name: "web2-1" }).waitFor();
      assert.match(page.url(), /#\/zrh\/vip2$/);
      const [cookie] = await context.cookies();
      assert.deepEqual([cookie?.name, cookie?.value, cookie?.path], ["maglev_scope", "zrh", "/"]);
      assert.equal(cookie?.sameSite, "Lax");
      const days = (cookie!.expires - Date.now() / 1000) / 86_400;
      assert.ok(days > 364 && days <= 366, `${days} days`);
      await page.goto(fixture.url());
      await page.locator(".tab[aria-current]", { hasText: "zrh" }).waitFor();
      await page.keyboard.press("3");
      await page.locator(".page.away").waitFor();
      await page.keyboard.press("0");
      await rows.nth(3).waitFor();
      await context.addCookies([{ name: "maglev_scope", value: "gone", url: fixture.origin }]);
      await page.goto("about:blank");
      await page.goto(fixture.url());
      await rows.nth(3).waitFor();
    });
  },
);

/** Runs in the page: counts what is looked up in maps. */
function countLookups(): void {
  const page = globalThis as unknown as { lookups: number };
  page.lookups = 0;
  const { get } = Map.prototype;
  Map.prototype.get = function (key) {
    page.lookups++;
    return get.call(this, key);
  };
}

browserTest(
  "with many VIPs an event costs the overview only the VIP that it touches",
  () => {
    const lbs = ["ams", "zrh", "gru"].map((name) =>
      largeLb({ name, nowMs: Date.now(), vips: 200, backendsPerVip: 4 })
    );
    return withScreen(lbs, { rest: "#/*", init: countLookups }, async ({ page, fixture }) => {
      const rows = page.locator(".overview > tbody > .row");
      await rows.nth(199).waitFor();
      await page.locator(".live", { hasText: /^live$/ }).waitFor();
      const isDrawn = (index: number) =>
        rows.nth(index).locator(".c-vip").evaluate((cell) =>
          (cell as unknown as { checkVisibility(options: object): boolean })
            .checkVisibility({ contentVisibilityAuto: true })
        );
      assert.deepEqual([await isDrawn(0), await isDrawn(199)], [true, false], "only what is seen");
      const lookups = async (state: "up" | "down", shown: () => Promise<void>) => {
        await page.evaluate("lookups = 0");
        fixture.setBackend("zrh", "web100-1", { state });
        await shown();
        return await page.evaluate<number>("lookups");
      };
      const differ = page.getByRole("button", { name: "1 differ" });
      const counts = [
        await lookups("down", () => differ.waitFor()),
        await lookups("up", () => differ.waitFor({ state: "detached" })),
      ];
      assert.ok(counts.every((count) => count > 0 && count < 600), `${counts}`);
    });
  },
);

browserTest("empty and broken states are described in words", () => {
  const nowMs = Date.now();
  const { refreshed_ms: _, lb: _lb, ...lb } = demoLb(nowMs);
  const unread: MaglevdState = {
    ...lb,
    connected: false,
    error: "no such host",
    frontends: [],
    backends: [],
    vpp: { state: "unknown" },
  };
  return withScreen([unread], {}, async ({ page, fixture }) => {
    await page.getByText("demo has not answered yet. Its frontends appear here").waitFor();
    await page.getByText("maglevd has not answered yet: no such host").waitFor();
    const state: MaglevdState = {
      ...demoLb(nowMs),
      warmup: "waiting",
      warmup_until_ms: Date.now() + 30_000,
      clock_skew_ms: 2500,
      vpp: { state: "connecting", error: "no socket at /run/vpp/api.sock" },
    };
    fixture.emit({ type: "maglevd-state", maglevd: "demo", t_ms: Date.now(), state });
    await page.getByText("VPP is not connected: no socket at /run/vpp/api.sock").waitFor();
    await page.getByText("All frontends are well.").waitFor();
    assert.equal(await page.getByText("Nothing is wrong.").count(), 0);
    await until(async () => await page.title() === "(1) vpp-maglev");
    await until(async () => /down/.test(await icon(page)));
    await page.getByText(/Warming up: VPP keeps what it has/).waitFor();
    await page.getByText("Clock is 2.5 s ahead of the dashboard's").waitFor();
    await page.locator(".row").first().waitFor();
  });
});

browserTest(
  "code that cannot be loaded is not silence: a message in its place, with the way out",
  () =>
    withScreen(demo(), { tree: "admin", rest: "#/demo/web" }, async ({ page, context }) => {
      await page.locator(".row").first().waitFor();
      await context.route(
        /assets\/(help|action_dialog|diagnosis)-.*\.js$/,
        (route) => route.abort(),
      );
      await page.reload();
      const failed = page.getByRole("dialog", { name: "Not loaded" });
      const press = async (name: string) => {
        await page.getByRole("button", { name }).first().click();
        await failed.getByText("This part of the page cannot be loaded.").waitFor();
        await failed.getByRole("button", { name: "Close" }).click();
        await until(async () => await page.getByRole("dialog").count() === 0);
      };
      await press("Sync …");
      await press("History");
      await until(() => new URL(page.url()).search === "");
      await page.getByRole("button", { name: "Why" }).click();
      await page.locator(".card").getByRole("alert").getByText("cannot be loaded").waitFor();
      await page.keyboard.press("?");
      await failed.waitFor();
      await context.unrouteAll();
      await failed.getByRole("button", { name: "Reload the page" }).click();
      await page.getByRole("button", { name: "Sync …" }).click();
      await page.getByRole("dialog").getByText("No difference is known now.").waitFor();
    }),
);

Deno.test("dashboard page: its scripts take 35 kB at most, and 60 kB with worker and charts", async () => {
  const size = { page: 0, later: 0 };
  for (const [path, bytes] of await builtFiles()) {
    const kilobytes = gzipSync(bytes, { level: 9 }).length / 1000;
    if (/\/(index|page)-.*\.js$/.test(path)) size.page += kilobytes;
    if (/\/(worker|chart)-.*\.js$/.test(path)) size.later += kilobytes;
  }
  assert.ok(size.page > 10 && size.later > 10, "the files have these names");
  assert.ok(size.page <= 35 && size.page + size.later <= 60, JSON.stringify(size));
});
