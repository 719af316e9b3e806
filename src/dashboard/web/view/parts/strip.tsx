/**
 * The last ten minutes of a backend. The height of a bar shows how bad it was, so that colour does
 * not have to; a slot that was not observed is a gap. With focus or pointer the outages are listed.
 */
import { createMemo, createSignal, For, type JSX, Show } from "solid-js";
import type { Backend } from "../../../protocol.ts";
import { formatAge, localTime } from "../../model/format.ts";
import type { Lb } from "../../model/lb.ts";
import { outagesOf, runsOf } from "../../model/strip.ts";
import { usePage } from "../context.ts";

const NAMES: Readonly<Record<string, string>> = {
  u: "up",
  p: "paused",
  "?": "unknown",
  f: "failing",
  x: "disabled",
  d: "down",
};
const HEIGHTS: Readonly<Record<string, number>> = { u: 3, p: 5, "?": 4, f: 7, x: 6, d: 10 };
/** Outages that are listed. */
const MAX_OUTAGES = 6;

export function Strip(props: { readonly lb: Lb; readonly backend: Backend }): JSX.Element {
  const page = usePage();
  const [listed, setListed] = createSignal(false);
  const strip = createMemo(() => {
    page.track(props.lb.name, "strips");
    page.track(props.lb.name, `strip:${props.backend.name}`);
    return props.lb.strips.get(props.backend.name) ?? "";
  });
  const outages = () => outageTexts(props.lb, strip());
  return (
    <Show when={strip() !== ""} fallback={<span class="faint">–</span>}>
      <span
        class="strip"
        tabIndex={0}
        role="img"
        aria-label={`Last ten minutes: ${outages().join("; ") || "no outage"}`}
        onFocusIn={() => setListed(true)}
        onFocusOut={() => setListed(false)}
        onPointerEnter={() => setListed(true)}
        onPointerLeave={() => setListed(false)}
      >
        <svg
          viewBox={`0 0 ${strip().length} 10`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <For each={runsOf(strip())}>
            {({ character, start, length }) => (
              <rect
                class={`is-${NAMES[character] ?? "unknown"}`}
                x={start}
                width={length - 0.15}
                y={10 - (HEIGHTS[character] ?? 4)}
                height={HEIGHTS[character] ?? 4}
              />
            )}
          </For>
        </svg>
        <Show when={listed()}>
          <span class="tip" aria-hidden="true">
            <For each={outages()} fallback={<span>no outage in ten minutes</span>}>
              {(text) => <span>{text}</span>}
            </For>
          </span>
        </Show>
      </span>
    </Show>
  );
}

/** The outages of a strip as lines of text, newest first. */
export function outageTexts(lb: Lb, strip: string): string[] {
  return outagesOf(strip, lb.stripEndMs, lb.slotMs)
    .reverse()
    .slice(0, MAX_OUTAGES)
    .map(({ word, fromMs, untilMs }) =>
      `${word} ${localTime(fromMs)} to ${localTime(untilMs)} (${formatAge(untilMs - fromMs)})`
    );
}
