/** Time since an instant of a maglevd's clock, with the instant itself for focus and pointer. */
import type { JSX } from "solid-js";
import { bothInstants, formatAge, utcInstant } from "../../model/format.ts";
import type { Lb } from "../../model/lb.ts";
import { usePage } from "../context.ts";

export function Age(props: { readonly lb: Lb; readonly atMs: number }): JSX.Element {
  const page = usePage();
  return (
    <time dateTime={utcInstant(props.atMs)} title={bothInstants(props.atMs)}>
      {formatAge(page.lbNowMs(props.lb) - props.atMs)}
    </time>
  );
}
