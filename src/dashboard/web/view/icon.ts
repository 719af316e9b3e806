/** The icon of the browser's tab: three files, because drawn ones are cached wrongly. */
const ICONS = {
  well: new URL("../icons/well.svg", import.meta.url),
  degraded: new URL("../icons/degraded.svg", import.meta.url),
  down: new URL("../icons/down.svg", import.meta.url),
} as const;

export function setIcon(state: keyof typeof ICONS): void {
  const found = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  const link = found ?? document.head.appendChild(document.createElement("link"));
  if (link.href === ICONS[state].href) return;
  link.rel = "icon";
  link.type = "image/svg+xml";
  link.href = ICONS[state].href;
}
