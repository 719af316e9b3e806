/**
 * Acting on the dashboard's page, and its outer form, in a real Chromium: confirmations, the keyboard
 * alone, assistive tools, sizes of screens, a proxy's path. Method: as in dashboard_page_test.ts.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { Locator } from "playwright-core";
import { GoldenFolder, type Section } from "../support/judges/golden.ts";
import { until } from "../support/judges/until.ts";
import { LOGIN } from "../support/servers/dashboard_fixture.ts";
import {
  browserTests,
  demo,
  type Screen,
  withScreen,
} from "../support/servers/dashboard_screen.ts";
import { demoLb, largeLb } from "../support/worlds/dashboard_page_world.ts";

const GOLDEN = new GoldenFolder("dashboard_story/");

const browserTest = browserTests("dashboard");

/** A tree of assistive tools without what differs in each run. */
function untimed(tree: string): string {
  return `${
    // A strip's slot may end while the story is told.
    tree.replace(/Last ten minutes: [^"']*/g, "Last ten minutes: …")
      .replace(/ *- heading "Ten minutes".*?\n(?= *- heading)/gs, "")
      .replace(/\d{4}-\d\d-\d\d/g, "DATE")
      .replace(/\d\d:\d\d:\d\d/g, "HH:MM:SS")
      .replace(/ends in (1h|59m 5\ds)/g, "ends in an hour")
      .replace(/\b\d+m \d+s\b|\b\ds\b/g, "AGE")
      .replace(/[\d.]+( k)?\/s/g, "N/s")}\n`;
}

/** Methods, paths and bodies of what changed something. */
const acted = ({ fixture }: Screen) =>
  fixture.requests
    .filter(({ method, path }) => method !== "GET" && !path.endsWith("/plan"))
    .map(({ method, path, body }) => [method, path, JSON.parse(body)]);

browserTest(
  "pause, resume, disable, enable: planned, confirmed, and seen",
  () =>
    withScreen(demo(), { tree: "admin" }, async (screen) => {
      const { page } = screen;
      await page.getByRole("button", { name: "nginx0" }).click();
      const row = page.locator(".row", { hasText: "nginx0" });
      const dialog = page.getByRole("dialog");
      for (
        const [action, state] of [
          ["Pause", "paused"],
          ["Resume", "up"],
          ["Disable", "disabled"],
          ["Enable", "up"],
        ] as const
      ) {
        await page.getByRole("button", { name: `${action} …` }).click();
        await dialog.getByText("web: 33.3 % of new flows move").waitFor();
        if (action === "Disable") {
          await dialog.getByText("up to 41 sticky flows are dropped").waitFor();
        }
        assert.equal(
          await page.evaluate("document.activeElement.textContent"),
          "Cancel",
        );
        await dialog.getByRole("button", { name: `${action} nginx0` }).click();
        await row.getByText(state, { exact: true }).waitFor();
        assert.equal(await dialog.count(), 0);
      }
      assert.deepEqual(acted(screen), [
        ["POST", "admin/api/demo/backends/nginx0/pause", {}],
        ["POST", "admin/api/demo/backends/nginx0/resume", {}],
        ["POST", "admin/api/demo/backends/nginx0/disable", {}],
        ["POST", "admin/api/demo/backends/nginx0/enable", {}],
      ]);
    }),
);

browserTest(
  "reason and end are planned, sent, and stand on the row afterwards",
  () =>
    withScreen(demo(), { tree: "admin" }, async (screen) => {
      const { page } = screen;
      await page.getByRole("button", { name: "nginx1" }).click();
      await page.getByRole("button", { name: "Pause …" }).click();
      await page.getByLabel("Reason").fill("kernel 'upgrade'");
      await page.getByLabel("Until").selectOption("for 1 hour");
      const command = page.getByLabel("The same in a terminal");
      await until(async () => (await command.inputValue()).includes("1h"));
      assert.equal(
        await command.inputValue(),
        "maglevc --server 127.0.0.1:9090 set backend nginx1 pause for 1h " +
          String.raw`reason 'kernel '\''upgrade'\'''`,
      );
      await page.getByRole("button", { name: "Pause nginx1" }).click();
      await page.getByText(/pause since .* by admin, ends in (1h|59m 5\ds): kernel 'upgrade'/)
        .waitFor();
      assert.deepEqual(acted(screen), [
        ["POST", "admin/api/demo/backends/nginx1/pause", {
          reason: "kernel 'upgrade'",
          for_ms: 3_600_000,
        }],
      ]);
      assert.equal(await page.getByRole("button", { name: "1 held by an operator" }).count(), 1);
    }),
);

