import assert from "node:assert/strict";
import { later, type MonotonicMs } from "../base/instant.ts";
import { setUpHealthy, THREE, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import type { Config } from "../config/model.ts";
import { REPORT_DEADLINE_MS, reportFields, reportReload } from "./reload_report.ts";

/** A clock on which each look takes a moment, so that slices end. */
class BusyClock extends FakeClock {
  override monotonicMs(): MonotonicMs {
    this.advance(1);
    return super.monotonicMs();
  }

  override after(delayMs: number, fn: () => void) {
    if (delayMs === 0) queueMicrotask(fn);
    return super.after(delayMs === 0 ? 1e9 : delayMs, fn);
  }
}

const NEVER = new AbortController().signal;

function report(next: Config, options: { clock?: FakeClock; signal?: AbortSignal } = {}) {
  const { checker } = setUpHealthy();
  checker.setWeight({ frontend: "web", pool: "pool0", backend: "a", weight: 1 }, WHO);
  checker.pauseBackend("c", WHO);
  const { clock = new BusyClock(), signal = NEVER } = options;
  return reportReload(checker.reload(next).worked, { can: { weights: true }, clock, signal });
}

const NEXT = smallConfig({
  healthchecks: { slow: { intervalMs: 9000 } },
  backends: {
    n1: { address: "10.0.1.1" },
    n2: { address: "10.0.1.2" },
    n3: { address: "10.0.1.3" },
    n4: { address: "10.0.1.4" },
    n5: { address: "10.0.1.5" },
    n6: { address: "10.0.1.6" },
    a: { address: "10.0.0.1", healthcheck: "slow" },
    b: { address: "10.0.0.8" },
  },
  frontends: { web: { pools: "a:99 b:50" }, api: { pools: "b:7", address: "192.0.2.2" } },
});

Deno.test("a reload's record has counts, bounded names, and the share that moved", async () => {
  const fields = reportFields(await report(NEXT));
  assert.deepEqual(fields, {
    started: 6,
    "started-names": "n1, n2, n3, n4, n5 and 1 more",
    stopped: 1,
    "stopped-names": "c",
    restarted: 1,
    "restarted-names": "a",
    carried: 1,
    readdressed: 1,
    "readdressed-names": "b",
    kept: 0,
    "ended-intents": 2,
    "ended-intents-names": "pause c, weight web/pool0/a",
    "lb-conf-changed": false,
    "moved-at-once": 0.9917,
    "lost-at-once": 0,
    "moved-settled": 0.9917,
    "lost-settled": 0,
    "moved-vips": 2,
    "moved-vips-names": "web, api",
  });
});

Deno.test("a reload that only edits a check reports that nothing moves", async () => {
  const edited = smallConfig({ ...THREE, healthchecks: { tcp: { intervalMs: 9000 } } });
  const fields = reportFields(await report(edited));
  assert.deepEqual(
    ["restarted", "carried", "ended-intents", "moved-at-once", "moved-settled", "moved-vips"]
      .map((key) => fields[key]),
    [3, 2, 0, 0, 0, 0],
  );
});

Deno.test("a report that takes too long, or delays another reload, leaves the shares out", async () => {
  const late = new BusyClock();
  const monotonicMs = late.monotonicMs.bind(late);
  late.monotonicMs = () => later(monotonicMs(), (late.advance(REPORT_DEADLINE_MS), 0));
  const wanted = new AbortController();
  wanted.abort();
  for (const options of [{ clock: late }, { signal: wanted.signal }]) {
    const { outline, forecast } = await report(NEXT, options);
    assert.equal(forecast, undefined);
    assert.equal(outline.started.length, 6, "what the reload did is there all the same");
    const { message } = reportFields({ outline, forecast });
    assert.match(String(message), /cannot forecast/);
  }
});
