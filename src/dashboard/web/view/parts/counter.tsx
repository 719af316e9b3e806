/** A backend's counter as a small bar: full is healthy, the tick is where it becomes up. */
import type { JSX } from "solid-js";
import type { Backend } from "../../../protocol.ts";

export function Counter(props: { readonly backend: Backend }): JSX.Element {
  const most = () => Math.max(1, props.backend.rise + props.backend.fall - 1);
  const moving = () => {
    const { state, counter } = props.backend;
    return state === "up" ? counter < most() : state === "down" ? counter > 0 : false;
  };
  return (
    <span class="counter" classList={{ moving: moving() }}>
      <span
        class="bar"
        aria-hidden="true"
        style={{
          "--share": `${100 * Math.min(1, props.backend.counter / most())}%`,
          "--tick": `${100 * Math.min(1, props.backend.rise / most())}%`,
        }}
      />
      <span class="number">
        {props.backend.counter}
        <span class="faint">/{most()}</span>
      </span>
    </span>
  );
}

/** The same in words. */
export function counterWords({ counter, rise, fall, healthcheck }: Backend): string {
  if (healthcheck === "") return "not probed, always up";
  return `${counter} of ${Math.max(1, rise + fall - 1)}, up from ${rise}`;
}
