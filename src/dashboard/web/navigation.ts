/**
 * Where the page is, and what it leaves out: address, cookie and storage as signals. The address
 * wins over the cookie, the cookie over the order of the load balancers.
 */
import { type Accessor, createSignal } from "solid-js";
import { type Filter, type FilterName, isOpen, NO_FILTER } from "./model/filter.ts";
import {
  formatPlace,
  formatSearch,
  OVERVIEW,
  parseUrl,
  type Place,
  readCookie,
  type TimelineTarget,
} from "./model/url_state.ts";

const COOKIE = "maglev_scope";
const COOKIE_AGE_S = 365 * 86_400;
const OPEN_KEY = "maglev_open";
const THEME_KEY = "maglev_theme";
/** Choices that are kept; the oldest are forgotten. */
const MAX_CHOICES = 2000;

export type Theme = "system" | "light" | "dark";

export class Navigation {
  readonly kiosk: boolean;
  /** Name of a load balancer, or OVERVIEW. */
  readonly scope: Accessor<string>;
  readonly filter: Accessor<Filter>;
  /** Only VIPs in which the load balancers differ. */
  readonly differing: Accessor<boolean>;
  readonly place: Accessor<Place>;
  /** The place that a link led to and that is not on the screen yet. */
  readonly target: Accessor<Place | undefined>;
  readonly theme: Accessor<Theme>;
  /** Whose kept history is shown. */
  readonly timeline: Accessor<TimelineTarget | undefined>;
  /** Called when another load balancer is shown. */
  onScope: () => void = () => {};

  readonly #prefix: string;
  readonly #names: () => readonly string[];
  readonly #setScope: (scope: string) => void;
  readonly #setFilter: (filter: Filter) => void;
  readonly #setDiffering: (differing: boolean) => void;
  readonly #setPlace: (place: Place) => void;
  readonly #setTarget: (place: Place | undefined) => void;
  readonly #setTheme: (theme: Theme) => void;
  readonly #setTimeline: (target: TimelineTarget | undefined) => void;
  readonly #choices: Map<string, boolean>;
  readonly #trackChoices: Accessor<unknown>;
  readonly #fireChoices: () => void;
  /** A history was closed, and the browser has not gone back yet. */
  #isClosing = false;

