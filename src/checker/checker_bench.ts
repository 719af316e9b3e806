/** Measures results up to their program event. Run: `deno bench -A src/checker/checker_bench.ts` */
import { Checker } from "./checker.ts";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { FAIL, FakeProbeEngine, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { RecordingLogger } from "../../tests/support/fakes/recording_logger.ts";
import { desiredVip } from "../vpp/lb/desired.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";

/** `count` backends in frontends of `perFrontend`, all up and fully healthy. */
function healthy(count: number, perFrontend: number) {
  const names = Array.from({ length: count }, (_, i) => `b${i}`);
  const frontends = Object.fromEntries(
    Array.from({ length: count / perFrontend }, (_, f) => {
      const own = names.slice(f * perFrontend, (f + 1) * perFrontend);
      return [`f${f}`, { pools: own.join(" ") }];
    }),
  );
  const backends = Object.fromEntries(
    names.map((name, i) => [name, { address: `10.0.${i >> 8}.${i & 255}` }]),
  );
  const engine = new FakeProbeEngine();
  const logger = new RecordingLogger();
  const config = smallConfig({
    healthchecks: { tcp: { rise: 1, fall: 1 } },
    backends,
    frontends,
  });
  const checker = new Checker({ config, engine, clock: new FakeClock(), logger });
  checker.start();
  engine.report(Object.fromEntries(names.map((name) => [name, PASS])));
  let programs = 0;
  checker.subscribe((event) => {
    // The VIPs that the daemon passes to the reconciler.
    if (event.kind === "program") {
      programs += event.frontends.map(({ config, servers }) =>
        desiredVip(config, { servers, newFlowsTableLength: 1024 })
      ).length;
    }
  });
  return { engine, logger, names, count: () => programs };
}

for (const [count, perFrontend] of [[1000, 10], [1000, 1000], [10_000, 10]] as const) {
  const { engine, logger, names } = healthy(count, perFrontend);
  const down = [engine.outcome(names[7]!, FAIL)];
  const up = [engine.outcome(names[7]!, PASS)];
  let ok = true;
  Deno.bench(`one transition, ${count} backends, ${perFrontend} a frontend`, () => {
    ok = !ok;
    engine.onOutcomes(ok ? up : down);
    logger.records.length = 0;
  });
}

{
  const { engine, names } = healthy(1000, 10);
  const passes = names.map((name) => engine.outcome(name, PASS));
  Deno.bench("1,000 passes that change nothing", () => engine.onOutcomes(passes));
}

{
  const { engine, logger, names } = healthy(1000, 500);
  const batches = [FAIL, PASS].map((result) =>
    names.slice(0, 500).map((n) => engine.outcome(n, result))
  );
  let at = 0;
  Deno.bench("500 transitions at one instant, one frontend of 500", () => {
    engine.onOutcomes(batches[at++ % 2]!);
    logger.records.length = 0;
  });
}
