/**
 * The VIPs of all load balancers as reactive values. An event makes only the VIPs again that it
 * touches: with thousands of them, comparing all of them for each event would stop the page.
 */
import { type Accessor, createMemo, mapArray } from "solid-js";
import type { Lb } from "../model/lb.ts";
import {
  causesOf,
  isComparable,
  type OverviewRow,
  overviewRow,
  vipKeys,
  withCauses,
} from "../model/overview.ts";
import type { Page } from "../page.ts";

/** One VIP. */
export interface Vip {
  readonly key: string;
  /** Undefined: it is gone, and its line goes next. */
  readonly row: Accessor<OverviewRow | undefined>;
  readonly differs: Accessor<boolean>;
}

/** The VIPs in the order of the first load balancer that has each. They live as long as the owner. */
export function createVips(page: Page): Accessor<readonly Vip[]> {
  const keys = createMemo(() => {
    for (const { name } of page.lbs()) page.track(name, "lists");
    return vipKeys(page.lbs());
  });
  // A status changes more often than what it means here.
  const comparable = createMemo(() =>
    page.lbs().filter((lb) => {
      page.track(lb.name, "status");
      return isComparable(lb);
    }).map(({ name }) => name).join("\0")
  );
  const causes = createMemo(() => causesOf(page.fleet()));
  const create = (key: string): Vip => {
    // A text, so that a comparison makes only those VIPs again whose causes are others.
    const own = createMemo(() => causes().get(key)?.join(" ") ?? "");
    const row = createMemo(() => {
      comparable();
      for (const lb of page.lbs()) trackVip(page, lb, key);
      return withCauses(overviewRow(page.lbs(), key), own());
    });
    return { key, row, differs: createMemo(() => (row()?.differences.length ?? 0) > 0) };
  };
  return createMemo(mapArray(keys, create));
}

/** The running computation depends on what a load balancer has of a VIP. */
export function trackVip(page: Page, lb: Lb, key: string): void {
  const name = lb.frontendOf.get(key);
  if (name !== undefined) page.track(lb.name, `f:${name}`);
}
