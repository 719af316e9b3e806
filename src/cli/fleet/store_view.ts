/** PURE. The store of a fleet, as `show fleet` shows it. */
import type { WallMs } from "../../base/instant.ts";
import { listWords } from "../../base/text.ts";
import type { SharedRollout } from "../../grpc/client/fleet/rollouts.ts";
import type { LbStore } from "../../grpc/client/fleet/stores.ts";
import { NOTHING } from "../commands/cells.ts";
import { elapsed } from "../render/mod.ts";
import type { Block, Cell } from "../render/model.ts";
import { counted } from "../render/numbers.ts";
import { rolloutBlocks } from "./rollout_view.ts";

/** Columns of a load balancer's store. */
export const STORE_COLUMNS = [
  { header: "store", whole: true },
  { header: "applied", align: "right" },
] as const;

/** The cells of STORE_COLUMNS; undefined: without a store, or without an answer. */
export function storeCells(store: LbStore | undefined): readonly Cell[] {
  if (store === undefined) return [NOTHING, NOTHING];
  const { kind, applied } = store;
  const style = kind === "ok" ? "good" : "bad";
  return [{ text: kind, style }, { text: String(applied), volatile: true }];
}

/** A line for each fleet that has a store, and one for each load balancer that does not have it. */
export function storeBlocks(
  stores: ReadonlyMap<string, LbStore>,
  nowMs: WallMs,
): readonly Block[] {
  const all = [...stores.entries()];
  const lines: Cell[] = [];
  for (const fleet of [...new Set(all.map(([, store]) => store.fleet))].sort()) {
    const of = all.map(([, store]) => store).filter((store) => store.fleet === fleet);
    const up = of.filter(({ kind }) => kind === "ok");
    // Only one that has the store sees who else is there now.
    const away = [...new Set(up.flatMap((store) => store.away))].sort();
    const members = Math.max(0, ...up.map((store) => store.members));
    const revision = Math.max(...of.map(({ applied }) => applied));
    const unobeyed = of.reduce((sum, store) => sum + store.unobeyed, 0);
    const parts = [
      up.length === of.length ? "store ok" : `store away from ${up.length === 0 ? "all" : "some"}`,
      `revision ${revision}`,
      ...(up.length === 0 ? [] : [
        counted(members, "load balancer") +
        (away.length === 0 ? "" : `, ${listWords(away, "and")} away`),
      ]),
      ...(unobeyed === 0 ? [] : [`${counted(unobeyed, "intent")} not obeyed`]),
    ];
    const isGood = up.length === of.length && away.length === 0 && unobeyed === 0;
    lines.push({ text: `${fleet}: ${parts.join(", ")}`, style: isGood ? "good" : "bad" });
  }
  for (const [name, { kind, reason, sinceMs }] of all) {
    if (kind === "ok") continue;
    const text = `${name}: ${kind} for ${elapsed(nowMs - sinceMs)}`;
    lines.push({ text: reason === "" ? text : `${text}: ${reason}`, style: "bad" });
  }
  if (lines.length === 0) return [];
  const rollouts = [...newestRollouts(stores)].flatMap((rollout) => rolloutBlocks(rollout, nowMs));
  return [{ kind: "lines", lines, offTerminal: "aside" }, ...rollouts];
}

/** The rollout of each fleet, as the load balancer that has it newest reports it. */
export function newestRollouts(stores: ReadonlyMap<string, LbStore>): readonly SharedRollout[] {
  const newest = new Map<string, SharedRollout>();
  for (const { fleet, kind, rollout } of stores.values()) {
    if (kind !== "ok" || rollout === undefined) continue;
    const known = newest.get(fleet);
    if (known === undefined || known.stepMs < rollout.stepMs) newest.set(fleet, rollout);
  }
  return [...newest].sort(([a], [b]) => a < b ? -1 : 1).map(([, rollout]) => rollout);
}
