/** Holds the file of announced prefixes to what servers and VPP have, after each turn. */
import { announcedIn } from "../../../src/announce/file_text.ts";
import { ANNOUNCE_FILE } from "../world/configs.ts";
import type { DaemonProcess } from "../world/process.ts";
import { AnnounceJudge } from "./announce_judge.ts";
import type { JudgedRun } from "./judged_run.ts";

const INVARIANT = "prefixes are announced as servers serve";
/** A failed write is repeated within this. */
const REWRITTEN_MS = 5000;

export class FileJudge {
  readonly #run: JudgedRun;
  readonly #announce = new AnnounceJudge();
  /** Until then a fault of the disk, or a stop of the daemon, may delay the file. */
  #lateMs = 0;
  /** When the present daemon was wired. */
  #wiredMs = 0;

  constructor(run: JudgedRun) {
    this.#run = run;
  }

  wired(): void {
    this.#wiredMs = this.#run.nowMs;
    this.#announce.starting(this.#run.world.disk.text(ANNOUNCE_FILE));
  }

  /** The disk has a fault for `ms`, or the daemon does not run. */
  unsoundFor(ms: number): void {
    this.#lateMs = Math.max(this.#lateMs, this.#run.nowMs + ms + REWRITTEN_MS);
  }

  /** `recreated`: VIPs that VPP lacks for a moment. */
  stepped(recreated: () => ReadonlySet<string>): void {
    const run = this.#run;
    const { nowMs, stopping, world: { daemon, vpp, disk } } = run;
    if (daemon?.announcer.stale === undefined) return;
    const { config, intents } = daemon.checker.current;
    const { reconciler, progress } = daemon.vpp!;
    const isKnown = !run.isExcused("wrong") && stopping === undefined && reconciler.warmedUp;
    // Warm-up goes on for longer while the prober is blind to a frontend.
    const isLate = nowMs >= this.#wiredMs + config.vppLb!.startupMaxDelayMs;
    const wrong = this.#announce.look({
      nowMs,
      config,
      wanted: run.wanted(daemon),
      view: isKnown ? vpp.view() : undefined,
      isAway: !progress.programmed(),
      isLameduck: intents.lameduck !== undefined,
      isEarly: !reconciler.warmedUp && !isLate && stopping === undefined,
      recreated: recreated(),
      blocked: vpp.natAddresses(),
      file: disk.text(ANNOUNCE_FILE),
      soundMs: this.#lateMs,
    });
    if (wrong !== undefined) run.fail(INVARIANT, wrong);
  }

  /** A daemon has stopped in order. */
  stopped(process: DaemonProcess): void {
    const { announce } = process.daemon!.checker.current.config;
    const announced = announcedIn(this.#run.world.disk.text(ANNOUNCE_FILE) ?? "");
    const isSound = this.#run.nowMs > this.#lateMs;
    if (announce?.onStop === "withdraw" && isSound && announced.length > 0) {
      this.#run.fail(INVARIANT, `${announced} after the stop`);
    }
  }
}
