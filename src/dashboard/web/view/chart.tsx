/** Live traffic of a VIP over the last ten minutes. Loaded when the first card opens. */
import { createEffect, createMemo, type JSX, on, onCleanup, onMount, untrack } from "solid-js";
import uPlot from "uplot";
import "uplot/style.css";
import type { VipRates } from "../../protocol.ts";
import { formatRate, localTime, visible } from "../model/format.ts";
import type { Lb } from "../model/lb.ts";
import { usePage } from "./context.ts";

const HEIGHT = 92;
/** Half the width of a label of the time axis. */
const EDGE = 16;
const WINDOW_S = 600;
/** Custom properties of the style sheet: next, first, dropped. */
const SERIES = [
  { label: "next", property: "--chart-next", fill: true },
  { label: "first", property: "--chart-first", fill: false },
  { label: "dropped", property: "--down", fill: false },
] as const;

export function TrafficChart(
  props: { readonly lb: Lb; readonly vip: string; readonly name: string },
): JSX.Element {
  const page = usePage();
  let holder!: HTMLDivElement;
  const rates = createMemo(
    () => {
      page.track(props.lb.name, `r:${props.vip}`);
      page.track(props.lb.name, "strips");
      return props.lb.rates.get(props.vip);
    },
    undefined,
    { equals: false },
  );
  // Drawing text on a canvas is slow: a chart moves on with new points and slots, not each second.
  const nowS = () => untrack(() => page.nowMs()) / 1000;
  const latest = (values: VipRates["first"] | undefined) => {
    const value = values?.at(-1);
    return value === null || value === undefined ? "–" : `${formatRate(value)}/s`;
  };
  onMount(() => {
    let plot: uPlot | undefined;
    const draw = () => {
      plot?.destroy();
      const range = (): [number, number] => [nowS() - WINDOW_S, nowS()];
      plot = new uPlot(optionsOf(holder.clientWidth, range), dataOf(rates(), nowS()), holder);
    };
    // Colours of a canvas do not follow the style sheet by themselves.
    createEffect(on(page.navigation.theme, draw));
    createEffect(() => plot?.setData(dataOf(rates(), nowS())));
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    const resize = new ResizeObserver(() =>
      plot?.setSize({ width: holder.clientWidth, height: HEIGHT })
    );
    resize.observe(holder);
    onCleanup(() => {
      scheme.removeEventListener("change", draw);
      resize.disconnect();
      plot?.destroy();
    });
  });
  return (
    <figure class="chart">
      <figcaption class="faint">
        <span>packets/s</span>
        <span class="key next">
          next <span class="number">{latest(rates()?.next)}</span>
        </span>
        <span class="key first">
          first <span class="number">{latest(rates()?.first)}</span>
        </span>
        <span class="key dropped">
          dropped <span class="number">{latest(rates()?.dropped)}</span>
        </span>
      </figcaption>
      <div
        ref={holder}
        class="plot"
        role="img"
        aria-label={`Packets per second of ${visible(props.name)}, last ten minutes`}
      />
    </figure>
  );
}

function dataOf(rates: VipRates | undefined, nowS: number): uPlot.AlignedData {
  if (rates === undefined) return [[nowS], [null], [null], [null]];
  return [
    rates.at_ms.map((ms) => ms / 1000),
    [...rates.next],
    [...rates.first],
    [...rates.dropped],
  ];
}

function optionsOf(width: number, range: () => [number, number]): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (property: string) => style.getPropertyValue(property).trim();
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis = {
    stroke: colour("--faint"),
    font,
    grid: { stroke: colour("--hairline"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [6, 14, 0, 0],
    scales: {
      x: { time: true, range },
      y: { range: (_plot, _min, max) => [0, Math.max(1, (max ?? 0) * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 18,
        gap: 2,
        space: 90,
        // Labels have no seconds.
        incrs: [60, 120, 300],
        // A label at the left edge would run into those of the other axis.
        values: (plot, values) =>
          values.map((value) =>
            plot.valToPos(value, "x") < EDGE ? "" : localTime(value * 1000).slice(0, 5)
          ),
      },
      { ...axis, size: 44, gap: 4, space: 26, values: (_plot, values) => values.map(formatRate) },
    ],
    series: [
      {},
      ...SERIES.map(({ label, property, fill }) => ({
        label,
        stroke: colour(property),
        width: 1.25,
        points: { show: false },
        spanGaps: false,
        ...(fill ? { fill: `${colour(property)}22` } : {}),
      })),
    ],
  };
}
