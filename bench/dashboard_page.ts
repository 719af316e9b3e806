/**
 * The dashboard's page in a headless Chromium, with 1,000 VIPs of 16 backends and three cards open:
 * time to the first rows, heap, nodes, long tasks and script time at 100 events a second, and the
 * time from an event to the changed frame. The same of the overview, with the same VIPs on three load
 * balancers. From a transition at a maglevd to the changed frame, through the whole program. Also the
 * sizes of what is downloaded.
 *
 *   deno run --frozen -A bench/dashboard_page.ts [--vips 1000] [--seconds 10]
 *
 * Prints one JSON object. Without a GPU, painting costs more here than on a desk.
 */
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { launchChromium, NO_CHROMIUM, openPage } from "../tests/support/servers/chromium.ts";
import type { MaglevdState } from "../src/dashboard/protocol.ts";
import { DashboardFixture } from "../tests/support/servers/dashboard_fixture.ts";
import { largeLb, stateOf } from "../tests/support/worlds/dashboard_page_world.ts";
import { environment } from "./support/environment.ts";
import { measureEventToPixel } from "./support/event_to_pixel.ts";

const BACKENDS_PER_VIP = 16;
const OPEN = ["vip000", "vip001", "vip002"];
/** Loads of the page; the median counts. */
const ROUNDS = 5;
const EVENTS_PER_S = 100;
/** Load balancers that the overview compares. */
const COMPARED = ["lb1", "lb2", "lb3"];
const LATENCIES = 200;

const { values } = parseArgs({
  options: {
    vips: { type: "string", default: "1000" },
    seconds: { type: "string", default: "10" },
  },
});
if (NO_CHROMIUM !== "") {
  console.error(`bench dashboard_page:${NO_CHROMIUM}`);
  Deno.exit(1);
}
const vips = Number(values.vips);
const seconds = Number(values.seconds);
const nowMs = Date.now();
const lb = largeLb({ nowMs, vips, backendsPerVip: BACKENDS_PER_VIP, halfDown: true });

await using fixture = await DashboardFixture.start(stateOf(nowMs, [lb]));
const browser = await launchChromium();
const page = await openPage(browser, { viewport: { width: 1440, height: 900 } });
// The same choices for all rounds, as the page itself stores them.
await page.addInitScript((open) => {
  localStorage.setItem("maglev_open", JSON.stringify(open));
}, OPEN.map((name) => [JSON.stringify([lb.name, name]), true]));
await page.addInitScript(OBSERVE);

const rounds: { firstRowsMs: number }[] = [];
for (let round = 0; round < ROUNDS; round++) {
  await page.goto("about:blank");
  await page.goto(fixture.url());
  await page.locator(".row").first().waitFor();
  rounds.push({ firstRowsMs: await page.evaluate<number>("firstRowsMs") });
}
await page.waitForTimeout(3000);
const cards = await follow(page, { fixture, lbs: [lb] });
const latencies = await measureLatencies(page);
const sizes = await downloads(page);
await page.context().close();
const overview = await followOverview();
const whole = await measureEventToPixel(browser, { rate: EVENTS_PER_S, seconds: 2 * seconds });
await browser.close();

console.log(JSON.stringify({
  benchmark: "dashboard_page",
  environment: environment(),
  vips,
  backends: vips * (BACKENDS_PER_VIP + 1),
  first_rows_ms: rounds.map(({ firstRowsMs }) => Math.round(firstRowsMs)).sort((a, b) => a - b)[
    ROUNDS >> 1
  ],
  events_per_s: EVENTS_PER_S,
  ...cards,
  event_to_frame_p50_ms: share(latencies, 0.5),
  event_to_frame_p99_ms: share(latencies, 0.99),
  ...sizes,
  overview: { lbs: COMPARED.length, ...overview },
  maglevd_to_frame: {
    transitions: whole.transitions,
    p50_ms: share(whole.delaysMs, 0.5),
    p99_ms: share(whole.delaysMs, 0.99),
    max_ms: whole.delaysMs.at(-1),
  },
}));

function share(sorted: readonly number[], of: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * of) - 1)];
}

interface Followed {
  readonly fixture: DashboardFixture;
  readonly lbs: readonly MaglevdState[];
}

/** What a page costs at rest and while events come. */
async function follow(page: Page, followed: Followed) {
  const session = await page.context().newCDPSession(page);
  const metrics = async (): Promise<Readonly<Record<string, number>>> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  await session.send("Performance.enable");
  await session.send("HeapProfiler.collectGarbage");
  const idle = await metrics();
  await page.evaluate("longTasks.length = scripts.length = 0");
  await stream(followed);
  const busy = await metrics();
  const longTasksMs = await page.evaluate<number[]>("longTasks");
  const scriptsMs = await page.evaluate<number[]>("scripts");
  const taken = busy.Timestamp! - idle.Timestamp!;
  const percent = (key: string) => Math.round(100 * (busy[key]! - idle[key]!) / taken);
  return {
    heap_mb: Math.round(idle.JSHeapUsedSize! / 1e5) / 10,
    nodes: idle.Nodes,
    main_thread_percent: percent("TaskDuration"),
    script_percent: percent("ScriptDuration"),
    long_tasks: longTasksMs.length,
    longest_task_ms: Math.round(Math.max(0, ...longTasksMs)),
    longest_script_ms: Math.round(Math.max(0, ...scriptsMs)),
  };
}

