/** PURE. Changes of state as sentences for a screen reader's live region. */

/** A change of a frontend's or a backend's state. */
export interface Change {
  readonly lb: string;
  readonly name: string;
  readonly to: string;
}

/** Changes, and notes, that are named; of more only the number is announced. */
const MAX_NAMED = 4;

/**
 * A batch of new notes and of changes as one announcement; empty without any. Of a thing that changed
 * more than once the last state counts.
 */
export function announcementOf(
  changes: readonly Change[],
  { notes = [], several }: {
    readonly notes?: readonly { readonly lb: string; readonly text: string }[];
    readonly several: boolean;
  },
): string {
  const last = new Map<string, Change>();
  for (const change of changes) {
    const key = JSON.stringify([change.lb, change.name]);
    last.delete(key);
    last.set(key, change);
  }
  const all = [...last.values()];
  const of = (lb: string, text: string) => several ? `${lb}: ${text}` : text;
  const named = notes.slice(0, MAX_NAMED).map(({ lb, text }) => of(lb, text));
  if (notes.length > MAX_NAMED) named.push(`${notes.length - MAX_NAMED} more notes`);
  named.push(...all.slice(0, MAX_NAMED).map(({ lb, name, to }) => of(lb, `${name} is ${to}`)));
  if (all.length > MAX_NAMED) named.push(`${all.length - MAX_NAMED} more changes`);
  return named.length === 0 ? "" : `${named.join(". ")}.`;
}

/** The title of the browser's tab: the number of problems, then the name. */
export function titleOf(
  { wrong, live }: { readonly wrong: number; readonly live: boolean },
): string {
  if (!live) return "(not live) vpp-maglev";
  return wrong === 0 ? "vpp-maglev" : `(${wrong}) vpp-maglev`;
}
