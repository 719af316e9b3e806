/** PURE. The keys of the screen. */
import type { Key } from "../../terminal/keys.ts";

export type Action =
  | { readonly kind: "quit" | "pause" | "reset" | "mark" | "redraw" }
  /** Lines of the table, in VIPs; `page`: in screens; Infinity: to an end. */
  | { readonly kind: "scroll"; readonly by: number; readonly unit: "vip" | "page" };

const SCROLLS: Readonly<Record<string, Action>> = {
  "up": { kind: "scroll", by: -1, unit: "vip" },
  "down": { kind: "scroll", by: 1, unit: "vip" },
  "page-up": { kind: "scroll", by: -1, unit: "page" },
  "page-down": { kind: "scroll", by: 1, unit: "page" },
  "home": { kind: "scroll", by: -Infinity, unit: "vip" },
  "end": { kind: "scroll", by: Infinity, unit: "vip" },
};

const LETTERS: Readonly<Record<string, Action>> = {
  q: { kind: "quit" },
  p: { kind: "pause" },
  " ": { kind: "pause" },
  r: { kind: "reset" },
  m: { kind: "mark" },
};

/** What a key does; several letters may arrive at once. Pasted text does nothing. */
export function actionsOf(key: Key): readonly Action[] {
  if (key.kind === "paste") return [];
  if (key.kind === "key") {
    if (key.name === "ctrl-c") return [{ kind: "quit" }];
    if (key.name === "ctrl-l") return [{ kind: "redraw" }];
    const scroll = SCROLLS[key.name];
    return scroll === undefined ? [] : [scroll];
  }
  return [...key.text].flatMap((letter) => LETTERS[letter.toLowerCase()] ?? []);
}
