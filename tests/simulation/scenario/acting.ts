/** Carries actions out in a world. */
import { finish } from "../../../src/async/steps.ts";
import type { Config } from "../../../src/config/model.ts";
import { workOutReload } from "../../../src/checker/worked_reload.ts";
import { planContext, planProblem } from "../../../src/daemon/plan_guard.ts";
import { capabilitiesOf } from "../../../src/daemon/wire.ts";
import {
  type ForecastAction,
  forecastAction,
  forecastReload,
  forecastWorkedOut,
  plansOfReload,
  type ReloadForecast,
} from "../../../src/forecast/forecast.ts";
import { planText } from "../../../src/forecast/plan_text.ts";
import { MaglevError } from "../../../src/base/errors.ts";
import { actOnBackend, clearBackend, drainBackend } from "../../../src/grpc/handlers/backend.ts";
import { setWeight } from "../../../src/grpc/handlers/frontend.ts";
import {
  BackendRequest,
  CancelIntentRequest,
  ClearBackendRequest,
  SetLameduckRequest,
  SetWeightRequest,
} from "../../../src/grpc/gen/maglev.ts";
import { cancelIntent, setLameduck } from "../../../src/grpc/handlers/intent.ts";
import { create } from "../../../src/grpc/messages/codec.ts";
import { intentId } from "../../../src/intent/intent.ts";
import type { Judge } from "../judge/judge.ts";
import { edited } from "../world/configs.ts";
import { Dice } from "../world/dice.ts";
import { OPERATOR } from "../world/process.ts";
import type { World } from "../world/world.ts";
import type { Action } from "./actions.ts";
import { editText } from "./edit_text.ts";
import { drainRequest, timesOf } from "./request_times.ts";
import { editVpp, putNat } from "./other_program.ts";

/** How long a fault of VPP waits for its occasion. */
const UNNOTICED_MS = 16_000;

/** A weight that is set to the file's. */
const TO_FILE = 1;

export class Actor {
  readonly #world: World;
  readonly #judge: Judge;
  readonly #names = new Map<Config, string>();

  constructor(world: World, judge: Judge) {
    this.#world = world;
    this.#judge = judge;
  }

