/** The bar at the top: where one is, whether it is live, and what the page looks like. */
import { createSignal, For, type JSX, Show } from "solid-js";
import type { Theme } from "../navigation.ts";
import { OVERVIEW } from "../model/url_state.ts";
import type { Lb } from "../model/lb.ts";
import { usePage } from "./context.ts";
import { Mark } from "./parts/mark.tsx";
import { Name } from "./parts/name.tsx";

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "auto"],
  ["light", "light"],
  ["dark", "dark"],
];

export function Header(props: { readonly onHelp: () => void }): JSX.Element {
  const page = usePage();
  const [hasAdmin, setHasAdmin] = createSignal(false);
  // Without an answer there is no link, and the address still works.
  page.api.hasAdmin().then(setHasAdmin, () => {});
  const several = () => page.lbNames().length > 1;
  const isScope = (name: string) => page.navigation.scope() === name;
  return (
    <header>
      <h1>vpp-maglev</h1>
      <nav aria-label="Load balancers">
        <Show when={several()}>
          <button
            type="button"
            class="tab"
            aria-current={isScope(OVERVIEW) ? "page" : undefined}
            onClick={() => page.navigation.go({ lb: OVERVIEW })}
          >
            All
          </button>
        </Show>
        <For each={page.lbs()}>
          {(lb) => (
            <button
              type="button"
              class="tab"
              aria-current={isScope(lb.name) ? "page" : undefined}
              onClick={() => page.navigation.go({ lb: lb.name })}
            >
              <LbName lb={lb} />
            </button>
          )}
        </For>
      </nav>
      <span class="fill" />
      <Live />
      <label class="theme">
        <span class="for-readers">Colours</span>
        <select
          value={page.navigation.theme()}
          onChange={(event) => page.navigation.setTheme(event.currentTarget.value as Theme)}
        >
          <For each={THEMES}>{([theme, label]) => <option value={theme}>{label}</option>}</For>
        </select>
      </label>
      <a href={page.api.stateUrl} class="narrow-hidden">JSON</a>
      <Show when={page.admin || hasAdmin()}>
        <a href={page.api.otherRoleUrl}>{page.admin ? "view only" : "admin"}</a>
      </Show>
      <button type="button" class="quiet" aria-label="Keyboard and help" onClick={props.onHelp}>
        ?
      </button>
    </header>
  );
}

/** The name of a load balancer, and the connection to its maglevd and through it to VPP. */
function LbName(props: { readonly lb: Lb }): JSX.Element {
  const page = usePage();
  const state = () => {
    page.track(props.lb.name, "status");
    page.track(props.lb.name, "vpp");
    if (!props.lb.status.connected) return "down";
    return props.lb.vpp.state === "connecting" ? "degraded" : "well";
  };
  const word = () =>
    ({ down: "not connected", degraded: "without VPP", well: "connected" })[state()];
  return (
    <>
      <Mark of={state()} />
      <Name text={props.lb.name} />
      <Show when={state() !== "well"} fallback={<span class="for-readers">{word()}</span>}>
        <span class={`is-${state()} narrow-silent`}>{word()}</span>
      </Show>
    </>
  );
}

function Live(): JSX.Element {
  const page = usePage();
  return (
    <span class="live" classList={{ "is-down": page.liveness().kind === "stale" }}>
      {{ loading: "loading", live: "live", stale: "not live" }[page.liveness().kind]}
    </span>
  );
}
