/**
 * The configuration of this daemon for rollouts of its fleet: hash, plan and reload of its own file,
 * and the former file, which is kept in the state directory so that it can be put back. The file on
 * disk is never written: it is the operator's.
 */
import { createHash } from "node:crypto";
import { MaglevError } from "../../base/errors.ts";
import type { Checker } from "../../checker/checker.ts";
import { LocalRoots } from "../../explain/local_roots.ts";
import type {
  ApplyOptions,
  PlannedReload,
  Reload,
  RolloutPort,
} from "../../fleet/member/rollout/follower.ts";
import type { Condition } from "../../fleet/member/rollout/own_gates.ts";
import type { VipForecast } from "../../forecast/vips.ts";
import { fileProblem, readRegularFile } from "../../system/read_file.ts";
import { folderIo, StateFile } from "../../system/state_file.ts";
import type { VipKey } from "../../vpp/lb/model.ts";
import type { Reloaded, Reloader } from "../reload.ts";
import type { Daemon } from "../wire.ts";

/** Largest file that is hashed or kept; that of a configuration is smaller. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Longest time that a plan may take. */
const PLAN_DEADLINE_MS = 60_000;
const FORMER = /^former-[0-9a-f]{16}\.yaml(?:\.new)?$/;

export interface RolloutFilesOptions {
  readonly reloader: Pick<
    Reloader,
    "inForce" | "plan" | "reload" | "reloadFrom" | "textInForce"
  >;
  /** Of the configuration file. */
  readonly path: string;
  /** The state directory; undefined: no former file is kept. */
  readonly folder: string | undefined;
  readonly checker: Pick<Checker, "snapshot">;
  /** Undefined: VPP integration is off. */
  readonly vpp: Daemon["vpp"];
}

export class RolloutFiles implements RolloutPort {
  readonly #options: RolloutFilesOptions;
  readonly #roots = new LocalRoots();

  constructor(options: RolloutFilesOptions) {
    this.#options = options;
  }

  hash(): string {
    return this.#options.reloader.inForce.hash;
  }

  async fileHash(): Promise<{ readonly hash: string } | { readonly problem: string }> {
    try {
      const bytes = await readRegularFile(this.#options.path, { maxBytes: MAX_BYTES });
      return { hash: createHash("sha256").update(bytes).digest("hex") };
    } catch (error) {
      return { problem: `its file cannot be read: ${fileProblem(error)}` };
    }
  }

  async plan(): Promise<PlannedReload> {
    const { reloader } = this.#options;
    try {
      const planned = await reloader.plan(AbortSignal.timeout(PLAN_DEADLINE_MS));
      const { forecast, hash, planHash, overLimit } = planned;
      // The first error may have a secret of the file.
      if (forecast === undefined) return { kind: "invalid", reason: INVALID };
      return { kind: "planned", hash, planHash, vips: forecast.vips.map(vipOf), overLimit };
    } catch (error) {
      return { kind: "invalid", reason: `it cannot plan: ${MaglevError.from(error).message}` };
    }
  }

  async apply(planHash: string, { hash, isAllowed }: ApplyOptions): Promise<Reload> {
    const { reloader } = this.#options;
    const problem = await this.#keepFormer(hash);
    if (problem !== undefined) return { kind: "failed", reason: problem };
    if (!isAllowed()) return { kind: "changed" };
    return await this.#reload(() => reloader.reload(BY, planHash, isAllowed), hash);
  }

  async revert(hash: string, isAllowed: () => boolean): Promise<Reload> {
    const { folder, reloader } = this.#options;
    const name = formerName(hash);
    if (folder === undefined || !(await this.#formerNames()).includes(name)) {
      return { kind: "failed", reason: "it has no former file" };
    }
    if (!isAllowed()) return { kind: "changed" };
    const before = this.hash();
    const path = `${folder}/${name}`;
    const done = await this.#reload(() => reloader.reloadFrom(path, BY, isAllowed), undefined);
    if (done.kind === "failed" && !isAllowed()) return { kind: "changed" };
    const isSame = done.kind === "done" && this.hash() === before;
    return isSame ? { kind: "changed" } : done;
  }

  condition(): Condition {
    const { checker, vpp } = this.#options;
    const snapshot = checker.snapshot();
    const { state } = vpp?.connection ?? {};
    const isRead = vpp?.reconciler.counted() !== undefined;
    const known = isRead && state?.kind === "connected"
      ? {
        can: state.lb.capabilities,
        vip: (key: VipKey) => vpp?.reconciler.vip(key),
      }
      : undefined;
    const { inputs, wanted, actual } = this.#roots.of(snapshot, known);
    const namesOf = (wanted: "up" | "down") =>
      [...snapshot.frontends.values()].filter(({ state }) => state === wanted)
        .map(({ name }) => name);
    return {
      served: namesOf("up"),
      down: namesOf("down"),
      prints: { inputs: inputs.toString(16), wanted: wanted.toString(16) },
      isVppRight: vpp === undefined || actual === wanted,
    };
  }

  /** `hash`: of the file that must be in force afterwards; undefined: any. */
  async #reload(act: () => Promise<Reloaded>, hash: string | undefined): Promise<Reload> {
    try {
      const { verdict } = await act();
      if (verdict.ok) {
        return hash === undefined || this.hash() === hash ? { kind: "done" } : { kind: "changed" };
      }
      // What was planned is compared with the file, the configuration, states and VPP of now.
      return hash === undefined ? { kind: "failed", reason: INVALID } : { kind: "changed" };
    } catch (error) {
      return { kind: "failed", reason: `it cannot reload: ${MaglevError.from(error).message}` };
    }
  }

  /** Why the file in force cannot be kept; undefined: it is, or there is no state directory. */
  async #keepFormer(next: string): Promise<string | undefined> {
    const { folder, reloader: { textInForce } } = this.#options;
    if (folder === undefined || textInForce === undefined || this.hash() === next) return undefined;
    const name = formerName(next);
    const io = folderIo(folder);
    try {
      await new StateFile({ io, name, maxBytes: MAX_BYTES, maxKept: 0 }).write(textInForce);
      for (const each of await this.#formerNames()) if (each !== name) await io.remove(each);
      return undefined;
    } catch (error) {
      return `it cannot keep the former file: ${MaglevError.from(error).message}`;
    }
  }

  async #formerNames(): Promise<readonly string[]> {
    const { folder } = this.#options;
    if (folder === undefined) return [];
    try {
      return (await folderIo(folder).list()).filter((name) => FORMER.test(name));
    } catch {
      return [];
    }
  }
}

/** Names the caller of a reload in the log. */
const BY = "rollout of the fleet";
const INVALID = "its file is refused; `config check` on it has the reason";

/** The file that was in force before the one with this hash. */
export function formerName(hash: string): string {
  return `former-${hash.slice(0, 16)}.yaml`;
}

function vipOf({ frontend, change, atOnce, settled }: VipForecast) {
  const isRemoved = change === "removed" || change === "recreated";
  return { frontend, isRemoved, moved: Math.max(shareOf(atOnce), shareOf(settled)) };
}

/** Share of new flows that get another server, or none. */
function shareOf({ moved, lost, length }: VipForecast["atOnce"]): number {
  return length === 0 ? 0 : (moved + lost) / length;
}
