/** PURE. The fleet's rollout, as `show fleet` and `show fleet intents` show it. */
import type { WallMs } from "../../base/instant.ts";
import type { SharedRollout } from "../../grpc/client/fleet/rollouts.ts";
import { elapsed } from "../render/mod.ts";
import type { Block, Cell } from "../render/model.ts";

/** One that is over is shown for this time. */
const SHOWN_MS = 24 * 3_600_000;

/** A line for the rollout, and one for each wave; none without a rollout, or long after its end. */
export function rolloutBlocks(rollout: SharedRollout | undefined, nowMs: WallMs): readonly Block[] {
  if (rollout === undefined) return [];
  const { id, hash, state, note, stepMs, by, reason, bakeMs, waveCount, wavesOpen, lbs } = rollout;
  const isOver = state === "done" || state === "reverted" || state === "stopped";
  if (isOver && nowMs - stepMs > SHOWN_MS) return [];
  const parts = [
    `${state} for ${elapsed(nowMs - stepMs)}`,
    `wave ${wavesOpen} of ${waveCount}`,
    bakeMs === undefined || isOver ? "" : `bakes ${elapsed(bakeMs)}`,
    `by ${by}`,
  ].filter((part) => part !== "");
  const why = reason === "" ? "" : ` (${reason})`;
  const lines: Cell[] = [{
    text: `rollout ${id} of ${hash.slice(0, 12)}: ${parts.join(", ")}${why}`,
    comparisonKey: `rollout ${id} ${state} ${wavesOpen}`,
    style: STYLES[state] ?? "warn",
  }];
  if (note !== "") lines.push({ text: note, style: state === "refused" ? "bad" : "muted" });
  for (let wave = 1; wave <= waveCount; wave++) lines.push(waveLine(wave, rollout));
  const left = lbs.filter(({ wave }) => wave === 0).map(({ name }) => name);
  if (left.length > 0) lines.push({ text: `in no wave: ${left.join(", ")}`, style: "warn" });
  return [{ kind: "lines", lines, offTerminal: "aside" }];
}

const STYLES: Readonly<Record<string, Cell["style"]>> = {
  open: "warn",
  refused: "bad",
  reverting: "warn",
  done: "good",
  stopped: "muted",
  reverted: "muted",
};

function waveLine(wave: number, { lbs, wavesOpen }: SharedRollout): Cell {
  const own = lbs.filter((each) => each.wave === wave);
  const texts = own.map(({ name, present, state, note }) => {
    const shown = present ? state === "" ? "no answer" : state : "away";
    return `${name} ${shown}${note === "" || !present ? "" : ` (${note})`}`;
  });
  const isBad = own.some(({ state }) => state === "refused" || state === "unreverted");
  const isGood = own.every(({ state, note, present }) =>
    present && note === "" && state === "applied"
  );
  const closed = wave > wavesOpen ? ", closed" : "";
  return {
    text: `wave ${wave}${closed}: ${texts.length === 0 ? "no load balancer" : texts.join(", ")}`,
    style: isBad ? "bad" : isGood ? "good" : closed === "" ? "warn" : "muted",
  };
}
