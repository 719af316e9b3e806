/** What load balancers share: the store of a fleet, and a rollout. */
import { createMemo, Index, type JSX, Show } from "solid-js";
import {
  rolloutTilesOf,
  type StoreLine,
  type StoreTile,
  storeTilesOf,
} from "../model/fleet/stores.ts";
import { formatAge, visible } from "../model/format.ts";
import { usePage } from "./context.ts";
import { Mark } from "./parts/mark.tsx";
import { Name } from "./parts/name.tsx";

export function StoreTiles(): JSX.Element {
  const page = usePage();
  const tiles = createMemo((): readonly (StoreTile & { readonly sinceMs?: number })[] => {
    const fleet = page.fleet();
    return fleet === undefined
      ? []
      : [...storeTilesOf(fleet), ...rolloutTilesOf(fleet, page.nowMs())];
  });
  return (
    <Show when={tiles().length > 0}>
      <section class="fleet" aria-label="What the load balancers share">
        <ul>
          <Index each={tiles()}>
            {(tile) => (
              <li class={`tile is-${tile().kind}`}>
                <p>
                  <Mark of={tile().kind} />
                  <b>
                    <Name text={tile().fleet} />
                  </b>
                </p>
                <p class="faint">
                  {visible(tile().text)}
                  {age(tile().sinceMs, page.nowMs())}
                </p>
                <ul class="lines">
                  <Index each={tile().lines}>
                    {(line) => <Line line={line()} nowMs={page.nowMs()} />}
                  </Index>
                </ul>
              </li>
            )}
          </Index>
        </ul>
      </section>
    </Show>
  );
}

function Line(props: { readonly line: StoreLine; readonly nowMs: number }): JSX.Element {
  return (
    <li class={props.line.isBad ? "is-differ" : undefined}>
      <Name text={props.line.name} />: {visible(props.line.text)}
      {age(props.line.sinceMs, props.nowMs)}
    </li>
  );
}

function age(sinceMs: number | undefined, nowMs: number): string {
  return sinceMs === undefined ? "" : `, for ${formatAge(nowMs - sinceMs)}`;
}
