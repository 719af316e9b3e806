/** The keyboard of the page. Keys with a modifier, and those typed into a field, are left alone. */
import { onCleanup } from "solid-js";
import { HEALTHS } from "../model/health.ts";
import { OVERVIEW } from "../model/url_state.ts";
import type { Page } from "../page.ts";

export function listenToKeys(page: Page, { help }: { readonly help: () => void }): void {
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    const search = document.getElementById("search") as HTMLInputElement | null;
    if (event.key === "Escape" && target === search) {
      page.navigation.setSearch("");
      search?.blur();
      return;
    }
    if (!(target instanceof Element) || target.closest("input, select, textarea, dialog")) return;
    if (act(page, event.key, { help, search })) event.preventDefault();
  };
  addEventListener("keydown", onKey);
  onCleanup(() => removeEventListener("keydown", onKey));
}

function act(
  page: Page,
  key: string,
  { help, search }: { readonly help: () => void; readonly search: HTMLInputElement | null },
): boolean {
  if (/^[0-9]$/.test(key)) {
    const names = page.lbNames();
    const lb = key === "0" ? (names.length > 1 ? OVERVIEW : undefined) : names[Number(key) - 1];
    if (lb !== undefined) page.navigation.go({ lb });
    return lb !== undefined;
  }
  switch (key) {
    case "/":
      search?.focus();
      search?.select();
      return search !== null;
    case "j":
      return move(1, () => true);
    case "k":
      return move(-1, () => true);
    case "n":
      return move(1, isWrong);
    case "w": {
      const wrong = HEALTHS.filter((name) => name !== "well");
      const { show } = page.navigation.filter();
      page.navigation.setShow(new Set(show.size > 0 ? [] : wrong));
      return true;
    }
    case "?":
      help();
      return true;
    default:
      return false;
  }
}

/**
 * Moves the focus to the next line that fits, around the end. It begins at the focused line, or at
 * the one whose details have the focus.
 */
function move(direction: 1 | -1, fits: (line: Element) => boolean): boolean {
  const lines = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const focused = document.activeElement?.closest("main *") ?? null;
  const at = focused === null ? -1 : lines.findLastIndex((line) => isUpTo(line, focused));
  // From within details, the line before is their own.
  const from = direction > 0 || lines[at] === focused ? at : at + 1;
  for (let step = 1; step <= lines.length; step++) {
    const line = lines[(from + direction * step + lines.length * 2) % lines.length]!;
    if (!fits(line)) continue;
    line.focus();
    line.scrollIntoView({ block: "nearest" });
    return true;
  }
  return false;
}

/** True when the line is the focused element, or stands before it in the document. */
function isUpTo(line: Element, focused: Element): boolean {
  return line === focused ||
    (line.compareDocumentPosition(focused) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
}

function isWrong(line: Element): boolean {
  const holder = line.closest(".row, .card");
  return holder !== null && !holder.matches(".is-well, .is-up, .is-paused, .is-disabled");
}
