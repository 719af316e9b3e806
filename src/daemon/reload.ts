/**
 * Reloads the configuration on request, and puts it in force only when it is valid. One reload runs
 * at a time; all requests during a reload are served by one more.
 *
 * A partly written file may be valid, with fewer servers than it should have. So a reload waits
 * until the file has not changed for a moment, and refuses a file that looks truncated.
 */
import { orLate } from "../async/deadline.ts";
import { NOT_REGULAR } from "../system/read_file.ts";
import { pause, Slice } from "../async/pause.ts";
import { MaglevError } from "../base/errors.ts";
import type { WallMs } from "../base/instant.ts";
import type { Clock, Logger } from "../base/ports.ts";
import type { Config } from "../config/model.ts";
import { reuseEqual } from "../config/reuse.ts";
import type { ConfigInForce, PlannedReload, ReloadReport } from "../grpc/calls/daemon_api.ts";
import {
  checkedOnHost,
  type ConfigResult,
  configSize,
  type Diagnostic,
  type Host,
} from "./config.ts";
import { readConfigInWorker, type ReadOptions } from "./config_in_worker.ts";
import { Coalesced } from "../async/coalesce.ts";
import { finish, inSlices } from "../async/steps.ts";
import { workOutReload } from "../checker/worked_reload.ts";
import { forecastWorkedOut, plansOfReload } from "../forecast/forecast.ts";
import { planText } from "../forecast/plan_text.ts";
import {
  type AskedPlan,
  loadSha256,
  overLimit,
  planContext,
  planProblem,
  removalLimit,
} from "./plan_guard.ts";
import { reportFields, reportReload } from "./reload_report.ts";
import { capabilitiesOf, type Daemon } from "./wire.ts";

export interface ReloaderOptions {
  readonly path: string;
  readonly vppApiAddr: string;
  readonly daemon: Daemon;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly hostCheck: Host;
  /** The file that the daemon started with. */
  readonly initial: Loaded;
  readonly observer?: ReloadObserver;
}

/** Follows reloads, also those that fail. */
export interface ReloadObserver {
  reloading(): void;
  /** `ok`: the file is in force. */
  reloaded(ok: boolean): void;
}

/** Time and hash of a file that was read. */
export interface Loaded {
  /** Unix time in milliseconds. */
  readonly loadedAtMs: WallMs;
  /** SHA-256 of the text, in hexadecimal. */
  readonly hash: string;
  /** The text in UTF-8. Absent: a reload compares the whole configuration on this thread. */
  readonly text?: Uint8Array<ArrayBuffer>;
}

/** A file that changed less than this ago may still be incomplete. */
export const SETTLED_MS = 100;
/** Looks at a file that does not settle; after that it is read as it is. */
const MAX_LOOKS = 20;
/** How long one read of the file may take, a slow network file system included. */
export const READ_DEADLINE_MS = 10_000;

