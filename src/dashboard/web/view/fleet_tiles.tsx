/** Which load balancers have equal tables: a tile for each group, and what differs in it. */
import { createMemo, For, Index, type JSX, Show } from "solid-js";
import { rootOf, serverOf, type Tile, tilesOf, viewsOf } from "../model/fleet/tiles.ts";
import { formatAge, visible } from "../model/format.ts";
import { usePage } from "./context.ts";
import { Mark } from "./parts/mark.tsx";
import { Name } from "./parts/name.tsx";

/** Load balancers that a tile names, and VIPs that it explains. */
const [MAX_NAMES, MAX_LINES] = [8, 4];
const KINDS = { first: "well", differs: "differ", apart: "unknown" } as const;

export function FleetTiles(): JSX.Element {
  const page = usePage();
  const tiles = createMemo(() => {
    const fleet = page.fleet();
    return fleet === undefined ? [] : tilesOf(fleet);
  });
  const more = () => page.fleet()?.more ?? 0;
  return (
    <Show when={tiles().length > 0}>
      <section class="fleet" aria-label="Tables of the load balancers">
        <ul>
          <Index each={tiles()}>{(tile) => <FleetTile tile={tile()} />}</Index>
        </ul>
        <Show when={more() > 0}>
          <p class="is-differ">{more()} more VIPs differ: use maglevc show fleet differences</p>
        </Show>
        <For each={page.fleet()?.repaired ?? []}>
          {({ lb, vip, at_ms, found, expected }) => (
            <p class="faint">
              <Name text={lb} />: VPP had {visible(found)} for {visible(vip)}{" "}
              {formatAge(page.nowMs() - at_ms)} ago instead of {visible(expected)}; it is repaired
            </p>
          )}
        </For>
      </section>
    </Show>
  );
}

function FleetTile(props: { readonly tile: Tile }): JSX.Element {
  const page = usePage();
  const kind = () =>
    props.tile.kind === "first" && props.tile.differences.length > 0
      ? "differ"
      : KINDS[props.tile.kind];
  const named = () => props.tile.lbs.slice(0, MAX_NAMES);
  const left = () => props.tile.lbs.length - named().length;
  /** Since when one that is not compared is away. */
  const away = () => {
    const lb = props.tile.kind === "apart" ? page.lb(props.tile.lbs[0]!) : undefined;
    if (lb === undefined) return "";
    page.track(lb.name, "status");
    const { connected, connection_since_ms: sinceMs } = lb.status;
    return connected ? "" : ` (away for ${formatAge(page.nowMs() - sinceMs)})`;
  };
  return (
    <li class={`tile is-${kind()}`}>
      <p>
        <Mark of={kind()} />
        <b title={left() > 0 ? visible(props.tile.lbs.join(", ")) : undefined}>
          <For each={named()}>
            {(name, place) => (
              <>
                {place() > 0 ? " = " : ""}
                <Name text={name} />
              </>
            )}
          </For>
          {left() > 0 ? ` and ${left()} more` : ""}
        </b>
      </p>
      <p class="faint">
        {visible(props.tile.text)}
        {away()}
      </p>
      <Show when={props.tile.differences.length > 0}>
        <ul class="lines">
          <Index each={props.tile.differences.slice(0, MAX_LINES)}>
            {(difference) => (
              <li>
                <button
                  type="button"
                  class="opener"
                  onClick={() => openVip(difference().vip)}
                >
                  <Name text={difference().frontend} />
                </button>{" "}
                <Show when={rootOf(difference(), props.tile.lbs)}>
                  {(root) => (
                    <>
                      <b>{root().cause}</b> {visible(serverOf(root()))}: {visible(viewsOf(root()))}
                      {root().since_ms === undefined
                        ? ""
                        : `, for ${formatAge(page.nowMs() - root().since_ms!)}`}
                    </>
                  )}
                </Show>
              </li>
            )}
          </Index>
        </ul>
      </Show>
      <Show when={props.tile.differences.length > MAX_LINES}>
        <p class="faint">and {props.tile.differences.length - MAX_LINES} more VIPs</p>
      </Show>
    </li>
  );
}

/** Opens the line of a VIP in the table below, and goes there. */
function openVip(key: string): void {
  const line = document.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
  if (line?.getAttribute("aria-expanded") === "false") line.click();
  line?.scrollIntoView({ block: "center" });
  line?.focus({ preventScroll: true });
}
