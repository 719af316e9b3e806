/** Something that is loaded for a part of the page, and again when it may have changed. */
import { type Accessor, createEffect, createSignal, on, onCleanup } from "solid-js";
import type { Page } from "../../page.ts";
import { isForGood } from "../../stream/api.ts";
import { BROWSER } from "../../stream/browser.ts";

/** After a change: VPP has taken it over, and the server has forgotten its last answer. */
const SETTLED_MS = 1000;
/** Without a change: a probe's result, what another program does in VPP, or another attempt. */
const AGAIN_MS = 5000;

export interface KeptUp<T> {
  readonly value: Accessor<T | undefined>;
  /** Why there is no value: in words. */
  readonly missing: Accessor<string>;
}

export interface KeptUpOptions<T> {
  readonly key: () => string;
  readonly load: () => Promise<T>;
  /** Between two loads without a change, in milliseconds; default 5 s. */
  readonly againMs?: number;
}

/**
 * Loads when `key` changes, soon after that, and then now and then while the page is seen. A key that
 * changes without end is loaded once a second, because all browsers share what a maglevd is asked.
 */
export function keptUp<T>(
  page: Page,
  { key, load, againMs = AGAIN_MS }: KeptUpOptions<T>,
): KeptUp<T> {
  const [value, setValue] = createSignal<T>();
  const [missing, setMissing] = createSignal("loading …");
  let attempt = 0;
  let isNew = true;
  let beganMs = -Infinity;
  let dueMs = Infinity;
  const run = () => {
    const mine = ++attempt;
    const changed = isNew;
    isNew = false;
    beganMs = BROWSER.steadyMs();
    dueMs = Infinity;
    const later = (ms: number) => dueMs = Math.min(dueMs, BROWSER.steadyMs() + ms);
    load().then((found) => {
      if (mine !== attempt) return;
      setValue(() => found);
      later(changed ? SETTLED_MS : againMs);
    }, (error) => {
      if (mine !== attempt) return;
      // What was true a moment ago is shown until the next attempt, unless something changed.
      if (changed || isForGood(error)) setValue(undefined);
      setMissing(error instanceof Error ? error.message : String(error));
      // An old maglevd stays old.
      if (!isForGood(error)) later(AGAIN_MS);
    });
  };
  createEffect(on(key, () => {
    isNew = true;
    if (BROWSER.steadyMs() - beganMs >= SETTLED_MS) run();
    else dueMs = Math.min(dueMs, beganMs + SETTLED_MS);
  }));
  createEffect(on(page.tickMs, () => {
    const isSeen = document.visibilityState === "visible" && page.liveness().kind === "live";
    if (isSeen && BROWSER.steadyMs() >= dueMs) run();
  }, { defer: true }));
  onCleanup(() => attempt = -1);
  return { value, missing };
}
