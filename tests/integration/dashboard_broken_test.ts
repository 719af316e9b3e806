/**
 * The page in a real Chromium on the dashboard's own server, with maglevds that break. Goal: of four
 * maglevds one dies, one hangs and one lies; the page reports which, since when and why, and shows the
 * fourth as if nothing were wrong. Method: hub, HTTP and page are the program's; the maglevds are in
 * memory.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../src/base/errors.ts";
import { browserTests, withPage } from "../support/servers/dashboard_screen.ts";
import { serveDashboard } from "../support/servers/dashboard_server.ts";
import { fakeBackend, fakeFrontend, MS } from "../support/fakes/fake_maglevd.ts";
import { smallMaglevd } from "../support/worlds/hub_world.ts";

const browserTest = browserTests("dashboard");

browserTest(
  "of four maglevds one dies, one hangs and one lies: the page reports which",
  async () => {
    const [dying, hanging, lying, well] = [1, 2, 3, 4].map(smallMaglevd) as [
      Fake,
      Fake,
      Fake,
      Fake,
    ];
    for (const maglevd of [dying, hanging, lying, well]) {
      maglevd.backends = maglevd.backends.map((backend) => ({
        ...backend,
        sinceUnixNs: BigInt(Date.now() - 3_600_000) * MS,
      }));
    }
    await using dashboard = await serveDashboard({ dying, hanging, lying, well });
    await withPage(`${dashboard.url}#/*`, {}, async (page) => {
      const row = page.locator(".overview > tbody > .row");
      const notes = page.getByRole("region", { name: "Notes" });
      await page.getByText("Nothing is wrong.").waitFor();
      assert.equal(await notes.count(), 0);

      dying.isRefused = true;
      dying.endStreams();
      // As the client reports a deadline that passed.
      hanging.answer("GetStatus", () => {
        throw new MaglevError("deadline-exceeded", "Deadline exceeded after 4.0s");
      });
      // Names and texts to mislead, times of no sense, events that contradict its own lists.
      lying.change("b0", { sinceUnixNs: 2n ** 63n - 1n });
      lying.backends = [
        ...lying.backends,
        fakeBackend("\u202e<b>ghost</b>", { state: "nonsense" }),
      ];
      lying.frontends = [
        ...lying.frontends,
        fakeFrontend("b0", { main: { missing: 100 } }, { address: "not an address" }),
      ];
      lying.push({
        $case: "backend",
        value: {
          name: "never was",
          transition: { from: "up", to: "down", atUnixNs: 1n, result: undefined },
        },
      });
      lying.log("config-reload");
      await notes.getByText(/^dying maglevd does not answer: connection refused/).waitFor();
      await notes.getByText(/, for \ds; next attempt in \ds$|, for \ds$/).first().waitFor();
      await page.getByText("dying", { exact: true }).first().waitFor();
      assert.equal(await row.first().locator("td[data-lb=dying] .old").count(), 1);

      // The one that is well is shown as before, while the others are asked in vain.
      well.transit("b1", "down", { atMs: Date.now() });
      await row.first().locator("td[data-lb=well]").getByText("degraded").waitFor();
      await page.keyboard.press("4");
      await page.getByRole("button", { name: "b1" }).waitFor();
      assert.equal(await page.locator(".page.away").count(), 0);
      assert.equal(await notes.count(), 0, "the others do not show here");
      await page.getByRole("button", { name: "1 degraded" }).waitFor();

      // The liar's own page works, with what it says as it is.
      await page.keyboard.press("3");
      await page.getByText("not an address:80").waitFor();
      assert.equal(await page.locator("#app b:text-is('ghost')").count(), 0);

      await page.keyboard.press("2");
      await notes.getByText(/^hanging maglevd does not answer: no answer within 4s/).waitFor();
      await page.locator(".page.away").waitFor();
      await page.getByRole("button", { name: "b0" }).waitFor();
      hanging.answer("GetStatus", () => hanging.status);
      dying.isRefused = false;
      await page.locator(".page:not(.away)").waitFor();
      await page.keyboard.press("1");
      await page.locator(".page:not(.away)").waitFor();
    });
  },
);

type Fake = ReturnType<typeof smallMaglevd>;
