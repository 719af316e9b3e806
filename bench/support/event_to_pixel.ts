/**
 * From a transition at maglevd to the changed frame in a browser: maglevd's stream, the whole
 * dashboard program, its event stream, the page. See ../dashboard_page.ts.
 */
import type { Browser } from "playwright-core";
import { openPage } from "../../tests/support/servers/chromium.ts";
import { openEvents, startProgramOf } from "./dashboard_browsers.ts";

/** Of the one maglevd; a sixth of them are on the screen. */
const BACKENDS = 100;
const OPEN = "frontend0";
const SETTLE_MS = 3000;

/** A change of one backend: to which state, and when by this machine's clock, in milliseconds. */
interface Change {
  readonly backend: string;
  readonly to: string;
  readonly atMs: number;
}

/** The delays of all transitions that were seen in a frame, in milliseconds, sorted. */
export async function measureEventToPixel(
  browser: Browser,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): Promise<{ readonly transitions: number; readonly delaysMs: readonly number[] }> {
  const program = await startProgramOf({ browserBackends: BACKENDS, rate });
  const page = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  try {
    await page.goto(`http://127.0.0.1:${program.port}/view/`);
    await page.locator("button", { hasText: OPEN }).first().click();
    await page.locator(`.row [data-name="backend0"]`).waitFor();
    await page.waitForTimeout(SETTLE_MS);
    // The program's own stream has each transition with maglevd's instant of it.
    const conn = await openEvents(program.port, "");
    const sent = transitionsOf(conn);
    await page.evaluate(WATCH);
    await page.waitForTimeout(1000 * seconds);
    const seen = await page.evaluate<Change[]>("changes");
    conn.close();
    const delaysMs = seen.flatMap((change) => delayOf(change, sent.changes));
    await sent.ended;
    return { transitions: seen.length, delaysMs: delaysMs.sort((a, b) => a - b) };
  } finally {
    await page.context().close();
    await program.end();
  }
}

/** The last such transition before the frame; a backend changes about once a second. */
function delayOf({ backend, to, atMs }: Change, sent: readonly Change[]): number[] {
  const cause = sent.findLast((each) =>
    each.backend === backend && each.to === to && each.atMs <= atMs
  );
  return cause === undefined ? [] : [atMs - cause.atMs];
}

const TRANSITION = /"name":"(\w+)"[^\n]*?"transition":\{"from":"\w+","to":"(\w+)","at_ms":(\d+)/g;

function transitionsOf(
  conn: Deno.TcpConn,
): { readonly changes: readonly Change[]; readonly ended: Promise<void> } {
  const changes: Change[] = [];
  const read = async () => {
    const decoder = new TextDecoder();
    const into = new Uint8Array(65_536);
    let rest = "";
    for (;;) {
      const count = await conn.read(into).catch(() => null);
      if (count === null) return;
      const text = rest + decoder.decode(into.subarray(0, count), { stream: true });
      const end = text.lastIndexOf("\n\n") + 2;
      rest = end < 2 ? text : text.slice(end);
      if (end < 2) continue;
      for (const [, backend, to, atMs] of text.slice(0, end).matchAll(TRANSITION)) {
        changes.push({ backend: backend!, to: to!, atMs: Number(atMs) });
      }
    }
  };
  return { changes, ended: read() };
}

/** In the page: each frame in which a row has another state. */
function WATCH(): void {
  type Row = {
    className: string;
    querySelector(selector: string): { dataset: { name: string } } | null;
  };
  const page = globalThis as unknown as {
    changes: Change[];
    document: { querySelectorAll(selector: string): Iterable<Row> };
    MutationObserver: new (seen: () => void) => { observe(target: unknown, o: object): void };
    requestAnimationFrame(then: () => void): void;
  };
  page.changes = [];
  const stateOf = (row: Row) => /is-(\w+)/.exec(row.className)?.[1] ?? "";
  for (const row of page.document.querySelectorAll("tr.row")) {
    const backend = row.querySelector("[data-name]")?.dataset.name;
    if (backend === undefined) continue;
    let last = stateOf(row);
    new page.MutationObserver(() => {
      const to = stateOf(row);
      if (to === last) return;
      last = to;
      page.requestAnimationFrame(() => page.changes.push({ backend, to, atMs: Date.now() }));
    }).observe(row, { attributes: true, attributeFilter: ["class"] });
  }
}
