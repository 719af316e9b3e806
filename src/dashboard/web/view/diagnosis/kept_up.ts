/** Something that is loaded for a part of the page, and again when it may have changed. */
import { type Accessor, createEffect, createSignal, on, onCleanup } from "solid-js";
import type { Page } from "../../page.ts";

/** After a change: VPP has taken it over, and the server has forgotten its last answer. */
const SETTLED_MS = 1000;
/** Without a change: a probe's result, or what another program does in VPP. */
const AGAIN_MS = 5000;

export interface KeptUp<T> {
  readonly value: Accessor<T | undefined>;
  /** Why there is no value: in words. */
  readonly missing: Accessor<string>;
}

/** Loads when `key` changes, soon after that, and then now and then while the page is seen. */
export function keptUp<T>(page: Page, key: () => string, load: () => Promise<T>): KeptUp<T> {
  const [value, setValue] = createSignal<T>();
  const [missing, setMissing] = createSignal("loading …");
  let attempt = 0;
  let dueMs = Infinity;
  const run = (nextMs: number) => {
    const mine = ++attempt;
    dueMs = Infinity;
    load().then((found) => {
      if (mine !== attempt) return;
      setValue(() => found);
      dueMs = page.tickMs() + nextMs;
    }, (error) => {
      if (mine !== attempt) return;
      // It is not asked again before something changes: an old maglevd stays old.
      setValue(undefined);
      setMissing(error instanceof Error ? error.message : String(error));
    });
  };
  createEffect(on(key, () => run(SETTLED_MS)));
  createEffect(on(page.tickMs, (nowMs) => {
    const isSeen = document.visibilityState === "visible" && page.liveness().kind === "live";
    if (isSeen && nowMs >= dueMs) run(AGAIN_MS);
  }, { defer: true }));
  onCleanup(() => attempt = -1);
  return { value, missing };
}
