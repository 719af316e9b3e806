/** A load balancer's configuration files for tests of rollouts: hashes, plans and a condition that a test sets. */
import type {
  ApplyOptions,
  PlannedReload,
  Reload,
  RolloutPort,
} from "../../../src/fleet/member/rollout/follower.ts";
import type { Condition } from "../../../src/fleet/member/rollout/own_gates.ts";
import type { PlannedVip } from "../../../src/fleet/book/rollout/gate.ts";

export class FakeRolloutFiles implements RolloutPort {
  /** Hash of the configuration in force, and of the file. */
  inForce: string;
  file: string;
  vips: readonly PlannedVip[] = [];
  invalid: string | undefined;
  overLimit = "";
  state: Condition = {
    served: ["web"],
    down: [],
    prints: { inputs: "1", wanted: "1" },
    isVppRight: true,
  };
  /** The result of the next reloads; default: done. */
  readonly outcomes: Reload[] = [];
  /** Former files by the hash that replaced them. */
  readonly former = new Map<string, string>();
  /** Called before a plan is answered. */
  onPlan: () => void = () => {};
  plans = 0;
  reloads = 0;

  constructor(inForce: string) {
    this.inForce = inForce;
    this.file = inForce;
  }

  hash(): string {
    return this.inForce;
  }

  fileHash() {
    return Promise.resolve({ hash: this.file });
  }

  plan(): Promise<PlannedReload> {
    this.plans++;
    this.onPlan();
    const { file: hash, vips, invalid, overLimit } = this;
    return Promise.resolve(
      invalid === undefined
        ? { kind: "planned", hash, planHash: `plan of ${hash}`, vips, overLimit }
        : { kind: "invalid", reason: invalid },
    );
  }

  apply(_: string, { hash, isAllowed }: ApplyOptions): Promise<Reload> {
    const outcome = this.outcomes.shift() ?? { kind: "done" };
    if (!isAllowed()) return Promise.resolve({ kind: "changed" });
    if (outcome.kind === "done") {
      this.reloads++;
      this.former.set(hash, this.inForce);
      this.inForce = this.file;
    }
    return Promise.resolve(outcome);
  }

  revert(hash: string, isAllowed: () => boolean): Promise<Reload> {
    const former = this.former.get(hash);
    if (!isAllowed()) return Promise.resolve({ kind: "changed" });
    if (former === undefined) {
      return Promise.resolve({ kind: "failed", reason: "it has no former file" });
    }
    this.reloads++;
    this.inForce = former;
    return Promise.resolve({ kind: "done" });
  }

  condition(): Condition {
    return this.state;
  }
}