browserTest(
  "a drain: planned, sent with its length and end, followed to its end, and ended before it",
  () =>
    withScreen(demo(), { tree: "admin" }, async (screen) => {
      const { page, fixture } = screen;
      await page.getByRole("button", { name: "nginx1" }).click();
      await page.getByRole("button", { name: "Drain …" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText("disabled, which drops those left").waitFor();
      await dialog.getByLabel(/^For(?!ce)/).selectOption("15 minutes");
      await dialog.getByLabel("Then").selectOption({ index: 1 });
      await dialog.getByText("paused, which leaves them").waitFor();
      await dialog.getByLabel("Force").check();
      await dialog.getByLabel("Reason").fill("new rack");
      const command = dialog.getByLabel("The same in a terminal");
      const words = ["for 15m", "then pause", "force", "reason 'new rack'"];
      await until(async () => {
        const line = await command.inputValue();
        return words.every((word) => line.includes(word));
      });
      await dialog.getByText("web: 33.3 % of new flows move").waitFor();
      await dialog.getByRole("button", { name: "Drain nginx1" }).click();
      const row = page.locator(".row", { hasText: "nginx1" });
      await row.getByText("up, draining").waitFor();
      await row.locator(".c-effective", { hasText: /^0$/ }).waitFor();
      const details = page.locator("tr.details");
      await details.getByText(/drain since .* by admin, then pause, in 1[45]m/).waitFor();
      await details.getByText("0 % of its time, no sticky flows left").waitFor();
      await details.getByRole("progressbar", { name: "Time of the drain" }).waitFor();
      const flows = (count: number) => {
        const { lb } = fixture.lb("demo");
        const vips = lb!.vips.map((vip) => ({
          ...vip,
          servers: vip.servers.map((server) => ({ ...server, flows: count })),
        }));
        const t_ms = Date.now();
        fixture.emit({ type: "lb-state", maglevd: "demo", t_ms, read_ms: t_ms, vips, removed: [] });
      };
      fixture.setBackend("demo", "nginx1", { drain_unwatched: "VPP is not connected" });
      await details.getByText("it ends by its time alone: VPP is not connected").waitFor();
      flows(12);
      await details.getByText("up to 12 sticky flows left in 1 VIP").waitFor();
      await page.getByRole("button", { name: "Enable …" }).click();
      await dialog.getByText("The drain ends, and its weight is back.").waitFor();
      await dialog.getByRole("button", { name: "Enable nginx1" }).click();
      await row.locator(".c-effective", { hasText: "100" }).waitFor();
      assert.equal(await page.getByText("draining").count(), 0);
      assert.deepEqual(acted(screen), [
        ["POST", "admin/api/demo/backends/nginx1/drain", {
          reason: "new rack",
          for_ms: 900_000,
          then: "pause",
          force: true,
        }],
        ["POST", "admin/api/demo/backends/nginx1/enable", {}],
      ]);
    }),
);

browserTest(
  "weight: slider and number are one, and the file's weight comes back",
  () =>
    withScreen(demo(), { tree: "admin" }, async (screen) => {
      const { page } = screen;
      await page.getByRole("button", { name: "nginx2" }).click();
      const row = page.locator(".row", { hasText: "nginx2" });
      const open = () => page.getByRole("button", { name: "Weight …" }).click();
      await open();
      await page.getByLabel("Weight, slider").fill("30");
      assert.equal(await page.getByLabel("Weight", { exact: true }).inputValue(), "30");
      await page.getByLabel("Weight", { exact: true }).fill("20");
      // An empty field, or one with another kind of number, is not the number before.
      const dialog = page.getByRole("dialog");
      const act = dialog.getByRole("button", { name: "Set nginx2 to" });
      await dialog.getByText("new flows move").waitFor();
      for (const text of ["", "101", "2.5"]) {
        await page.getByLabel("Weight", { exact: true }).fill(text);
        await dialog.getByRole("alert").getByText("A whole number from 0 to 100.").waitFor();
        assert.ok(await act.isDisabled(), text);
        await page.keyboard.press("Enter");
      }
      await page.getByLabel("Weight", { exact: true }).fill("20");
      await page.getByRole("button", { name: "Set nginx2 to 20" }).click();
      await row.getByText(", file 100").waitFor();
      assert.equal(await row.locator(".c-effective").innerText(), "20");
      await open();
      await page.getByRole("button", { name: "The file's" }).click();
      await page.getByRole("button", { name: "Give nginx2 the file's weight" }).click();
      await row.locator(".c-effective", { hasText: "100" }).waitFor();
      const path = "admin/api/demo/frontends/web/pools/primary/backends/nginx2/weight";
      assert.deepEqual(acted(screen), [
        ["PUT", path, { weight: 20 }],
        ["PUT", path, { weight: "file" }],
      ]);
    }),
);

browserTest(
  "sync reports what it did; an action that is refused reports why, and stays open",
  () =>
    withScreen(demo(), { tree: "admin" }, async (screen) => {
      const { page, fixture } = screen;
      await page.getByRole("button", { name: "Sync …" }).click();
      await page.getByRole("button", { name: "Sync all frontends" }).click();
      await page.getByText("Synced in 12 ms").waitFor();
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByRole("button", { name: "nginx0" }).click();
      await page.getByRole("button", { name: "Disable …" }).click();
      const act = page.getByRole("button", { name: "Disable nginx0" });
      await page.getByText("33.3 % of new flows move").waitFor();
      fixture.refuseWith = 502;
      await act.click();
      await page.getByRole("dialog").getByRole("alert").getByText("Not done:").waitFor();
      fixture.refuseWith = undefined;
      await page.keyboard.press("Escape");
      assert.equal(await page.getByRole("dialog").count(), 0);
      assert.equal(fixture.backend("demo", "nginx0").state, "up");
    }),
);

browserTest(
  "a warning of an action that is done stands alone: nothing is planned or doubted after it",
  () =>
    withScreen(demo(), { tree: "admin" }, async ({ page, fixture }) => {
      const dialog = page.getByRole("dialog");
      const plans = () => fixture.requests.filter(({ path }) => path.endsWith("/plan")).length;
      await page.getByRole("button", { name: "nginx0" }).click();
      await page.getByRole("button", { name: "Pause …" }).click();
      await dialog.getByText("33.3 % of new flows move").waitFor();
      fixture.actWarning = "the state file cannot be written";
      await dialog.getByRole("button", { name: "Pause nginx0" }).click();
      await dialog.getByRole("status").getByText("the state file cannot be written").waitFor();
      const before = plans();
      // The stream brings what was done, and after a tick a plan of it would be another one.
      await page.locator(".row", { hasText: "nginx0" }).getByText("paused").waitFor();
      fixture.setBackend("demo", "nginx1", { counter: 1 });
      await page.waitForTimeout(1500);
      assert.equal(plans(), before);
      assert.equal(await dialog.getByRole("region", { name: "Consequences" }).count(), 0);
      assert.equal(await dialog.getByRole("textbox").count(), 0);
      assert.equal(await dialog.getByRole("alert").count(), 0);
      await dialog.getByRole("button", { name: "Close" }).click();
      await until(async () => await dialog.count() === 0);
    }),
);

browserTest(
  "a late plan does not win, and what is not planned cannot be done",
  () =>
    withScreen(demo(), { tree: "admin" }, async ({ page, fixture }) => {
      await page.getByRole("button", { name: "nginx0" }).click();
      await page.getByRole("button", { name: "Weight …" }).click();
      await page.getByText("Nothing changes in VPP.").waitFor();
      fixture.planDelayMs = 500;
      await page.getByLabel("Weight", { exact: true }).fill("10");
      await until(() => fixture.requests.some(({ body }) => /"weight":10\b/.test(body)));
      fixture.planDelayMs = 0;
      await page.getByLabel("Weight", { exact: true }).fill("90");
      assert.ok(await page.getByRole("button", { name: "Set nginx0 to 90" }).isDisabled());
      const command = page.getByLabel("The same in a terminal");
      await command.waitFor();
      assert.match(await command.inputValue(), /weight 90$/);
      await page.waitForTimeout(500);
      assert.match(await command.inputValue(), /weight 90$/);
    }),
);

browserTest(
  "the answer of an action does not undo what came meanwhile",
  () =>
    withScreen(demo(), { tree: "admin" }, async ({ page, fixture }) => {
      const dialog = page.getByRole("dialog");
      await page.getByRole("button", { name: "nginx0" }).click();
      await page.getByRole("button", { name: "Pause …" }).click();
      await dialog.getByText("33.3 % of new flows move").waitFor();
      const held = fixture.holdActions();
      await dialog.getByRole("button", { name: "Pause nginx0" }).click();
      const row = page.locator(".row", { hasText: "nginx0" });
      await row.getByText("paused").waitFor();
      fixture.setBackend("demo", "nginx0", { state: "down" });
      await row.getByText("down").waitFor();
      held.resolve();
      await until(async () => await dialog.count() === 0);
      await row.getByText("down").waitFor();
    }),
);

browserTest(
  "without an answer, or after Cancel, an action may have been done: the state is loaded, and planned anew",
  () =>
    withScreen(demo(), { tree: "admin" }, async ({ page, fixture }) => {
      const dialog = page.getByRole("dialog");
      const loads = () => fixture.requests.filter(({ path }) => path === "admin/api/state").length;
      await page.getByRole("button", { name: "nginx0" }).click();
      await page.getByRole("button", { name: "Pause …" }).click();
      await dialog.getByText("33.3 % of new flows move").waitFor();
      fixture.actIsLost = true;
      let before = loads();
      await dialog.getByRole("button", { name: "Pause nginx0" }).click();
      await dialog.getByRole("alert").getByText(
        "No answer (lb1 does not answer within 10 s): it may have been done; look at its state.",
      ).waitFor();
      await until(() => loads() > before);
      await dialog.getByText("Nothing changes in VPP.").waitFor();
      await page.keyboard.press("Escape");
      await until(async () => await dialog.count() === 0);
      fixture.actIsLost = false;
      const held = fixture.holdActions();
      await page.getByRole("button", { name: "Resume …" }).click();
      await dialog.getByText("33.3 % of new flows move").waitFor();
      for (const cancel of ["Cancel", "Escape"]) {
        before = loads();
        await dialog.getByRole("button", { name: "Resume nginx0", disabled: false }).click();
        await dialog.getByText("Waiting for the answer …").waitFor();
        await until(() => fixture.requests.at(-1)!.path.endsWith("/resume"));
        if (cancel === "Escape") await page.keyboard.press("Escape");
        else await dialog.getByRole("button", { name: "Cancel" }).click();
        await dialog.getByText("Cancelled without an answer: it may have been done").waitFor();
        assert.equal(await page.evaluate("document.activeElement.textContent"), "Cancel");
        await until(() => loads() > before);
      }
      await page.keyboard.press("Escape");
      await until(async () => await dialog.count() === 0);
      assert.equal(fixture.requests.filter(({ path }) => path.endsWith("/resume")).length, 2);
      held.resolve();
    }),
);

browserTest(
  "a plan follows what happens while it is open, and one that has changed is not confirmed unread",
  () =>
    withScreen(demo(), { tree: "admin" }, async (screen) => {
      const { page, fixture } = screen;
      const dialog = page.getByRole("dialog");
      await page.getByRole("button", { name: "nginx0" }).click();
      fixture.planRefusal = "demo is not connected";
      await page.getByRole("button", { name: "Disable …" }).click();
      await dialog.getByText("What happens is not known: demo is not connected").waitFor();
      fixture.planRefusal = undefined;
      await dialog.getByRole("button", { name: "Try again" }).click();
      assert.equal(await page.evaluate("document.activeElement.textContent"), "Cancel");
      await dialog.getByText("33.3 % of new flows move, 341 buckets").waitFor();
      fixture.setBackend("demo", "nginx1", { state: "down" });
      await dialog.getByText("50 % of new flows move, 512 buckets").waitFor();
      const changed = dialog.getByText("What happens has changed since this was opened");
      await changed.waitFor();
      const act = dialog.getByRole("button", { name: "Disable nginx0" });
      // Nothing that the page could see.
      fixture.changePlan = (plan) => ({ ...plan, warning: "no server is left" });
      await act.click();
      await dialog.getByText("no server is left").waitFor();
      assert.deepEqual(acted(screen), []);
      await dialog.getByRole("button", { name: "Disable nginx0", disabled: false }).click();
      await until(async () => await dialog.count() === 0);
      assert.equal(acted(screen).length, 1);
    }),
);

browserTest(
  "what is scheduled can be taken back, until it begins",
  async () => {
    const nowMs = Date.now();
    const lb = demoLb(nowMs);
    const scheduled = [3, 5].map((hours, at) => ({
      ...{ kind: "disable", id: `id/${at}`, since_ms: nowMs, reason: `window ${at}` } as const,
      from_ms: nowMs + hours * 3_600_000,
    }));
    const backends = lb.backends.map((backend) =>
      backend.name === "nginx1" ? { ...backend, scheduled } : backend
    );
    await withScreen([{ ...lb, backends }], { tree: "admin" }, async (screen) => {
      const { page, fixture } = screen;
      const dialog = page.getByRole("dialog");
      await page.getByRole("button", { name: "nginx1" }).click();
      const details = page.locator("tr.details");
      const takeBack = details.getByRole("button", { name: "Take back …" });
      await details.getByText("window 1").waitFor();
      await takeBack.nth(1).click();
      await dialog.getByText("It does not begin.").waitFor();
      await dialog.getByText("begins in 4h 59m, until an operator ends it: window 1").waitFor();
      await dialog.getByLabel("Reason").fill("not needed");
      await dialog.getByRole("button", { name: "Take back the disable of nginx1" }).click();
      await until(async () => await details.getByText("window 1").count() === 0);
      await until(async () => await dialog.count() === 0);
      assert.deepEqual(acted(screen), [
        ["POST", "admin/api/demo/intents/id%2F1/cancel", { reason: "not needed" }],
      ]);
      await takeBack.click();
      const act = dialog.getByRole("button", { name: "Take back the disable of nginx1" });
      assert.ok(await act.isEnabled());
      fixture.setBackend("demo", "nginx1", { scheduled: [], state: "disabled" });
      await dialog.getByText("It has begun, or is no longer to come.").waitFor();
      assert.ok(await act.isDisabled());
      await page.goto(fixture.url("view", "#/demo/web/nginx1"));
      await details.waitFor();
      assert.equal(await page.getByRole("button", { name: "Take back …" }).count(), 0);
    });
  },
);

browserTest(
  "a viewer sees why it cannot act, and under view/ there is nothing to act with",
  () =>
    withScreen([{ ...demoLb(Date.now()), role: "viewer" }], { tree: "admin" }, async (screen) => {
      const { page, fixture } = screen;
      await page.getByRole("button", { name: "nginx0" }).click();
      const why = "This dashboard is only a viewer of demo: give it --token-file.";
      await page.getByText(why).first().waitFor();
      assert.ok(await page.getByRole("button", { name: "Disable …" }).isDisabled());
      await page.goto(fixture.url("view", "#/demo/web/nginx0"));
      await page.getByText("L7OK × 20").waitFor();
      assert.equal(await page.getByRole("button", { name: /…$/ }).count(), 0);
    }),
);

browserTest(
  "by keyboard alone: find the failed server, disable it for an hour, undo it",
  () =>
    withScreen(
      [largeLb({ nowMs: Date.now(), vips: 16, backendsPerVip: 4, halfDown: true })],
      { tree: "admin" },
      async (screen) => {
        const { page } = screen;
        const { keyboard } = page;
        await page.locator(".card").nth(15).waitFor();
        const focused = () => page.evaluate<string>("document.activeElement.textContent");
        const told: Section[] = [];
        const card = page.locator(".card.open");
        const row = card.locator(".row", { hasText: "web03-3" });
        const tell = async (title: string, ...parts: Locator[]) => {
          const trees = await Promise.all(parts.map((part) => part.ariaSnapshot()));
          told.push({ title, text: untimed(trees.join("\n")) });
        };
        const line = [card.locator(".head"), row, card.locator(".details")];
        await keyboard.press("n");
        assert.equal(await focused(), "vip01");
        await keyboard.press("n");
        assert.equal(await focused(), "vip03");
        await keyboard.press("Enter");
        await page.locator(".row").first().waitFor();
        await keyboard.press("n");
        assert.equal(await focused(), "web03-3");
        await keyboard.press("k");
        assert.equal(await focused(), "web03-2");
        await keyboard.press("j");
        await keyboard.press("Enter");
        await page.getByText("L4CON × 20").waitFor();
        await page.getByText("web03-3 takes no new flows: down").waitFor();
        await tell("the failed server, found and opened", ...line);
        for (let i = 0; i < 20 && await focused() !== "Disable …"; i++) await keyboard.press("Tab");
        await keyboard.press("Enter");
        await page.getByText("vip03: 0 % of new flows move").waitFor();
        assert.equal(await focused(), "Cancel");
        // Backwards over the command and the end to the reason.
        for (let i = 0; i < 3; i++) await keyboard.press("Shift+Tab");
        await keyboard.type("disk is full");
        await keyboard.press("Tab");
        await keyboard.press("ArrowDown");
        await keyboard.press("ArrowDown");
        await page.getByRole("button", { name: "Disable web03-3", disabled: false }).waitFor();
        await tell("asked for an hour, with a reason", page.getByRole("dialog"));
        for (let i = 0; i < 3; i++) await keyboard.press("Tab");
        assert.equal(await focused(), "Disable web03-3");
        await keyboard.press("Enter");
        await row.getByText(/^by admin, ends in (1h|59m 5\ds): disk is full$/).waitFor();
        await page.getByText(/disable since .*: disk is full/).waitFor();
        const transitions = card.locator(".details li");
        await transitions.filter({ hasText: "up → disabled" }).waitFor();
        await page.getByText("web03-3 takes no new flows: disabled").waitFor();
        await tell("disabled: who, until when, and why", ...line);
        assert.deepEqual(acted(screen)[0]![2], { reason: "disk is full", for_ms: 3_600_000 });
        await page.getByRole("button", { name: "Enable …" }).waitFor();
        for (let i = 0; i < 20 && await focused() !== "Enable …"; i++) await keyboard.press("Tab");
        await keyboard.press("Enter");
        await page.getByRole("button", { name: "Enable web03-3", disabled: false }).waitFor();
        await keyboard.press("Tab");
        await keyboard.press("Enter");
        await row.getByText("up", { exact: true }).waitFor();
        await transitions.filter({ hasText: "unknown → up" }).nth(1).waitFor();
        await page.getByText("web03-3 takes new flows, with weight 100 in VPP").waitFor();
        await tell("undone", ...line);
        await GOLDEN.check("story.txt", told);
        assert.deepEqual(await GOLDEN.unused(), []);
        await keyboard.press("?");
        await page.getByRole("heading", { name: "Keyboard" }).waitFor();
        await keyboard.press("Escape");
        await keyboard.press("w");
        assert.match(page.url(), /show=down/);
      },
    ),
);

browserTest(
  "j and k go on from the line whose details have the focus",
  () =>
    withScreen(demo(), { tree: "admin" }, async ({ page }) => {
      const focused = () => page.evaluate<string>("document.activeElement.textContent");
      await page.getByRole("button", { name: "nginx1" }).click();
      const inside = page.locator("tr.details").getByRole("button", { name: "Pause …" });
      for (const [key, name] of [["j", "nginx2"], ["k", "nginx1"]] as const) {
        await inside.focus();
        await page.keyboard.press(key);
        assert.equal(await focused(), name);
      }
      await page.locator(".log").focus();
      await page.keyboard.press("j");
      assert.equal(await focused(), "web", "from elsewhere the first");
    }),
);

const AXE = createRequire(import.meta.url).resolve("axe-core");

/** Findings of axe, as lines. */
async function findings({ page }: Screen): Promise<string[]> {
  return await page.evaluate(async () => {
    type Violation = { id: string; nodes: { html: string; failureSummary: string }[] };
    const { axe } = globalThis as unknown as {
      axe: { run: () => Promise<{ violations: Violation[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`)
    );
  });
}

for (const scheme of ["light", "dark"] as const) {
  browserTest(`axe has no finding in ${scheme}: rows, dialog, banner, overview, help`, async () => {
    const axe = await Deno.readTextFile(AXE);
    const nowMs = Date.now();
    const ams = largeLb({ name: "ams", nowMs, vips: 3, backendsPerVip: 3, halfDown: true });
    const drain = { kind: "drain", then: "pause", since_ms: nowMs, until_ms: nowMs + 9e6 } as const;
    const lbs = [
      {
        ...ams,
        withheld: ["web: no address"],
        backends: ams.backends.map((backend) =>
          backend.name === "web1-1" ? { ...backend, intent: drain } : backend
        ),
      },
      largeLb({ name: "zrh", nowMs, vips: 3, backendsPerVip: 3 }),
    ];
    const options = { scheme, tree: "admin", rest: "#/ams/vip1/web1-0", still: true } as const;
    await withScreen(lbs, options, async (screen) => {
      const { page, fixture } = screen;
      await page.evaluate(axe);
      await page.getByText("L4CON × 20").waitFor();
      await page.getByText("web1-0 takes no new flows").waitFor();
      await page.getByRole("button", { name: "web1-1" }).click();
      await page.getByRole("progressbar").waitFor();
      await page.getByRole("button", { name: "Why" }).nth(1).click();
      await page.getByText("without new flows, or not as they should be").waitFor();
      fixture.setBackend("ams", "web2-0", { state: "down" });
      await page.locator(".log li time").first().waitFor();
      assert.deepEqual(await findings(screen), [], "rows");
      await page.getByRole("button", { name: "Weight …" }).first().click();
      await page.getByText("Nothing changes in VPP.").waitFor();
      fixture.changePlan = (plan) => ({ ...plan, warning: "something else" });
      fixture.setBackend("ams", "web1-0", { counter: 1 });
      await page.getByText("What happens has changed").waitFor();
      // Under the pointer it has other colours.
      await page.getByRole("button", { name: /^Set web/, disabled: false }).hover();
      assert.deepEqual(await findings(screen), [], "dialog");
      await page.keyboard.press("Escape");
      const names = { backend: "web1-0", frontend: "vip1" };
      fixture.records = [{ id: 1, at_ms: nowMs, event: "x", attributes: { k: "v" }, ...names }];
      await page.locator(".events").getByRole("button", { name: "History" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "vip1" }).waitFor();
      assert.deepEqual(await findings(screen), [], "history");
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await page.getByRole("heading", { name: "Keyboard" }).waitFor();
      assert.deepEqual(await findings(screen), [], "help");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "All", exact: true }).click();
      await page.getByRole("button", { name: "vip1", exact: true }).click();
      assert.deepEqual(await findings(screen), [], "overview");
      fixture.refuseWith = 503;
      fixture.cut();
      await page.getByRole("alert").waitFor();
      assert.deepEqual(await findings(screen), [], "not live");
    });
  });
}

browserTest(
  "no horizontal overflow from 360 to 3840 pixels, rows of 30 at most, 16 cards on a laptop",
  async () => {
    const nowMs = Date.now();
    const lbs = [
      largeLb({ name: "ams", nowMs, vips: 16, backendsPerVip: 8, halfDown: true }),
      {
        ...largeLb({ name: "zrh", nowMs, vips: 16, backendsPerVip: 8 }),
        connected: false,
        error: `connect ${"x".repeat(300)}`,
      },
    ];
    await withScreen(lbs, { tree: "admin" }, async ({ page, fixture }) => {
      const overflow = () =>
        page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      const heights = (selector: string) =>
        page.locator(selector).evaluateAll((all) =>
          all.map((each) =>
            (each as unknown as { getBoundingClientRect(): { height: number; bottom: number } })
              .getBoundingClientRect()
          ).map(({ height, bottom }) => ({ height, bottom }))
        );
      for (const width of [360, 768, 1440, 3840]) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto(fixture.url("admin", "#/*"));
        await page.locator(".overview .row").nth(15).waitFor();
        await page.getByRole("button", { name: "vip01", exact: true }).click();
        assert.ok(await overflow() <= 0, `overview at ${width}`);
        await page.getByRole("button", { name: "ams", exact: false }).first().click();
        await page.locator(".card").nth(15).waitFor();
        const closed = await heights(".card");
        if (width >= 768) {
          assert.ok(closed.every(({ height }) => height <= 31), `closed cards at ${width}`);
        }
        if (width === 1440) assert.ok(closed.at(-1)!.bottom <= 900, "16 closed cards fit");
        await page.getByRole("button", { name: "vip01" }).click();
        await page.getByRole("button", { name: "web01-0" }).click();
        await page.getByText("L4CON × 20").waitFor();
        assert.ok(await overflow() <= 0, `cards at ${width}`);
        const rows = await heights("tr.row");
        assert.ok(rows.every(({ height }) => height <= 30), `rows at ${width}`);
        await page.getByRole("button", { name: "Pause …" }).click();
        await page.getByRole("dialog").waitFor();
        assert.ok(await overflow() <= 0, `dialog at ${width}`);
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "web01-0" }).click();
        await page.getByRole("button", { name: "vip01" }).click();
      }
    });
  },
);

browserTest(
  "works under a proxy's path, and when opened with the password in the address",
  () =>
    withScreen(demo(), { prefix: "/x/y/", tree: "view" }, async ({ page, fixture, context }) => {
      await page.locator(".row").first().waitFor();
      await page.locator("canvas").waitFor();
      fixture.setBackend("demo", "nginx0", { state: "down" });
      await page.getByRole("button", { name: "1 degraded" }).waitFor();
      await page.getByRole("link", { name: "admin" }).click();
      await page.getByRole("link", { name: "view only" }).waitFor();
      assert.equal(new URL(page.url()).pathname, "/x/y/admin/");
      const [cookie] = await context.cookies();
      assert.equal(cookie, undefined, "nothing was chosen");
      const other = await context.newPage();
      const address = new URL(fixture.url("admin"));
      [address.username, address.password] = [LOGIN.username, LOGIN.password];
      await other.goto(address.href);
      await other.locator(".row").first().waitFor();
      await other.locator("canvas").waitFor();
      fixture.setBackend("demo", "nginx0", { state: "up" });
      await other.getByText("Nothing is wrong.").waitFor();
      await other.getByRole("button", { name: "nginx1" }).click();
      await other.getByRole("button", { name: "Pause …" }).click();
      await other.getByText("33.3 % of new flows move").waitFor();
    }),
);

browserTest(
  "colours: as the system, or as chosen, kept over a reload; the wall has no controls",
  () =>
    withScreen(demo(), { scheme: "dark" }, async ({ page, fixture }) => {
      const paper = () =>
        page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor");
      await page.locator(".row").first().waitFor();
      assert.equal(await paper(), "rgb(16, 19, 22)");
      await page.getByLabel("Colours").selectOption("light");
      assert.equal(await paper(), "rgb(251, 251, 250)");
      await page.reload();
      await page.locator(".row").first().waitFor();
      assert.equal(await paper(), "rgb(251, 251, 250)");
      await page.goto(fixture.url("view", "?kiosk"));
      await page.locator(".row").first().waitFor();
      assert.equal(await page.locator("header, aside").count(), 0);
    }),
);