  act(action: Action): void {
    const { vpp, servers, disk, time, process } = this.#world;
    const judge = this.#judge;
    const later = (ms: number, fn: () => void) => void time.after(ms, fn);
    switch (action.kind) {
      case "server":
        return servers.set(action.server, action.behaviour, time.nowMs);
      case "agent":
        return servers.setAgent(action.server, action.report, time.nowMs);
      case "tunnel":
        return servers.setTunnel(action.server, action, time.nowMs);
      case "filter":
        if (servers.filters) return;
        servers.filters = true;
        judge.tunnels.filteredFor(action.forMs);
        return later(action.forMs, () => servers.filters = false);
      case "lack-ports":
        servers.lack = true;
        judge.blindFor(action.forMs);
        return later(action.forMs, () => servers.lack = false);
      case "cut-off":
        if (servers.isCutOff) return;
        servers.isCutOff = true;
        judge.health.cutOffFor(action.forMs);
        return later(action.forMs, () => servers.isCutOff = false);
      case "worker-crash":
        judge.blindFor(8000, true);
        return process?.crashWorker();
      case "vpp-restart":
        judge.disturb(action.kind, action.downMs);
        vpp.die();
        return later(action.downMs, () => vpp.start(action.older ? "26.06" : "main"));
      case "vpp-freeze":
        judge.disturb(action.kind, action.forMs);
        vpp.freeze();
        return later(action.forMs, () => vpp.thaw());
      case "vpp-cut":
        vpp.faults.cutAfterBytes = action.afterBytes;
        return later(UNNOTICED_MS, () => vpp.faults.cutAfterBytes = undefined);
      case "vpp-garble":
        vpp.faults.garble({ frames: 1, offset: action.offset, after: action.after });
        return later(UNNOTICED_MS, () => vpp.faults.garble({ frames: 0, offset: 0 }));
      case "vpp-refuse": {
        const { message, times } = action;
        vpp.faults.refuse({ message, times, retval: -1 });
        return later(UNNOTICED_MS, () => vpp.faults.refuse({ message, times: 0, retval: 0 }));
      }
      case "vpp-withhold": {
        const { message } = action;
        vpp.faults.withhold({ message, times: 1 });
        return later(UNNOTICED_MS, () => vpp.faults.withhold({ message, times: 0 }));
      }
      case "vpp-slow":
        judge.disturb(action.kind, action.forMs + action.delayMs);
        vpp.faults.delayMs = action.delayMs;
        return later(action.forMs, () => vpp.faults.delayMs = 0);
      case "vpp-unreachable":
        judge.disturb(action.kind, action.forMs);
        vpp.isUnreachable = true;
        return later(action.forMs, () => vpp.isUnreachable = false);
      case "vpp-doomed":
        vpp.doom = action;
        return later(UNNOTICED_MS, () => vpp.doom = undefined);
      case "vpp-edited":
        judge.disturb(action.kind, 0, true);
        vpp.changes++;
        if (vpp.plugin !== undefined) {
          editVpp(vpp.plugin, { dice: new Dice(action.seed), weights: vpp.release === "main" });
        }
        return;
      case "vpp-nat":
        judge.disturb(action.kind, 0, true);
        vpp.changes++;
        if (vpp.plugin !== undefined) putNat(vpp.plugin, new Dice(action.seed));
        return;
      case "stats-end":
        vpp.hasNoStats = true;
        vpp.endStats();
        return later(action.forMs, () => vpp.hasNoStats = false);
      case "disk":
        disk.fault = action.fault;
        judge.diskFaultFor(action.forMs);
        return later(action.forMs, () => disk.fault = "sound");
      case "clock-set":
        return judge.clockSet(action.byMs);
      case "daemon-kill":
        judge.killed(action.downMs);
        this.#world.kill(action.losesPower);
        return later(action.downMs, () => this.#world.boot());
      case "daemon-restart":
        return this.#restart(new Dice(action.seed));
      case "daemon-stop":
        judge.blindFor(action.forMs);
        judge.disturb(action.kind, action.forMs);
        process?.stop();
        return later(action.forMs, () => process?.resume());
      case "daemon-stutter":
        return this.#stutter(new Dice(action.seed), {
          untilMs: time.nowMs + action.forMs,
          mostApartMs: action.mostApartMs ?? 300,
        });
      case "daemon-busy":
        judge.stutters(action.forMs, "the host is busy");
        return process?.busyFor(action.forMs, new Dice(action.seed));
      default:
        if (process?.daemon === undefined || process.clock.stopped) return;
        return this.#operate(action);
    }
  }

  /** Stops all threads of the daemon for moments, again and again, as on a busy host. */
  #stutter(
    dice: Dice,
    options: { readonly untilMs: number; readonly mostApartMs: number },
  ): void {
    const { untilMs, mostApartMs } = options;
    const { process, time } = this.#world;
    if (process === undefined || time.nowMs >= untilMs) return;
    const stopMs = dice.between(10, 190);
    this.#judge.stutters(stopMs);
    process.stop();
    time.after(stopMs, () => {
      process.resume();
      const apartMs = dice.between(Math.min(5, mostApartMs / 10), mostApartMs);
      time.after(apartMs, () => this.#stutter(dice, options));
    });
  }

  /** Stops the daemon in order, and starts it with another file. */
  #restart(dice: Dice): void {
    const { process, time } = this.#world;
    if (process?.daemon === undefined || process.clock.stopped) return;
    this.#judge.stopping(process);
    const stopped = () => {
      if (this.#world.process !== process) return;
      this.#judge.killed(100);
      this.#world.kill();
      this.#edited(edited(this.#world.config, dice));
      time.after(100, () => this.#world.boot());
    };
    process.end().then(() => {
      this.#judge.stopped(process);
      stopped();
    });
    time.after(3000, stopped);
  }

  /** The next file. */
  #edited(next: Config): void {
    const { time, config } = this.#world;
    const text = editText(config, next);
    this.#judge.trace.add(time.nowMs, `file: ${text === "" ? "unchanged" : text}`);
    this.#world.config = next;
  }

  /** `planned`: what an earlier plan said of it. */
  #reload(next: Config, planned?: ReloadForecast): void {
    const { daemon, clock } = this.#world.process!;
    this.#edited(next);
    this.#judge.reloading(next);
    const options = {
      nowMs: clock.wallMs(),
      atMs: clock.monotonicMs(),
      can: { weights: true },
    };
    const plan = finish(forecastReload(daemon!.checker.snapshot(), next, options));
    daemon!.reload(next);
    this.#judge.reloaded(plan, planned);
  }

  /** What a reload with this file would do now. */
  #plan(next: Config) {
    const { daemon, clock } = this.#world.process!;
    const snapshot = daemon!.checker.snapshot();
    const files = { next: this.#nameOf(next), inForce: this.#nameOf(snapshot.config) };
    const context = planContext(daemon!, files);
    const worked = finish(workOutReload(snapshot, next, clock.wallMs()));
    const atMs = clock.monotonicMs();
    const plans = finish(plansOfReload(worked, { can: capabilitiesOf(daemon!), atMs }));
    const forecast = finish(forecastWorkedOut(worked, { can: { weights: true }, atMs }));
    return { worked, context, forecast, hash: planText(worked, plans, context) };
  }

  /** The plan of an action that begins now; the result is called right after it. */
  #planAction(action: ForecastAction): () => void {
    const { clock, daemon } = this.#world.process!;
    const { checker } = daemon!;
    const isRefused = action.kind === "drain" && checker.drainProblem(action) !== undefined;
    if (isRefused) return () => {};
    const steps = forecastAction(checker.snapshot(), action, {
      nowMs: clock.wallMs(),
      atMs: clock.monotonicMs(),
      can: { weights: true },
    });
    // It will be refused.
    if (steps instanceof MaglevError) return () => {};
    return this.#judge.reloads.planned(finish(steps));
  }

  /** Stands for the hash of a file's text. */
  #nameOf(config: Config): string {
    let name = this.#names.get(config);
    if (name === undefined) this.#names.set(config, name = `file ${this.#names.size}`);
    return name;
  }

  /** Notes the object of an operator's action, which its seed has chosen. */
  #chose(object: string): string {
    this.#judge.trace.add(this.#world.time.nowMs, `  of ${object}`);
    return object;
  }

  #operate(action: Action): void {
    const { process } = this.#world;
    const api = process!.api();
    const { checker, vpp } = process!.daemon!;
    const judge = this.#judge;
    if (judge.isStopping(process!)) return;
    switch (action.kind) {
      case "reload":
        return this.#reload(edited(this.#world.config, new Dice(action.seed)));
      case "planned-reload": {
        const config = edited(this.#world.config, new Dice(action.seed));
        const { forecast, hash } = this.#plan(config);
        this.#world.time.after(action.waitMs, () => {
          const isOver = this.#world.process !== process || process!.clock.stopped ||
            judge.isStopping(process!);
          if (isOver) return;
          const { worked, context } = this.#plan(config);
          const asked = { hash, sha256: (text: string) => text };
          const atMs = process!.clock.monotonicMs();
          const problem = planProblem(worked, { daemon: process!.daemon!, context, asked, atMs });
          judge.trace.add(this.#world.time.nowMs, `planned reload: ${problem ?? "as planned"}`);
          if (problem === undefined) this.#reload(config, forecast);
        });
        return;
      }
      case "sync": {
        const dice = new Dice(action.seed);
        const all = [...checker.current.frontends.keys()];
        const frontend = dice.oneIn(2) ? undefined : dice.pick(all);
        this.#chose(frontend ?? "all of VPP");
        const done = judge.reloads.syncing();
        vpp!.reconciler.sync(frontend).finally(done).catch((error) => {
          const { code } = MaglevError.from(error);
          const isGarbled = code === "internal" && judge.mayBeMisled;
          const isLost = code === "unavailable" || code === "deadline-exceeded";
          if (!isLost && !isGarbled) judge.fail("sync", error);
        });
        return;
      }
      case "act": {
        const dice = new Dice(action.seed);
        const name = this.#chose(dice.pick([...checker.current.backends.keys()]));
        const canEnd = action.action === "pause" || action.action === "disable";
        const { inMs, forMs } = action;
        const times = canEnd ? { inMs, forMs } : { inMs: undefined, forMs: undefined };
        const request = create(BackendRequest, { name, reason: "test", ...timesOf(times) });
        // Some are refused because of their times, which a plan does not have.
        const planned = inMs === undefined && forMs === undefined
          ? this.#planAction({ kind: action.action, backend: name })
          : undefined;
        const acked = judge.acting(action.action, name, times);
        actOnBackend(action.action, api).run(request, OPERATOR).then(({ answer }) => {
          if (!(answer instanceof MaglevError) && answer.warning === "") acked();
        }, (error) => judge.fail("action", error));
        planned?.();
        return;
      }
      case "drain": {
        const dice = new Dice(action.seed);
        const name = this.#chose(dice.pick([...checker.current.backends.keys()]));
        const { force, inMs, forMs } = action;
        const request = drainRequest(name, action);
        const planned = inMs === undefined
          ? this.#planAction({ kind: "drain", backend: name, force })
          : undefined;
        const acked = judge.acting("drain", name, { inMs, forMs });
        drainBackend(api).run(request, OPERATOR).then(({ answer }) => {
          const isSure = !(answer instanceof MaglevError) && answer.warning === "";
          if (isSure) acked();
        }, (error) => judge.fail("drain", error));
        planned?.();
        return;
      }
      case "weight": {
        const dice = new Dice(action.seed);
        const frontend = dice.pick([...checker.current.config.frontends.values()]);
        const pool = dice.pick(frontend.pools);
        const { name: backend } = dice.pick(pool.backends);
        const file = dice.integer(0, 3) === TO_FILE;
        const weight = dice.pick([0, 1, 30, 100]);
        const { inMs, forMs } = action;
        const place = { frontend: frontend.name, pool: pool.name, backend };
        const times = file ? {} : timesOf({ inMs, forMs });
        const request = create(SetWeightRequest, { ...place, weight, file, ...times });
        this.#chose(`${place.frontend} ${pool.name} ${backend}: ${file ? "the file's" : weight}`);
        const planned = file || inMs !== undefined || forMs !== undefined
          ? undefined
          : this.#planAction({ kind: "weight", ...place, weight });
        judge.changed();
        setWeight(api).run(request, OPERATOR).catch((error) => judge.fail("weight", error));
        planned?.();
        return;
      }
      case "clear": {
        const dice = new Dice(action.seed);
        const name = this.#chose(dice.pick([...checker.current.backends.keys()]));
        judge.changed();
        const request = create(ClearBackendRequest, { name });
        clearBackend(api).run(request, OPERATOR).catch((error) => judge.fail("clear", error));
        return;
      }
      case "cancel": {
        const dice = new Dice(action.seed);
        const intents = checker.current.intents.all();
        if (intents.length === 0) return;
        const intent = dice.pick(intents);
        if (intent.kind === "lameduck") judge.changed();
        else judge.changing(intent.backend);
        const request = create(CancelIntentRequest, { id: this.#chose(intentId(intent)) });
        cancelIntent(api).run(request, OPERATOR).catch((error) => judge.fail("cancel", error));
        return;
      }
      case "lameduck": {
        const { on, forMs } = action;
        const { end } = timesOf({ inMs: undefined, forMs: on ? forMs : undefined });
        const request = create(SetLameduckRequest, { on, end });
        setLameduck(api).run(request, OPERATOR).catch((error) => judge.fail("lameduck", error));
        return;
      }
    }
  }
}