  constructor(prefix: string, names: () => readonly string[]) {
    this.#prefix = prefix;
    this.#names = names;
    const url = parseUrl(location.search, location.hash);
    this.kiosk = url.kiosk;
    [this.scope, this.#setScope] = createSignal("");
    [this.filter, this.#setFilter] = createSignal(url.filter);
    [this.differing, this.#setDiffering] = createSignal(url.differing);
    [this.place, this.#setPlace] = createSignal(url.place);
    [this.target, this.#setTarget] = createSignal<Place | undefined>(url.place);
    [this.theme, this.#setTheme] = createSignal<Theme>(themeOf(load(THEME_KEY)));
    [this.timeline, this.#setTimeline] = createSignal(url.timeline, {
      // Another address of the same history must not load it again.
      equals: (a, b) => JSON.stringify(a) === JSON.stringify(b),
    });
    const [track, fire] = createSignal(undefined, { equals: false });
    this.#trackChoices = track;
    this.#fireChoices = () => fire(undefined);
    this.#choices = choicesOf(load(OPEN_KEY));
    this.#applyTheme();
    addEventListener("hashchange", () => this.#readAddress());
    addEventListener("popstate", () => this.#readAddress());
  }

  /** The names are there: decides what to show. */
  settle(): void {
    const names = this.#names();
    const wanted = [this.place().lb, readCookie(document.cookie, COOKIE)];
    const scope = wanted.find((name) => name !== undefined && this.#isScope(name));
    this.#setScope(scope ?? (names.length > 1 ? OVERVIEW : names[0] ?? ""));
    this.onScope();
  }

  #isScope(name: string): boolean {
    const names = this.#names();
    return names.includes(name) || (name === OVERVIEW && names.length > 1);
  }

  /** Goes to a place that may be far from what is on the screen. */
  follow(place: Place): void {
    this.go(place);
    this.#setTarget(place);
  }

  /** The target is on the screen. */
  arrived(): void {
    this.#setTarget(undefined);
  }

  /** Goes to a load balancer, one of its frontends, or one of its backends. */
  go(place: Place): void {
    this.#setTarget(undefined);
    this.#setPlace(place);
    const scope = place.lb ?? this.scope();
    const url = `${location.pathname}${location.search}${formatPlace(place)}`;
    history.replaceState(history.state, "", url);
    if (scope === this.scope() || !this.#isScope(scope)) return;
    this.#setScope(scope);
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${COOKIE}=${encodeURIComponent(scope)}; Path=${this.#prefix}; ` +
      `Max-Age=${COOKIE_AGE_S}; SameSite=Lax${secure}`;
    this.onScope();
  }

  setSearch(search: string): void {
    this.#setFilter({ ...this.filter(), search });
    this.#writeAddress("replaceState");
  }

  /** Adds a class to what is shown, or takes it out. */
  toggle(name: FilterName): void {
    const show = new Set(this.filter().show);
    if (!show.delete(name)) show.add(name);
    this.setShow(show);
  }

  setShow(show: ReadonlySet<FilterName>): void {
    this.#setFilter({ ...this.filter(), show });
    this.#writeAddress("pushState");
  }

  setDiffering(differing: boolean): void {
    this.#setDiffering(differing);
    this.#writeAddress("pushState");
  }

  clearFilter(): void {
    this.#setDiffering(false);
    this.#setFilter(NO_FILTER);
    this.#writeAddress("pushState");
  }

  /**
   * Opens a history, or shows another one; undefined: closes it. Closing takes back what opening
   * added to the browser's history. Otherwise Back would open what was just closed.
   */
  setTimeline(target: TimelineTarget | undefined): void {
    const opened = openedOf(history.state);
    if (target !== undefined) {
      this.#setTimeline(target);
      this.#writeAddress("pushState", { opened: opened + 1 });
    } else if (this.timeline() !== undefined && !this.#isClosing) {
      this.#isClosing = true;
      // The address is read when the browser is there. Browsers keep only the newest entries.
      const back = Math.min(opened, history.length - 1);
      if (back > 0) history.go(-back);
      else this.#readAddress();
    }
  }

  /** True when nothing is left out. */
  showsAll(): boolean {
    return isOpen(this.filter()) && !this.differing();
  }

  /** The choice to open or close a card; undefined: none was made. */
  choice(lb: string, name: string): boolean | undefined {
    this.#trackChoices();
    return this.#choices.get(JSON.stringify([lb, name]));
  }

  choose(lb: string, name: string, open: boolean): void {
    const key = JSON.stringify([lb, name]);
    this.#choices.delete(key);
    this.#choices.set(key, open);
    for (const oldest of this.#choices.keys()) {
      if (this.#choices.size <= MAX_CHOICES) break;
      this.#choices.delete(oldest);
    }
    save(OPEN_KEY, JSON.stringify([...this.#choices]));
    this.#fireChoices();
  }

  setTheme(theme: Theme): void {
    this.#setTheme(theme);
    save(THEME_KEY, theme);
    this.#applyTheme();
  }

  #applyTheme(): void {
    const theme = this.theme();
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  #readAddress(): void {
    const { filter, differing, place, timeline } = parseUrl(location.search, location.hash);
    const closes = this.#isClosing;
    this.#isClosing = false;
    this.#setTimeline(closes ? undefined : timeline);
    this.#setFilter(filter);
    this.#setDiffering(differing);
    this.#setPlace(place);
    if (closes) {
      // The first one was opened by its link.
      this.#writeAddress("replaceState");
    } else {
      // After closing, the focus goes back to where it was.
      this.#setTarget(place);
    }
    if (place.lb !== undefined && place.lb !== this.scope() && this.#isScope(place.lb)) {
      this.#setScope(place.lb);
      this.onScope();
    }
  }

  #writeAddress(how: "pushState" | "replaceState", state: unknown = null): void {
    const search = formatSearch(
      {
        filter: this.filter(),
        differing: this.differing(),
        kiosk: this.kiosk,
        timeline: this.timeline(),
      },
      location.search,
    );
    if (search === location.search) return;
    history[how](state, "", `${location.pathname}${search}${location.hash}`);
  }
}

/** Entries of the browser's history that opened or changed the page's history, up to this one. */
function openedOf(state: unknown): number {
  return (state as { readonly opened?: number } | null)?.opened ?? 0;
}

function themeOf(text: string | undefined): Theme {
  return text === "light" || text === "dark" ? text : "system";
}

function choicesOf(text: string | undefined): Map<string, boolean> {
  try {
    const entries: unknown = JSON.parse(text ?? "[]");
    return new Map(Array.isArray(entries) ? entries : []);
  } catch {
    return new Map();
  }
}

/** Storage may be forbidden; the page then forgets. */
function load(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function save(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Forbidden or full.
  }
}
