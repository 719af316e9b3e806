/** A value that flashes once when it changes; not on first paint, and not on switching tabs. */
import { createEffect, type JSX, untrack } from "solid-js";

const COLOURS = [
  { backgroundColor: "var(--flash)" },
  { backgroundColor: "transparent" },
];

/** Lets `element` flash when `value` returns something else than before. */
export function flashOn(element: () => HTMLElement, value: () => unknown): void {
  let shown = untrack(value);
  createEffect(() => {
    const now = value();
    if (now === shown) return;
    shown = now;
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
      element().animate(COLOURS, { duration: 1200, easing: "ease-out" });
    }
  });
}

export function Flash(props: { readonly value: string | number }): JSX.Element {
  let element!: HTMLSpanElement;
  flashOn(() => element, () => props.value);
  return <span ref={element}>{props.value}</span>;
}
