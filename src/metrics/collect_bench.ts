/** The text of a scrape by number of backends, without sending it: `deno bench`. */
import { EPOCH_MS, FAR_PAST_MS } from "../base/instant.ts";
import { setUp } from "../../tests/support/worlds/checker_fixture.ts";
import { PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { collect } from "./collect.ts";
import { checkerView } from "./view.ts";

for (const count of [100, 1000, 10_000]) {
  const names = Array.from({ length: count }, (_, i) => `backend${i}`);
  const { checker, engine } = setUp(smallConfig({
    backends: Object.fromEntries(
      names.map((name, i) => [name, { address: `10.0.${i >> 8}.${i & 255}` }]),
    ),
    frontends: Object.fromEntries(
      Array.from({ length: Math.ceil(count / 100) }, (_, f) => [
        `frontend${f}`,
        { pools: names.slice(100 * f, 100 * (f + 1)).join(" ") },
      ]),
    ),
  }));
  checker.start();
  engine.report(Object.fromEntries(names.map((name) => [name, PASS])));
  Deno.bench(`the text for ${count} backends`, () => {
    const view = {
      build: { version: "", commit: "", date: "" },
      nowMs: EPOCH_MS,
      monotonicMs: FAR_PAST_MS,
      ...checkerView(checker),
      vpp: undefined,
      counters: undefined,
      vipOf: () => undefined,
      probers: [],
      process: {
        userCpuS: 0,
        systemCpuS: 0,
        startS: 0,
        residentBytes: 0,
        openDescriptors: 0,
        maxDescriptors: 0,
      },
      eventLoopLagS: 0,
    };
    for (const _ of collect(view));
  });
}
