/** Counts that are filter buttons, and one search box over everything. */
import { createMemo, For, type JSX, Show } from "solid-js";
import { countsOf, type FilterName, wrongCount } from "../model/filter.ts";
import { HEALTH_WORDS, HEALTHS } from "../model/health.ts";
import type { Lb } from "../model/lb.ts";
import { usePage } from "./context.ts";
import { Mark } from "./parts/mark.tsx";
import type { Vip } from "./vips.ts";

/** Well comes first, because it is read first; then from worst to best. */
const ORDER: readonly FilterName[] = [
  "well",
  ...HEALTHS.filter((name) => name !== "well"),
  "held",
];
const WORDS: Readonly<Record<FilterName, string>> = {
  ...HEALTH_WORDS,
  held: "held by an operator",
};

export function Toolbar(
  props: {
    /** Those that are counted. */
    readonly lbs: readonly Lb[];
    /** The VIPs of several that are shown side by side, which can differ. */
    readonly vips: readonly Vip[] | undefined;
    /** A note reports that something else than a frontend needs attention. */
    readonly noted: boolean;
  },
): JSX.Element {
  const page = usePage();
  const counts = createMemo(() => {
    for (const lb of props.lbs) {
      page.track(lb.name, "lists");
      page.track(lb.name, "counts");
      page.track(lb.name, "status");
    }
    // The last state of a load balancer that is away is not counted with the others.
    const counted = props.vips !== undefined
      ? props.lbs.filter((lb) => lb.status.connected)
      : props.lbs;
    return countsOf(counted.flatMap((lb) => [...lb.summaries.values()]));
  });
  const differing = createMemo(() => props.vips?.filter(({ differs }) => differs()).length ?? 0);
  const total = () => HEALTHS.reduce((sum, name) => sum + counts()[name], 0);
  const shown = (name: FilterName) => page.navigation.filter().show.has(name);
  const wrong = () => HEALTHS.filter((name) => name !== "well" && counts()[name] > 0);
  const onlyWrong = () =>
    wrong().length > 0 && wrong().every(shown) && !shown("well") && !shown("held");
  return (
    <Show when={total() > 0 || !page.navigation.showsAll()}>
      <div class="toolbar" role="search" aria-label="Filter">
        <Show when={total() > 0 && wrongCount(counts()) === 0}>
          <span class="calm">
            {props.noted ? "All frontends are well." : "Nothing is wrong."}
          </span>
        </Show>
        <Show when={wrongCount(counts()) > 0}>
          <button
            type="button"
            class="count"
            aria-pressed={onlyWrong()}
            onClick={() => page.navigation.setShow(new Set(onlyWrong() ? [] : wrong()))}
          >
            Only what is wrong
          </button>
        </Show>
        <For each={ORDER}>
          {(name) => (
            <Show when={counts()[name] > 0 || shown(name)}>
              <button
                type="button"
                class={`count is-${name}`}
                aria-pressed={shown(name)}
                onClick={() => page.navigation.toggle(name)}
              >
                <Mark of={name} />
                <span class="number">{counts()[name]}</span> {WORDS[name]}
              </button>
            </Show>
          )}
        </For>
        <Show when={props.vips !== undefined && (differing() > 0 || page.navigation.differing())}>
          <button
            type="button"
            class="count is-differ"
            aria-pressed={page.navigation.differing()}
            onClick={() => page.navigation.setDiffering(!page.navigation.differing())}
          >
            <Mark of="differ" />
            <span class="number">{differing()}</span> differ
          </button>
        </Show>
        <span class="fill" />
        <input
          id="search"
          type="search"
          placeholder="Search  /"
          aria-label="Search names, addresses, ports, states and pools"
          title="Names, addresses, ports, states and pools"
          autocomplete="off"
          spellcheck={false}
          value={page.navigation.filter().search}
          onInput={(event) => page.navigation.setSearch(event.currentTarget.value)}
        />
      </div>
    </Show>
  );
}
