/** A page of the dashboard in a browser, with its server, for one test of several. */
import assert from "node:assert/strict";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { MaglevdState } from "../../../src/dashboard/protocol.ts";
import { demoLb, stateOf } from "../worlds/dashboard_page_world.ts";
import { launchChromium, NO_CHROMIUM, openPage } from "./chromium.ts";
import { DashboardFixture, LOGIN } from "./dashboard_fixture.ts";

export interface Screen {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly fixture: DashboardFixture;
}

export interface ScreenOptions {
  readonly tree?: "view" | "admin";
  /** Query and fragment of the address. */
  readonly rest?: string;
  readonly prefix?: string;
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
  /** Runs in the page before its own scripts. */
  readonly init?: () => unknown;
  /** The page's clock is the test's. */
  readonly clock?: boolean;
  /** Nothing moves, so that what is looked at is never halfway. */
  readonly still?: boolean;
}

let browser: Browser | undefined;

/**
 * Registers tests of a file, which share one browser. Where there is no browser they are skipped
 * with that reason.
 */
export function browserTests(subject: string): (name: string, run: () => Promise<void>) => void {
  const ignore = NO_CHROMIUM !== "";
  if (!ignore) {
    Deno.test.beforeAll(async () => {
      browser = await launchChromium();
    });
    Deno.test.afterAll(async () => {
      await browser?.close();
    });
  }
  // The browser's own timers may begin in one test and end in another.
  return (name, run) =>
    Deno.test({
      name: `${subject}: ${name}${NO_CHROMIUM}`,
      ignore,
      sanitizeOps: false,
      fn: run,
    });
}

/** The demo's load balancer. */
export const demo = (): MaglevdState[] => [demoLb(Date.now())];

/** Opens the page on these load balancers; it must not have done anything that is forbidden. */
export async function withScreen(
  maglevds: readonly MaglevdState[],
  options: ScreenOptions,
  use: (screen: Screen) => Promise<void>,
): Promise<void> {
  const { tree = "view", rest = "", prefix = "/" } = options;
  await using fixture = await DashboardFixture.start(stateOf(Date.now(), maglevds), { prefix });
  await withPage(
    fixture.url(tree, rest),
    options,
    (page) => use({ page, context: page.context(), fixture }),
  );
}

/** Opens the page of any server; it must not have done anything that is forbidden. */
export async function withPage(
  url: string,
  options: ScreenOptions,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const { width = 1440, height = 900 } = options;
  const page = await openPage(browser!, {
    viewport: { width, height },
    colorScheme: options.scheme ?? "light",
    reducedMotion: options.still ? "reduce" : "no-preference",
    httpCredentials: LOGIN,
  });
  page.setDefaultTimeout(30_000);
  try {
    if (options.clock) await page.clock.install();
    if (options.init !== undefined) await page.addInitScript(options.init);
    await page.goto(url);
    await use(page);
    assert.deepEqual(page.misdeeds.all, []);
  } finally {
    await page.context().close();
  }
}