/** The overview of several load balancers that have the same VIPs. */
async function followOverview() {
  const lbs = COMPARED.map((name) =>
    largeLb({ name, nowMs: Date.now(), vips, backendsPerVip: BACKENDS_PER_VIP, halfDown: true })
  );
  await using fixture = await DashboardFixture.start(stateOf(Date.now(), lbs));
  const page = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  await page.addInitScript(OBSERVE);
  await page.goto(fixture.url("view", "#/*"));
  await page.locator(".overview .row").first().waitFor();
  await page.waitForTimeout(3000);
  return await follow(page, { fixture, lbs });
}

/** Changes backends all over the state, some of them on the screen. */
async function stream({ fixture, lbs }: Followed): Promise<void> {
  for (let i = 0; i < seconds * 10; i++) {
    for (let j = 0; j < EVENTS_PER_S / 10; j++) {
      const lb = lbs[j % lbs.length]!;
      const { name } = lb.backends[(i * 7919 + j * 104_729) % lb.backends.length]!;
      const before = fixture.backend(lb.name, name);
      fixture.emit({
        type: "backend",
        maglevd: lb.name,
        t_ms: Date.now(),
        backend: { ...before, state: before.state === "up" ? "down" : "up" },
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** From writing an event to the frame that shows it, in milliseconds, sorted. */
async function measureLatencies(page: Page): Promise<number[]> {
  const name = lb.frontends[0]!.pools[0]!.backends[0]!.name;
  await page.evaluate(WATCH, name);
  for (let i = 0; i < LATENCIES; i++) {
    const before = fixture.backend(lb.name, name);
    fixture.emit({
      type: "backend",
      maglevd: lb.name,
      t_ms: Date.now(),
      backend: { ...before, flaps: Date.now() },
    });
    await new Promise((resolve) => setTimeout(resolve, 37));
  }
  await page.waitForTimeout(500);
  const found = await page.evaluate<number[]>("latencies");
  return found.sort((a, b) => a - b);
}

/** Compressed sizes of what the page loads, in bytes. */
async function downloads(page: Page): Promise<Record<string, number>> {
  const urls = await page.evaluate<string[]>(
    "performance.getEntriesByType('resource').map(({ name }) => name)",
  );
  const gzip = async (url: string) => {
    const response = await fetch(url);
    const packed = response.body!.pipeThrough(new CompressionStream("gzip"));
    return (await new Response(packed).arrayBuffer()).byteLength;
  };
  let js = 0;
  let charts = 0;
  let css = 0;
  for (const url of new Set(urls.filter((url) => url.includes("/assets/")))) {
    const size = await gzip(url);
    if (url.includes("/chart-") && url.endsWith(".js")) charts += size;
    else if (url.endsWith(".js")) js += size;
    else if (url.endsWith(".css")) css += size;
  }
  return { js_gzip: js, js_with_charts_gzip: js + charts, css_gzip: css };
}

/** In the page, before its scripts: the first row, tasks over 50 ms, and scripts of slow frames. */
function OBSERVE(): void {
  const page = globalThis as unknown as {
    firstRowsMs: number;
    longTasks: number[];
    scripts: number[];
    document: { querySelector(selector: string): unknown; documentElement: unknown };
    MutationObserver: new (seen: () => void) => {
      observe(target: unknown, options: object): void;
      disconnect(): void;
    };
    requestAnimationFrame(then: () => void): void;
  };
  page.longTasks = [];
  page.scripts = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) page.longTasks.push(duration);
  }).observe({ type: "longtask" });
  // Of slow frames, the part that was script: painting takes most of a task here.
  new PerformanceObserver((list) => {
    for (const frame of list.getEntries() as unknown as { scripts: { duration: number }[] }[]) {
      for (const { duration } of frame.scripts) page.scripts.push(duration);
    }
  }).observe({ type: "long-animation-frame" });
  const observer = new page.MutationObserver(() => {
    if (page.document.querySelector(".row") === null) return;
    observer.disconnect();
    page.requestAnimationFrame(() => page.firstRowsMs = performance.now());
  });
  observer.observe(page.document, { childList: true, subtree: true });
}

/** In the page: the instant of each change of a row's flaps, which hold the instant of the event. */
function WATCH(name: string): void {
  type Row = { querySelector(selector: string): { textContent: string } };
  const page = globalThis as unknown as {
    latencies: number[];
    document: { querySelectorAll(selector: string): Iterable<Row & { textContent: string }> };
    MutationObserver: new (seen: () => void) => { observe(target: unknown, o: object): void };
    requestAnimationFrame(then: () => void): void;
  };
  page.latencies = [];
  const row = [...page.document.querySelectorAll(".row")]
    .find(({ textContent }) => textContent.includes(name))!;
  const cell = row.querySelector(".c-flaps");
  new page.MutationObserver(() => {
    const sent = Number(cell.textContent);
    page.requestAnimationFrame(() => page.latencies.push(Date.now() - sent));
  }).observe(cell, { childList: true, characterData: true, subtree: true });
}
