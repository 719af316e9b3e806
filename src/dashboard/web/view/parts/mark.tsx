/** A small shape for a state: the second of three ways to tell it, next to the word and the colour. */
import type { JSX } from "solid-js";

const PATHS: Readonly<Record<string, string>> = {
  well: "M6 2.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7z",
  up: "M6 2.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7z",
  down: "M1.5 1.5h9v9h-9z",
  degraded: "M6 1l5.2 10H.8z",
  fallback: "M6 .5L11.5 6 6 11.5.5 6z",
  disagrees: "M1.5 4h9M1.5 8h9M8.5 1l-5 10",
  differ: "M1.5 4h9M1.5 8h9M8.5 1l-5 10",
  unknown: "M3 4a3 3 0 1 1 4.2 2.7Q6 7.3 6 8.2M6 10.2v1",
  paused: "M3 2h2v8H3zM7 2h2v8H7z",
  held: "M3 2h2v8H3zM7 2h2v8H7z",
  disabled: "M2 2l8 8M10 2l-8 8",
  removed: "M2 6h8",
};

/** Shapes that are lines, not areas. */
const LINES = new Set(["well", "up", "disagrees", "differ", "unknown", "disabled", "removed"]);

export function Mark(props: { readonly of: string }): JSX.Element {
  return (
    <svg
      class="mark"
      classList={{ [`is-${props.of}`]: true, line: LINES.has(props.of) }}
      viewBox="0 0 12 12"
      aria-hidden="true"
    >
      <path d={PATHS[props.of] ?? PATHS.unknown} />
    </svg>
  );
}
