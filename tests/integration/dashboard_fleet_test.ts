/**
 * The dashboard's view of a fleet in a real Chromium: a tile for each group of equal tables, and why
 * a VIP differs. The server is the test's own and plays a story; fleet_test.ts has real maglevds.
 */
import assert from "node:assert/strict";
import {
  type Fleet,
  type FleetDifference,
  type FleetRollout,
  type FleetStore,
  frontendVipKey,
} from "../../src/dashboard/protocol.ts";
import { GoldenFolder } from "../support/judges/golden.ts";
import { browserTests, type Screen, withScreen } from "../support/servers/dashboard_screen.ts";
import { demoLb } from "../support/worlds/dashboard_page_world.ts";

const GOLDEN = new GoldenFolder("dashboard_fleet/");
const browserTest = browserTests("dashboard fleet");

const NAMES = ["lb1", "lb2", "lb3", "lb4"];

/** Four load balancers of the demo. */
const lbs = () => NAMES.map((name) => demoLb(Date.now(), name));

/** The demo's VIP: nginx1 is down on lb3 alone. */
function difference(): FleetDifference {
  const [frontend] = demoLb(Date.now()).frontends;
  return {
    vip: frontendVipKey(frontend!),
    frontend: "web",
    roots: [{
      cause: "health",
      address: "127.0.0.12",
      backends: ["nginx1"],
      views: [{ lbs: ["lb1", "lb2"], text: "up" }, { lbs: ["lb3"], text: "down L4TOUT" }],
      since_ms: Date.now() - 200_000,
    }],
    more_roots: 0,
    groups: [["lb1", "lb2"], ["lb3"]],
    differing: { buckets: 342, length: 1024 },
  };
}

function equal(): Fleet {
  const groups = [{ lbs: NAMES, vips: 1, fleet: 0 }];
  return { groups, apart: [], differences: [], more: 0, repaired: [] };
}

function apart(): Fleet {
  return {
    groups: [{ lbs: ["lb1", "lb2"], vips: 1, fleet: 0 }, { lbs: ["lb3"], vips: 1, fleet: 0 }],
    apart: [{ lb: "lb4", reason: "no answer within 4s: connection refused" }],
    differences: [difference()],
    more: 0,
    repaired: [],
  };
}

function storeOf(lb: string): FleetStore {
  return {
    lb,
    name: lb,
    fleet: "edge",
    site: "ams",
    state: "ok",
    reason: "",
    since_ms: Date.now() - 60_000,
    applied: 7,
    members: 4,
    away: [],
    unobeyed: 0,
  };
}

function rollout(): FleetRollout {
  const lb = { present: true, note: "" };
  return {
    fleet: "edge",
    id: "0123abcd",
    hash: "9f3c".repeat(16),
    state: "refused",
    step_ms: Date.now() - 60_000,
    wave_count: 2,
    waves_open: 1,
    note: "lb1: its plan removes or recreates 1 VIPs (web), at most 0 are allowed",
    lbs: [
      { ...lb, name: "lb1", wave: 1, state: "refused", note: "its plan removes one" },
      { ...lb, name: "lb2", wave: 2, state: "closed" },
    ],
  };
}

const tiles = ({ page }: Screen) => page.getByRole("region", { name: "Tables" });
const emit = ({ fixture }: Screen, fleet: Fleet) =>
  fixture.emit({ type: "fleet", t_ms: Date.now(), fleet });

browserTest(
  "a tile for each group of equal tables, which follows, and reads well to a screen reader",
  () =>
    withScreen(lbs(), {}, async (screen) => {
      const { page } = screen;
      await page.getByRole("button", { name: "web", exact: true }).waitFor();
      assert.equal(await tiles(screen).count(), 0, "nothing has been compared yet");
      emit(screen, equal());
      await tiles(screen).getByText("1 VIP, equal tables").waitFor();
      emit(screen, apart());
      await tiles(screen).getByText("not compared: no answer within 4s").waitFor();
      assert.deepEqual(await page.locator(".tile b").first().innerText(), "lb1 = lb2");
      // The lists of the page agree: the comparison alone has found it.
      await page.locator(".c-differences").getByText("health").waitFor();
      const text = (await tiles(screen).ariaSnapshot()).replace(/for \d+m( \d+s)?/g, "for N");
      await GOLDEN.check("tiles.txt", [{ title: "one is apart, one is away", text: `${text}\n` }]);
      assert.deepEqual(await GOLDEN.unused(), []);
      await page.reload();
      await tiles(screen).getByText("1 VIP unlike lb1").waitFor();
      emit(screen, equal());
      await page.locator(".c-differences").getByText("none").waitFor();
      assert.equal(await page.locator(".tile").count(), 1);
    }),
);

browserTest(
  "a tile for what they share: the store on each load balancer, and a rollout with its gate",
  () =>
    withScreen(lbs(), {}, async (screen) => {
      const { page } = screen;
      await page.getByRole("button", { name: "web", exact: true }).waitFor();
      emit(screen, equal());
      await tiles(screen).getByText("1 VIP, equal tables").waitFor();
      const shared = page.getByRole("region", { name: "What the load balancers share" });
      assert.equal(await shared.count(), 0, "without a store");
      emit(screen, { ...equal(), stores: [storeOf("lb1"), storeOf("lb2")] });
      await shared.getByText("store ok, revision 7, 4 load balancers").waitFor();
      await shared.getByText("lb2: applied 7").waitFor();
      assert.equal(await shared.locator(".is-differ").count(), 0);
      emit(screen, {
        ...equal(),
        stores: [
          storeOf("lb1"),
          {
            ...storeOf("lb2"),
            state: "away",
            reason: "silent for 3 s",
            since_ms: Date.now() - 60_000,
          },
        ],
        rollouts: [rollout()],
      });
      await shared.getByText("store not ok on some load balancers").waitFor();
      await shared.getByText(/lb2: away: silent for 3 s, for 1m/).waitFor();
      await shared.getByText(/rollout of 9f3c9f3c9f3c refused, wave 1 of 2, lb1: its plan/)
        .waitFor();
      await shared.getByText("lb2: wave 2: closed").waitFor();
      assert.equal(await shared.locator(".tile.is-differ").count(), 2);
      const wide = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      assert.equal(wide, 0);
    }),
);

