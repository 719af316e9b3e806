import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../tests/support/fakes/recording_logger.ts";
import type { NotifyResult } from "../system/service_manager.ts";
import type { Readiness } from "./readiness.ts";
import { ServiceStatus, statusLine } from "./service_status.ts";

const READY: Readiness = {
  ready: true,
  reasons: [],
  config: "loaded",
  vpp: "connected",
  warmUp: "over",
  probers: "seeing",
};
const AWAY: Readiness = { ...READY, ready: false, reasons: ["VPP is not connected: no file"] };

class World {
  readonly sent: string[] = [];
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  answer: NotifyResult = "sent";
  readiness: Readiness = AWAY;
  readonly status = new ServiceStatus({
    clock: this.clock,
    logger: this.logger,
    manager: {
      notify: (...lines) => {
        this.sent.push(lines.join("|"));
        return this.answer;
      },
    },
  });

  start(): void {
    this.status.started({ readiness: () => this.readiness });
  }

  /** Messages since the last call. */
  take(): string[] {
    return this.sent.splice(0);
  }
}

const AWAY_LINE = "STATUS=not ready: VPP is not connected: no file";

Deno.test("ServiceStatus reports READY while VPP is away, and each change of the status once", () => {
  const world = new World();
  world.start();
  assert.deepEqual(world.take(), [`READY=1|${AWAY_LINE}`]);
  world.clock.advance(10_000);
  assert.deepEqual(world.take(), []);
  world.readiness = READY;
  world.clock.advance(1000);
  assert.deepEqual(world.take(), ["STATUS=ready"]);
});

Deno.test("ServiceStatus brackets a reload, and sends nothing after it stops", () => {
  const world = new World();
  world.start();
  world.take();
  world.status.reloading();
  world.status.reloaded(true);
  world.status.stopping();
  world.readiness = READY;
  world.clock.advance(5000);
  world.status.reloaded(true);
  assert.deepEqual(world.take(), [
    `RELOADING=1|${AWAY_LINE}`,
    `READY=1|${AWAY_LINE}`,
    `STOPPING=1|${AWAY_LINE}`,
  ]);
});

Deno.test("ServiceStatus reports that a reload was refused until one is done", () => {
  const world = new World();
  world.readiness = READY;
  world.start();
  world.take();
  for (const ok of [false, true]) {
    world.status.reloading();
    world.status.reloaded(ok);
  }
  const refused = "STATUS=the last reload was refused (see config-error in the log); ready";
  assert.deepEqual(world.take(), [
    "RELOADING=1|STATUS=ready",
    `READY=1|${refused}`,
    `RELOADING=1|${refused}`,
    "READY=1|STATUS=ready",
  ]);
});

Deno.test("ServiceStatus repeats what a busy service manager did not take", () => {
  const world = new World();
  world.answer = "busy";
  world.start();
  world.clock.advance(1000);
  world.answer = "sent";
  world.clock.advance(3000);
  assert.deepEqual(world.take(), Array(3).fill(`READY=1|${AWAY_LINE}`));
});

Deno.test("ServiceStatus is silent without a service manager, and warns once of a wrong one", () => {
  for (const [answer, warnings] of [["none", 0], [{ problem: "ENOENT" }, 1]] as const) {
    const world = new World();
    world.answer = answer;
    world.start();
    world.status.reloading();
    world.clock.advance(5000);
    assert.equal(world.take().length, 1);
    assert.equal(world.logger.records.length, warnings);
  }
});

Deno.test("statusLine() is one short line", () => {
  const line = statusLine({ ...AWAY, reasons: ["a\nREADY=1", "x".repeat(500)] });
  assert.ok(line.startsWith("not ready: a READY=1; x"));
  assert.equal(line.length, 200);
});
