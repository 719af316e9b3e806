/** The cards of one load balancer, as far as the filter leaves them. */
import { createEffect, createMemo, For, type JSX, Show } from "solid-js";
import { type Match, matchFrontend } from "../model/filter.ts";
import { visible } from "../model/format.ts";
import type { Lb } from "../model/lb.ts";
import { Card } from "./card.tsx";
import { usePage } from "./context.ts";

/** With at most this many rows, cards are open unless they were closed. */
const FEW_ROWS = 24;

export function Frontends(props: { readonly lb: Lb }): JSX.Element {
  const page = usePage();
  const matches = createMemo(() => {
    const { lb } = props;
    const filter = page.navigation.filter();
    page.track(lb.name, "lists");
    const open = page.navigation.showsAll();
    if (!open) page.track(lb.name, "counts");
    const found = new Map<string, Match>();
    for (const [name, frontend] of lb.frontends) {
      const match = open ? "all" : matchFrontend(frontend, {
        filter,
        summary: lb.summaries.get(name)!,
        backend: (backend) => lb.backends.get(backend),
      });
      if (match !== false) found.set(name, match);
    }
    return found;
  });
  const names = createMemo(() => [...matches().keys()]);
  const few = createMemo(() => {
    let rows = 0;
    for (const [name, match] of matches()) {
      rows += match === "all"
        ? props.lb.frontends.get(name)!.pools.reduce((sum, pool) => sum + pool.backends.length, 0)
        : match === false
        ? 0
        : match.size;
      if (rows > FEW_ROWS) return false;
    }
    return true;
  });
  const isOpen = (name: string) => {
    const place = page.navigation.place();
    if (place.lb === props.lb.name && place.frontend === name) return true;
    return page.navigation.choice(props.lb.name, name) ?? few();
  };
  createEffect(() => {
    const target = page.navigation.target();
    if (target?.lb !== props.lb.name || target.frontend === undefined) return;
    // It may be among those that come later.
    names();
    // Once what the place opens is rendered.
    queueMicrotask(() => {
      const line = lineOf(props.lb.name, target.frontend!, target.backend);
      if (line === null) return;
      line.scrollIntoView({ block: "center" });
      line.focus({ preventScroll: true });
      page.navigation.arrived();
    });
  });
  return (
    <Show when={names().length > 0} fallback={<Nothing lb={props.lb} />}>
      <ol class="cards" classList={{ few: few() }} aria-label="Frontends">
        <For each={names()}>
          {(name) => (
            <Card
              lb={props.lb}
              name={name}
              match={matches().get(name) ?? false}
              open={isOpen(name)}
            />
          )}
        </For>
      </ol>
    </Show>
  );
}

/** The line of a backend, or of its frontend without a backend. */
function lineOf(lb: string, frontend: string, backend: string | undefined): HTMLElement | null {
  const id = CSS.escape(`${lb}/${frontend}`);
  const card = document.querySelector<HTMLElement>(`[data-row="${id}"]`);
  if (backend === undefined) return card;
  const rows = card?.closest(".card")?.querySelectorAll<HTMLElement>("tbody [data-name]") ?? [];
  return [...rows].find(({ dataset }) => dataset.name === backend) ?? card;
}

/** In place of the cards, in words. */
function Nothing(props: { readonly lb: Lb }): JSX.Element {
  const page = usePage();
  const text = () => {
    page.track(props.lb.name, "lists");
    page.track(props.lb.name, "status");
    const { lb } = props;
    if (lb.status.refreshed_ms === undefined) {
      return `${visible(lb.name)} has not answered yet. Its frontends appear here when it does.`;
    }
    if (lb.frontends.size === 0) {
      return `${visible(lb.name)} has no frontends in its configuration.`;
    }
    const { show, search } = page.navigation.filter();
    if (show.size > 0 && search === "" && !show.has("well")) {
      return `Nothing of that kind: ${[...show].join(", ")}.`;
    }
    return "Nothing matches the filter.";
  };
  return (
    <div class="empty">
      <p>{text()}</p>
      <Show when={!page.navigation.showsAll()}>
        <button type="button" onClick={() => page.navigation.clearFilter()}>Show all</button>
      </Show>
    </div>
  );
}