browserTest(
  "a form is about one load balancer, a site or the fleet, with the plan of all before it is confirmed",
  () =>
    withScreen(lbs(), { tree: "admin", rest: "#/lb1" }, async (screen) => {
      const { page, fixture } = screen;
      await page.getByRole("button", { name: "nginx1" }).first().click();
      const open = async (action: string) => {
        await page.getByRole("button", { name: `${action} …` }).click();
        await dialog.getByText("of new flows move").first().waitFor();
      };
      const dialog = page.getByRole("dialog");
      const on = dialog.getByLabel(/^On/);
      await open("Drain");
      assert.equal(await on.count(), 0, "without a store");
      await dialog.getByRole("button", { name: "Cancel" }).click();
      emit(screen, { ...equal(), stores: [storeOf("lb1"), { ...storeOf("lb2"), site: "fra" }] });
      await open("Drain");
      await on.waitFor();
      assert.deepEqual(await on.locator("option").allInnerTexts(), [
        "lb1 alone",
        "all of fleet edge",
        "site ams",
        "site fra",
      ]);
      fixture.changePlan = (plan) => ({
        ...plan,
        vips: ["lb1", "lb2"].flatMap((lb) => plan.vips.map((vip) => ({ ...vip, lb }))),
        warning: "nothing is foretold for lb9: it is away",
      });
      await on.selectOption("all of fleet edge");
      await dialog.getByText("on all of fleet edge").waitFor();
      await dialog.getByText("When its time is over, new flows come back.").waitFor();
      await dialog.getByText("lb1: web: 33.3 % of new flows move").waitFor();
      await dialog.getByText("lb2: web: 33.3 % of new flows move").waitFor();
      await dialog.getByText("nothing is foretold for lb9: it is away").waitFor();
      assert.equal(await dialog.getByLabel("Then").count(), 0, "new flows come back at its end");
      await dialog.getByLabel("Reason").fill("new disk");
      await dialog.getByText("lb2: web: 33.3 % of new flows move").waitFor();
      await dialog.getByRole("button", { name: "Drain nginx1" }).click();
      await dialog.waitFor({ state: "detached" });
      const posted = fixture.requests.filter(({ method }) => method === "POST")
        .map(({ path, body }) => [path.replace(/.*api\//, ""), JSON.parse(body)]);
      const wanted = { reason: "new disk", for_ms: 3_600_000, scope: "fleet", force: false };
      assert.deepEqual(posted.at(-1), ["lb1/backends/nginx1/drain", wanted]);
      const plan = posted.filter(([path]) => path === "lb1/plan").at(-1)!;
      assert.deepEqual(plan[1], { action: "drain", backend: "nginx1", ...wanted });
    }),
);

browserTest(
  "the keyboard leads from a tile to the VIP, where every load balancer has its cause and its time",
  () =>
    withScreen(lbs(), {}, async (screen) => {
      const { page } = screen;
      await page.getByRole("button", { name: "web", exact: true }).waitFor();
      emit(screen, apart());
      await tiles(screen).getByRole("button", { name: "web" }).focus();
      await page.keyboard.press("Enter");
      const why = page.getByRole("region", { name: "Differences between the load balancers" });
      await why.getByText("lb1 = lb2 ≠ lb3: 342 of 1 024 buckets, 33.4 %").waitFor();
      assert.equal(
        await page.evaluate("document.activeElement.dataset.row"),
        "192.0.2.10/32 tcp 80",
        "the focus is on the line of the VIP",
      );
      await why.getByText("lb3: down L4TOUT").waitFor();
      await why.getByText("lb1, lb2: up").waitFor();
      await why.getByText(/[34]m \d/).waitFor();
      // The focus stays when the comparison changes.
      emit(screen, { ...apart(), repaired: [] });
      assert.equal(
        await page.evaluate("document.activeElement.dataset.row"),
        "192.0.2.10/32 tcp 80",
      );
      // The page of the VIP on one load balancer has it too.
      await page.getByRole("button", { name: "lb3", exact: true }).first().click();
      await page.locator(".card").getByText("lb3: down L4TOUT").waitFor();
      emit(screen, equal());
      await page.locator(".card").getByText("lb3: down L4TOUT").waitFor({ state: "detached" });
    }),
);

for (const scheme of ["light", "dark"] as const) {
  for (const width of [360, 1440]) {
    browserTest(
      `nothing is wider than a screen of ${width} in ${scheme}`,
      () =>
        withScreen(lbs(), { width, scheme, still: true }, async (screen) => {
          const { page } = screen;
          await page.getByRole("button", { name: "web", exact: true }).waitFor();
          emit(screen, apart());
          await tiles(screen).getByRole("button", { name: "web" }).click();
          await page.getByText("lb3: down L4TOUT").waitFor();
          const wide = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
          );
          assert.equal(wide, 0);
        }),
    );
  }
}
