/**
 * Takes the pictures of docs/screens in a Chromium: the page as built, on a server of the tests.
 *
 *     deno run --frozen -A tools/dashboard/screens.ts [NAME …]
 *
 * Without names all of them. pngquant makes them small where it is installed.
 */
import type { Browser, Page } from "playwright-core";
import type { MaglevdState, TimelineRecord } from "../../src/dashboard/protocol.ts";
import { launchChromium, openPage } from "../../tests/support/servers/chromium.ts";
import { DashboardFixture, LOGIN } from "../../tests/support/servers/dashboard_fixture.ts";
import { demoLb, largeLb, stateOf } from "../../tests/support/worlds/dashboard_page_world.ts";

interface Picture {
  readonly width: number;
  readonly height?: number;
  readonly scheme: "light" | "dark";
  readonly tree?: "view" | "admin";
  /** Query and fragment of the address. */
  readonly rest?: string;
  readonly world: (nowMs: number) => readonly MaglevdState[];
  /** What is done before the picture is taken. */
  readonly act?: (page: Page, fixture: DashboardFixture) => Promise<void>;
}

const half = (vips: number, backendsPerVip: number) => (nowMs: number) => [
  largeLb({ nowMs, vips, backendsPerVip, halfDown: true }),
];
const well = (vips: number, backendsPerVip: number) => (nowMs: number) => [
  largeLb({ nowMs, vips, backendsPerVip }),
];

const openFirstRow = async (page: Page) => {
  await page.locator("tbody .opener").first().click();
  await page.locator(".verdict").first().waitFor();
};

/** By the name of the file, in which width and scheme follow. */
const PICTURES: Readonly<Record<string, Picture>> = {
  "failover-1440-light": {
    ...{ width: 1440, scheme: "light" },
    world: (nowMs) => [demoLb(nowMs)],
    async act(page, fixture) {
      const last_result = { ok: false, code: "L4CON", detail: "connection refused" };
      fixture.setBackend("demo", "nginx0", { state: "down", counter: 0, last_result });
      await openFirstRow(page);
    },
  },
  "half-down-1440-dark": {
    ...{ width: 1440, scheme: "dark", rest: "#/lb1/vip01", world: half(16, 8) },
    act: openFirstRow,
  },
  "half-down-768-light": { width: 768, scheme: "light", world: half(16, 8) },
  "confirm-1440-light": {
    ...{ width: 1440, scheme: "light", tree: "admin", rest: "#/lb1/vip0", world: half(3, 3) },
    async act(page) {
      await openFirstRow(page);
      await page.getByRole("button", { name: "Drain …" }).first().click();
      await page.getByRole("dialog").getByText("of new flows move").waitFor();
    },
  },
  "history-1440-light": {
    ...{ width: 1440, scheme: "light", rest: "?history=demo", world: (now) => [demoLb(now)] },
    async act(page, fixture) {
      fixture.records = records(Date.now());
      await page.reload();
      await page.getByRole("dialog").locator("li").nth(5).waitFor();
    },
  },
  "not-live-1440-dark": {
    ...{ width: 1440, scheme: "dark", world: half(16, 8) },
    async act(page, fixture) {
      fixture.refuseWith = 503;
      fixture.cut();
      await page.getByRole("alert").waitFor();
    },
  },
  "overview-1440-light": {
    ...{ width: 1440, scheme: "light", rest: "#/*" },
    world: (nowMs) => {
      const lb = (name: string) => largeLb({ name, nowMs, vips: 12, backendsPerVip: 4 });
      return [
        largeLb({ name: "lb-ams", nowMs, vips: 12, backendsPerVip: 4, halfDown: true }),
        lb("lb-zrh"),
        { ...lb("lb-gru"), connected: false, error: "connection refused" },
      ];
    },
  },
  "three-well-360-light": { width: 360, scheme: "light", world: well(3, 4) },
  "three-well-3840-light": { width: 3840, scheme: "light", world: well(3, 4) },
  "three-half-768-dark": { width: 768, scheme: "dark", world: half(3, 4) },
  "thousand-well-1440-light": { width: 1440, scheme: "light", world: well(1000, 16) },
  "thousand-well-768-dark": { width: 768, scheme: "dark", world: well(1000, 16) },
  "thousand-360-dark": { width: 360, scheme: "dark", world: half(1000, 16) },
  "thousand-3840-dark": { width: 3840, height: 2160, scheme: "dark", world: half(1000, 16) },
};

/** An outage of all servers with `on-all-down: last-good`, and an operator's drain. */
function records(nowMs: number): TimelineRecord[] {
  const failed = { from: "up", to: "down", code: "L4CON", detail: "connection refused" };
  const passed = { from: "down", to: "up", code: "L7OK", detail: "200" };
  const events: readonly (readonly [minutesAgo: number, Omit<TimelineRecord, "id" | "at_ms">])[] = [
    [95, { event: "operator-action", backend: "nginx2", attributes: DRAINED }],
    [92, { event: "operator-intent-expired", backend: "nginx2", attributes: { kind: "drain" } }],
    [61, { event: "backend-transition", backend: "nginx0", attributes: failed }],
    [60, { event: "backend-transition", backend: "nginx1", attributes: failed }],
    [60, { event: "frontend-held", frontend: "web", attributes: { message: HELD } }],
    [60, { event: "frontend-transition", frontend: "web", attributes: { from: "up", to: "down" } }],
    [41, { event: "backend-transition", backend: "nginx0", attributes: passed }],
    [41, { event: "frontend-released", frontend: "web", attributes: { message: RELEASED } }],
    [41, { event: "frontend-transition", frontend: "web", attributes: { from: "down", to: "up" } }],
    [40, { event: "backend-transition", backend: "nginx1", attributes: passed }],
  ];
  return events.map(([ago, record], at) => ({
    ...{ id: at + 1, at_ms: nowMs - ago * 60_000 },
    ...record,
  }));
}

const DRAINED = { method: "DrainBackend", then: "disable", reason: "new rack", result: "ok" };
const HELD = "no server is up: VPP keeps the weights of 2 servers";
const RELEASED = "a server is up: weights follow health";

/** Charts and rows are drawn by then. */
const SETTLED_MS = 1500;

async function take(browser: Browser, name: string, picture: Picture): Promise<void> {
  const { width, height = 900, scheme, tree = "view", rest = "", world, act } = picture;
  const nowMs = Date.now();
  await using fixture = await DashboardFixture.start(stateOf(nowMs, world(nowMs)));
  const page = await openPage(browser, {
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: "reduce",
    httpCredentials: LOGIN,
  });
  try {
    await page.goto(fixture.url(tree, rest));
    await page.locator(".card, .overview").first().waitFor();
    await act?.(page, fixture);
    await page.waitForTimeout(SETTLED_MS);
    const path = new URL(`../../docs/screens/${name}.png`, import.meta.url).pathname;
    await page.screenshot({ path });
    await shrink(path);
  } finally {
    await page.context().close();
  }
}

async function shrink(path: string): Promise<void> {
  try {
    await new Deno.Command("pngquant", {
      args: ["--force", "--skip-if-larger", "--output", path, "64", path],
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

if (import.meta.main) {
  const names = Deno.args.length > 0 ? Deno.args : Object.keys(PICTURES);
  const browser = await launchChromium();
  try {
    for (const name of names) {
      const picture = PICTURES[name];
      if (picture === undefined) throw new Error(`cannot take ${name}: the picture is unknown`);
      await take(browser, name, picture);
      console.log(`Wrote docs/screens/${name}.png`);
    }
  } finally {
    await browser.close();
  }
}
