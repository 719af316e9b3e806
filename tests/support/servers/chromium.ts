/** A Chromium for tests of the dashboard's page. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const PATH = "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Why tests with a browser are skipped, to be put behind their names; empty when they run. */
export const NO_CHROMIUM = await Deno.stat(PATH).then(
  () => "",
  () => ` (skipped: there is no ${PATH}; as root: apt-get install chromium)`,
);

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: PATH, args: FLAGS });
}

/** What a page must not do, as it happened. */
export interface Misdeeds {
  /** Violations of the content security policy, and exceptions of the page's scripts. */
  readonly all: string[];
}

/** Opens a page that notes its misdeeds. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<Page & { readonly misdeeds: Misdeeds }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const all: string[] = [];
  await page.exposeFunction("noteViolation", (text: string) => void all.push(text));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      const { violatedDirective, blockedURI, sourceFile, lineNumber } = event as
        & Event
        & Record<string, unknown>;
      const text = `${violatedDirective} ${blockedURI} ${sourceFile}:${lineNumber}`;
      (globalThis as unknown as { noteViolation(text: string): void }).noteViolation(text);
    });
  });
  page.on("pageerror", (error) => void all.push(`exception: ${error.stack ?? error.message}`));
  return Object.assign(page, { misdeeds: { all } });
}
