/** A checker on a fake engine and a stopped clock, with its events in short form. */
import { Checker } from "../../../src/checker/checker.ts";
import type { OperatorOptions } from "../../../src/intent/request.ts";
import type { CheckerEvent } from "../../../src/checker/ports.ts";
import type { KeptIntents } from "../../../src/intent/ports.ts";
import type { Config } from "../../../src/config/model.ts";
import type { PenaltyStore, WeightsSent } from "../../../src/checker/ports.ts";
import { FakeClock } from "../fakes/fake_clock.ts";
import { FakeProbeEngine, PASS } from "../fakes/fake_probe_engine.ts";
import { RecordingLogger } from "../fakes/recording_logger.ts";
import { type SmallConfig, smallConfig } from "../fakes/small_config.ts";

/** The operator in the tests. */
export const WHO: OperatorOptions = { by: { peer: "127.0.0.1:1", identity: "ann" } };

/** Two frontends, three backends. */
export const THREE: SmallConfig = {
  backends: { a: {}, b: {}, c: {} },
  frontends: { web: { pools: "a:100 b:50 | c:10" }, api: { pools: "b:7" } },
};

/** An event in a few words. */
export function textOf(event: CheckerEvent): string {
  switch (event.kind) {
    case "backend":
    case "frontend":
      return `${event.kind} ${event.name} ${event.transition.from}-${event.transition.to}`;
    case "program":
      return `program ${event.frontends.map(({ name }) => name).join(",")} ${event.trigger}`;
    case "policy":
      return `policy ${event.change.event} ${event.change.frontend ?? event.change.backend}`;
    case "lameduck":
      return `lameduck ${event.on}`;
    case "reload":
      return "reload";
  }
}

/** Options of setUp. */
export interface SetUpOptions {
  readonly debug?: boolean;
  readonly clock?: FakeClock;
  readonly intents?: KeptIntents;
  readonly weightsSent?: WeightsSent;
  readonly penalties?: PenaltyStore;
}

/** A checker that was not started. */
export function setUp(config: Config = smallConfig(THREE), options: SetUpOptions = {}) {
  const clock = options.clock ?? new FakeClock();
  const engine = new FakeProbeEngine();
  const logger = new RecordingLogger(options);
  const { intents, weightsSent, penalties } = options;
  const checker = new Checker({ config, engine, clock, logger, intents, weightsSent, penalties });
  const events: string[] = [];
  checker.subscribe((event) => events.push(textOf(event)));
  return {
    clock,
    engine,
    logger,
    checker,
    events,
    /** Events since the last call. */
    news: () => events.splice(0),
    weights: (name: string) => checker.snapshot().frontends.get(name)?.effectiveWeights,
    stateOf: (name: string) => checker.snapshot().backends.get(name)?.state,
  };
}

/** Started, with all of THREE up. */
export function setUpHealthy(options: SetUpOptions = {}) {
  const all = setUp(smallConfig(THREE), options);
  all.checker.start();
  all.engine.report({ a: PASS, b: PASS, c: PASS });
  all.news();
  return all;
}
