/** Something that is loaded for a part of the page while it is seen: see Keeper. */
import { type Accessor, createEffect, createMemo, createSignal, on, onCleanup } from "solid-js";
import { AGAIN_MS, Keeper, type KeptView } from "../../keeper.ts";
import { formatAge } from "../../model/format.ts";
import type { Page } from "../../page.ts";
import { isForGood } from "../../stream/api.ts";
import { BROWSER } from "../../stream/browser.ts";

export interface KeptUp<T> {
  readonly value: Accessor<T | undefined>;
  /** Why there is no value: in words. */
  readonly missing: Accessor<string>;
  /** How old a value is that could not be loaded again, and why; empty: it is current. */
  readonly old: Accessor<string>;
}

export interface KeptUpOptions<T> {
  readonly key: () => string;
  readonly load: () => Promise<T>;
  /** Between two loads without a change, in milliseconds; default 5 s. */
  readonly againMs?: number;
}

/** Loads when `key` changes, soon after that, and then now and then. */
export function keptUp<T>(
  page: Page,
  { key, load, againMs = AGAIN_MS }: KeptUpOptions<T>,
): KeptUp<T> {
  const [view, show] = createSignal<KeptView<T>>();
  const { steadyMs } = BROWSER;
  const keeper = new Keeper<T>({ load, isForGood, show, steadyMs, againMs });
  // Every event makes a new object of a server; what counts is that the key became another text.
  createEffect(on(createMemo(key), () => keeper.changed()));
  createEffect(on(page.tickMs, () => {
    const isSeen = document.visibilityState === "visible" && page.liveness().kind === "live";
    if (isSeen) keeper.tick();
  }, { defer: true }));
  onCleanup(() => keeper.close());
  return {
    value: () => view()?.value,
    missing: () => view()?.missing ?? "loading …",
    old: () => {
      const { value, missing = "", ofMs = 0 } = view() ?? {};
      page.tickMs();
      return value === undefined || missing === ""
        ? ""
        : `${formatAge(steadyMs() - ofMs)} old: ${missing}`;
    },
  };
}
