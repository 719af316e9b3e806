/** PURE. What a reshuffle costs, as it is shown. */
import type { WallMs } from "../../base/instant.ts";
import type { ShareOfAge } from "../../fleet/reshuffle.ts";
import type { Json } from "../../grpc/client/client.ts";
import { vipNameOf } from "../../grpc/client/fleet/answers.ts";
import { NOTHING } from "../commands/cells.ts";
import { elapsed, percent, vipText } from "../render/mod.ts";
import type { Block, Cell, Row, View } from "../render/model.ts";
import { counted } from "../render/numbers.ts";
import type { Leaving, Reshuffle } from "./reshuffle.ts";

/** Spans of time of one load balancer. */
const MAX_ROWS = 20;

export function reshuffleView(reshuffle: Reshuffle, nowMs: WallMs): View {
  const { leaving, vips, leftOut, failures } = reshuffle;
  const lines = (texts: readonly string[], style: "muted" | "warn"): Block => ({
    kind: "lines",
    lines: texts.map((text) => ({ text, style })),
    offTerminal: "aside",
  });
  return [
    ...(leaving.length < 2
      ? [lines(["one load balancer alone has no other one for its flows"], "warn")]
      : []),
    ...(failures.length === 0
      ? []
      : [lines(failures.map(({ lb, reason }) => `${lb} is not compared: ${reason}`), "warn")]),
    {
      kind: "table",
      title: `flows that break when a load balancer leaves, over ${counted(vips, "VIP")}`,
      columns: [
        { header: "lb", whole: true },
        { header: "break", align: "right" },
        { header: "worst", align: "right" },
        { header: "vip", whole: true },
        { header: "over", align: "right" },
        { header: "under", align: "right" },
      ],
      rows: leaving.length < 2 ? [] : leaving.flatMap((each) => rowsOf(each, nowMs)),
      empty: "",
    },
    ...(leftOut.length === 0
      ? []
      : [lines([`${counted(leftOut.length, "VIP")} left out: too many tables`], "warn")]),
  ];
}

function rowsOf({ lb, shares }: Leaving, nowMs: WallMs): Row[] {
  const rows = shares.slice(0, MAX_ROWS).map((share, at): Row => ({
    key: `${lb} ${at}`,
    cells: [{ text: lb, style: "name" }, ...shareCells(share, nowMs)],
  }));
  // Its VPP was connected then.
  const oldest = shares.at(MAX_ROWS - 1) ?? shares.at(-1);
  const before: Cell = oldest === undefined
    ? NOTHING
    : { text: elapsed(nowMs - oldest.fromMs), volatile: true };
  const unknown: Cell = { text: "unknown", style: "muted" };
  const cells: Cell[] = [{ text: lb, style: "name" }, unknown, NOTHING, NOTHING, before, NOTHING];
  return [...rows, { key: `${lb} older`, cells }];
}

/** The ages between which so many flows break. */
function shareCells({ fromMs, toMs, mean, worst, worstVip }: ShareOfAge, nowMs: WallMs): Cell[] {
  const style = mean > 0 ? "bad" : "good";
  const share = (value: number): Cell => {
    const text = percent(value);
    return { text, plain: text.replace(" ", ""), style: value > 0 ? style : "good" };
  };
  return [
    share(mean),
    worst > 0 ? share(worst) : NOTHING,
    worstVip === "" ? NOTHING : { text: vipText(vipNameOf(worstVip)), style: "name" },
    toMs === undefined ? NOTHING : { text: elapsed(nowMs - toMs), volatile: true },
    { text: elapsed(nowMs - fromMs), volatile: true },
  ];
}

export function reshuffleJson({ leaving, vips, leftOut, failures }: Reshuffle): Json {
  return {
    vips,
    leaving: leaving.map(({ lb, shares }) => ({
      loadBalancer: lb,
      shares: shares.map(({ fromMs, toMs, mean, worst, worstVip }) => ({
        from: timeText(fromMs),
        ...(toMs === undefined ? {} : { to: timeText(toMs) }),
        mean,
        worst,
        worstVip,
      })),
    })),
    leftOut: [...leftOut],
    failures: failures.map(({ lb, reason }) => ({ loadBalancer: lb, reason })),
  };
}

function timeText(unixMs: WallMs): string {
  return new Date(unixMs).toISOString();
}