/** Errors and warnings of a configuration file. */
export interface ConfigCheck {
  readonly ok: boolean;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Result of a reload. */
export interface Reloaded {
  readonly verdict: ConfigCheck;
  /** Effect of the reload; undefined when the file is invalid. */
  readonly report: ReloadReport | undefined;
}

/** A check, with the configuration when it is valid. */
type CheckedConfig =
  | (ConfigCheck & { readonly ok: true; readonly config: Config; readonly loaded: Loaded })
  | (ConfigCheck & { readonly ok: false });

/** A request for a reload. */
interface Request {
  /** Names the caller in the log. */
  readonly by: string;
  /** Empty: no plan. */
  readonly planHash: string;
  /** False: nothing is put in force. Called in the turn in which it would be. */
  readonly isAllowed?: () => boolean;
  /** Another file than the daemon's own; an operator asked for it, so `max-removal` does not count. */
  readonly path?: string;
}

/** Longest time that a forecast or a comparison occupies the thread in a row, in milliseconds. */
const SLICE_MS = 4;

export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #reloads = new Coalesced((request: Request): Promise<Reloaded> => this.#reload(request));
  readonly #checks = new Coalesced(() => this.#check(this.#options.path));
  readonly #closing = new AbortController();
  #loaded: Loaded;
  /** Why the last reload was refused; empty: it was not. */
  #refusal = "";
  /** The configuration of #loaded. */
  #config: Config;
  /** Cancels the report of the last reload. */
  #reporting: AbortController | undefined;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#loaded = options.initial;
    this.#config = options.daemon.checker.current.config;
  }

  /** The file whose text is in force. */
  get inForce(): ConfigInForce {
    const { loadedAtMs, hash } = this.#loaded;
    return { file: this.#options.path, loadedAtMs, hash, refusal: this.#refusal };
  }

  /**
   * Reloads; `by` names the caller in the log. With a `planHash` only when plan() would return it.
   * Rejects when the daemon stops.
   */
  async reload(by: string, planHash = "", isAllowed = () => true): Promise<Reloaded> {
    // A report must not delay a reload.
    this.#reporting?.abort();
    // Requests share a reload, but not one of another plan.
    while (planHash !== "" && this.#reloads.busy) await this.#reloads.idle();
    return await this.#reloads.run({ by, planHash, isAllowed });
  }

  /** Puts another file in force than the daemon's own; as reload(). */
  async reloadFrom(path: string, by: string, isAllowed = () => true): Promise<Reloaded> {
    this.#reporting?.abort();
    while (this.#reloads.busy) await this.#reloads.idle();
    return await this.#reloads.run({ by, planHash: "", path, isAllowed });
  }

  /** The text of the file in force; absent: it is not known. */
  get textInForce(): Uint8Array<ArrayBuffer> | undefined {
    return this.#loaded.text;
  }

  /** The effect that a reload would have now, with the hash that names it. Changes nothing. */
  async plan(signal: AbortSignal): Promise<PlannedReload & { readonly overLimit: string }> {
    const { daemon, clock } = this.#options;
    const sha256 = await loadSha256();
    const verdict = await this.check();
    const none = { forecast: undefined, planHash: "", hash: "", overLimit: "" };
    if (!verdict.ok) return { verdict, ...none };
    const { checker } = daemon;
    // All from one turn: what follows works on values that do not change.
    const [before, nowMs] = [checker.snapshot(), clock.wallMs()];
    const options = { can: capabilitiesOf(daemon), atMs: clock.monotonicMs() };
    const { config, loaded } = verdict;
    const context = this.#context(loaded.hash);
    function* steps() {
      const worked = yield* workOutReload(before, config, nowMs);
      const plans = yield* plansOfReload(worked, options);
      const planHash = sha256(planText(worked, plans, context));
      const forecast = yield* forecastWorkedOut(worked, options);
      const removed = overLimit(worked, plans) ?? "";
      return { verdict, forecast, planHash, hash: loaded.hash, overLimit: removed };
    }
    return await inSlices(steps(), { clock, sliceMs: SLICE_MS, signal });
  }

  #context(next: string) {
    return planContext(this.#options.daemon, { next, inForce: this.#loaded.hash });
  }

  /** Checks the file as a reload does, and changes nothing. Returns the configuration when it is valid. */
  check(): Promise<CheckedConfig> {
    return this.#checks.run(undefined);
  }

  /** Stops reloads: none begins or takes effect after this. */
  close(): void {
    this.#closing.abort("maglevd is stopping");
    this.#reporting?.abort();
  }

  /** Reads, checks, puts in force; the observer sees a reload until then. */
  async #reload(request: Request): Promise<Reloaded> {
    const { observer } = this.#options;
    observer?.reloading();
    let ok = false;
    try {
      const reloaded = await this.#readAndApply(request);
      ok = reloaded.verdict.ok;
      return reloaded;
    } finally {
      observer?.reloaded(ok);
    }
  }

  async #readAndApply({ by, planHash, path: other, isAllowed }: Request): Promise<Reloaded> {
    const { daemon, logger, clock } = this.#options;
    const path = other ?? this.#options.path;
    const asked = planHash === "" ? undefined : { hash: planHash, sha256: await loadSha256() };
    const read = await this.#check(path);
    const unplanned = read.ok && other === undefined ? this.#planProblem(read, asked) : undefined;
    const problem = read.ok && isAllowed?.() === false ? NOT_ALLOWED : unplanned;
    const checked = problem === undefined ? read : this.#wrong(problem, read.warnings);
    if (this.#closing.signal.aborted) throw new MaglevError("unavailable", "maglevd is stopping");
    for (const { fields } of checked.warnings) logger.warn("config-warning", fields);
    if (!checked.ok) {
      for (const { fields } of checked.errors) logger.error("config-error", fields);
      this.#refusal = refusalText(checked.errors);
      logger.warn("config-reload", { file: path, by, ok: false, errors: checked.errors.length });
      return { verdict: checked, report: undefined };
    }
    const { config } = checked;
    this.#reporting = new AbortController();
    if (this.#reloads.waits) this.#reporting.abort();
    const { signal } = this.#reporting;
    const slice = new Slice(clock);
    const { worked, durable } = daemon.reload(config);
    this.#loaded = checked.loaded;
    this.#refusal = "";
    this.#config = config;
    if (slice.over) await slice.rest();
    const report = await reportReload(worked, { can: capabilitiesOf(daemon), clock, signal });
    await durable;
    const size = configSize(config);
    logger.info("config-reload", { file: path, by, ok: true, ...size, ...reportFields(report) });
    return { verdict: checked, report };
  }

  /** The reason why a valid file is not put in force; see planProblem(). */
  #planProblem(
    { config, loaded }: CheckedConfig & { readonly ok: true },
    asked: AskedPlan | undefined,
  ): string | undefined {
    const { daemon, clock } = this.#options;
    const { checker } = daemon;
    if (asked === undefined && removalLimit(checker.current.config) >= 100) return undefined;
    const worked = finish(workOutReload(checker.snapshot(), config, clock.wallMs()));
    return planProblem(worked, {
      daemon,
      context: this.#context(loaded.hash),
      asked,
      atMs: clock.monotonicMs(),
    });
  }

  #wrong(message: string, warnings: readonly Diagnostic[]): CheckedConfig & { readonly ok: false } {
    const { path } = this.#options;
    const errors = [{ text: `${path}: ${message}`, fields: { file: path, message } }];
    return { ok: false, errors, warnings };
  }

  async #check(path: string): Promise<CheckedConfig> {
    const { daemon, hostCheck, clock } = this.#options;
    const result = await this.#readInTime(path);
    if (typeof result === "string") return this.#wrong(result, []);
    if (result.kind === "ok") {
      const problem = cutOff(daemon.checker.current.config, result);
      if (problem !== undefined) return this.#wrong(problem, result.warnings);
    }
    const checked = checkedOnHost(result, { path, host: hostCheck });
    const { warnings } = checked;
    if (checked.kind === "error") return { ok: false, errors: checked.errors, warnings };
    const loaded = { loadedAtMs: clock.wallMs(), hash: checked.hash, text: checked.text };
    const slice = new Slice(clock);
    const reusing = reuseEqual(checked.config, daemon.checker.current.config);
    const config = await inSlices(reusing, { clock, sliceMs: SLICE_MS });
    // What follows takes a turn of its own.
    if (slice.over) await slice.rest();
    return { ok: true, errors: [], warnings, config, loaded };
  }

  /** The file, or the reason why it could not be read in time. */
  async #readInTime(path: string): Promise<ConfigResult | string> {
    const closing = this.#closing.signal;
    const reading = new AbortController();
    return await orLate(this.#readSettled(path, reading.signal), {
      clock: this.#options.clock,
      deadlineMs: READ_DEADLINE_MS,
      signal: closing,
      late: (cause) => {
        reading.abort(
          cause === "aborted"
            ? closing.reason
            : `reading it took longer than ${READ_DEADLINE_MS / 1000} s`,
        );
        return String(reading.signal.reason);
      },
    });
  }

  async #readSettled(path: string, signal: AbortSignal): Promise<ConfigResult | string> {
    const { vppApiAddr, clock } = this.#options;
    for (let look = 0; !signal.aborted; look++) {
      const before = await this.#stat(path);
      if (before !== undefined && !before.isFile) return NOT_REGULAR;
      const age = clock.wallMs() - (before?.mtime?.getTime() ?? 0);
      const last = look === MAX_LOOKS;
      // A negative age means that clocks disagree: it means nothing for the file.
      if (age < 0 || age >= SETTLED_MS || last) {
        const size = before?.size ?? 0;
        const { text } = this.#loaded;
        const inForce = text && { config: this.#config, text };
        const result = await this.#read(path, { vppApiAddr, size, signal, inForce });
        if (typeof result === "string" || last) return result;
        const after = await this.#stat(path);
        const same = before?.size === after?.size && before?.ino === after?.ino &&
          before?.mtime?.getTime() === after?.mtime?.getTime();
        if (same) return result;
      }
      await pause(SETTLED_MS, { clock });
    }
    return String(signal.reason);
  }

  /** The file, or the reason why it could not be read. */
  async #read(path: string, options: ReadOptions): Promise<ConfigResult | string> {
    try {
      return await readConfigInWorker(path, options);
    } catch (error) {
      const { aborted, reason } = options.signal;
      return aborted ? String(reason) : MaglevError.from(error).message;
    }
  }

  /** Undefined when stat fails; reading the file then reports the reason. */
  async #stat(path: string): Promise<Deno.FileInfo | undefined> {
    try {
      return await Deno.stat(path);
    } catch (error) {
      if (error instanceof Error) return undefined;
      throw error;
    }
  }
}

const NOT_ALLOWED = "its permission ended before it was put in force";

/** The reason why a valid file looks truncated, or undefined. */
function cutOff(
  before: Config,
  next: { readonly config: Config; readonly warnings: readonly Diagnostic[] },
): string | undefined {
  if (next.warnings.some(({ fields }) => fields.rule === "no-final-newline")) {
    return "its last line does not end with a newline, as in a file that was not written to its " +
      "end; add the newline";
  }
  if (before.frontends.size > 0 && next.config.frontends.size === 0) {
    return `it has no frontends, and ${before.frontends.size} are in force: a reload never removes ` +
      "all of them; restart maglevd to do that";
  }
  return undefined;
}

/** The place of the first error, because its text may have a secret of the file. */
function refusalText([first, ...others]: readonly Diagnostic[]): string {
  const { line, path, message } = first?.fields ?? {};
  const what = line === undefined ? String(message) : `line ${line}, ${path}`;
  return others.length === 0 ? what : `${what}, and ${others.length} more`;
}
