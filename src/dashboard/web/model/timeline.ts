/** PURE. The history that a maglevd keeps: whose is shown, pages put together, records in words. */
import type { TimelinePage, TimelineRecord } from "../../protocol.ts";

/** Records that are shown at once. */
export const MAX_RECORDS = 1000;

/** What has been loaded, newest first. */
export interface Timeline {
  /** At most MAX_RECORDS. */
  readonly records: readonly TimelineRecord[];
  /** Where the older records begin; undefined: these are all. */
  readonly before: number | undefined;
  readonly warning: string;
  /** Newer records were left out for older ones. */
  readonly isCutInFront: boolean;
}

/** `shown` with a page of older records at its end. */
export function withOlder(shown: Timeline, page: TimelinePage): Timeline {
  const records = [...shown.records, ...page.records];
  return {
    ...shown,
    records: records.slice(-MAX_RECORDS),
    before: page.next_before,
    isCutInFront: shown.isCutInFront || records.length > MAX_RECORDS,
  };
}

/**
 * `shown` with the newest page in front. When more came than a page holds, or the records begin again
 * at a smaller id, only the page remains: a gap must not look like silence.
 */
export function withNewest(shown: Timeline | undefined, page: TimelinePage): Timeline {
  const { next_before: before, warning = "" } = page;
  const newest = shown?.records[0]?.id;
  const first = page.records[0]?.id ?? 0;
  const meets = newest !== undefined && first >= newest &&
    page.records.some(({ id }) => id === newest);
  if (shown === undefined || !meets) {
    return { records: page.records, before, warning, isCutInFront: false };
  }
  const added = page.records.filter(({ id }) => id > newest);
  const records = [...added, ...shown.records];
  if (records.length <= MAX_RECORDS) return { ...shown, records, warning };
  const kept = records.slice(0, MAX_RECORDS);
  return { ...shown, records: kept, before: kept.at(-1)!.id, warning };
}

/** `up → down L4CON connection refused`; of other events their sentence and fields. */
export function whatOf({ attributes }: Pick<TimelineRecord, "attributes">): string {
  const { from, to, code, detail, layer: _, message, ...rest } = attributes;
  if (from === undefined || to === undefined) {
    const { message: _, ...others } = attributes;
    return [message, pairs(others)].filter((part) => part).join(" ");
  }
  return [`${from} → ${to}`, code, detail, message, pairs(rest)].filter((part) => part).join(" ");
}

function pairs(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes).filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}=${value}`).join(" ");
}
