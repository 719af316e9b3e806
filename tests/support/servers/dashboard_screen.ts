/** A page of the dashboard in a browser, with its server, for one test. */
import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import type { MaglevdState } from "../../../src/dashboard/protocol.ts";
import { demoLb, stateOf } from "../worlds/dashboard_page_world.ts";
import { launchChromium, openPage } from "./chromium.ts";
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
}

/** The demo's load balancer. */
export const demo = (): MaglevdState[] => [demoLb(Date.now())];

/** Opens the page on these load balancers; it must not have done anything that is forbidden. */
export async function withScreen(
  maglevds: readonly MaglevdState[],
  options: ScreenOptions,
  use: (screen: Screen) => Promise<void>,
): Promise<void> {
  const { tree = "view", rest = "", prefix = "/", width = 1440, height = 900 } = options;
  await using fixture = await DashboardFixture.start(stateOf(Date.now(), maglevds), { prefix });
  const browser = await launchChromium();
  try {
    const page = await openPage(browser, {
      viewport: { width, height },
      colorScheme: options.scheme ?? "light",
      httpCredentials: LOGIN,
    });
    page.setDefaultTimeout(10_000);
    if (options.clock) await page.clock.install();
    if (options.init !== undefined) await page.addInitScript(options.init);
    await page.goto(fixture.url(tree, rest));
    await use({ page, context: page.context(), fixture });
    assert.deepEqual(page.misdeeds.all, []);
  } finally {
    await browser.close();
  }
}
