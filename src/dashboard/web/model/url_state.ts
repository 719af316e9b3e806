/**
 * PURE. The part of the page's state that is in its address, so that a view can be bookmarked: filter,
 * search and an open history (`?history=lb1/backend/nginx0`) in the query, and the place
 * (`#/lb1/web/nginx0`) in the fragment.
 */
import { type Filter, type FilterName, FILTERS } from "./filter.ts";

/** A load balancer, one of its frontends, one of its backends; an empty place is the default. */
export interface Place {
  readonly lb?: string;
  readonly frontend?: string;
  readonly backend?: string;
}

/** Whose history is shown; of one backend or frontend, or everything of a load balancer. */
export type TimelineTarget = {
  readonly lb: string;
  readonly backend?: string;
  readonly frontend?: string;
};

/** The name of the place that shows all load balancers side by side. No maglevd is called so. */
export const OVERVIEW = "*";

export interface UrlState {
  readonly filter: Filter;
  /** Only VIPs in which the load balancers differ. */
  readonly differing: boolean;
  /** Without controls and panels, for a screen on the wall. */
  readonly kiosk: boolean;
  /** Undefined: no history is open. */
  readonly timeline: TimelineTarget | undefined;
  readonly place: Place;
}

/** Reads `location.search` and `location.hash`. What is not understood is ignored. */
export function parseUrl(search: string, hash: string): UrlState {
  const query = new URLSearchParams(search);
  const wanted = (query.get("show") ?? "").split(",");
  const kiosk = query.get("kiosk");
  return {
    filter: {
      show: new Set(FILTERS.filter((name) => wanted.includes(name))),
      search: query.get("q") ?? "",
    },
    differing: wanted.includes("differ"),
    kiosk: kiosk !== null && kiosk !== "0",
    timeline: parseTimeline(query.get("history") ?? ""),
    place: parsePlace(hash),
  };
}

/** `?q=…&show=…` of a state, with the other parameters of `search` kept; empty without any. */
export function formatSearch(state: Omit<UrlState, "place">, search: string): string {
  const query = new URLSearchParams(search);
  const show: (FilterName | "differ")[] = FILTERS.filter((name) => state.filter.show.has(name));
  if (state.differing) show.push("differ");
  set(query, "q", state.filter.search);
  set(query, "show", show.join(","));
  set(query, "history", formatTimeline(state.timeline));
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  return text === "" ? "" : `?${text}`;
}

function set(query: URLSearchParams, name: string, value: string): void {
  if (value === "") query.delete(name);
  else query.set(name, value);
}

/** Percent-encoded parts up to the first that is empty or malformed. */
function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "") break;
    try {
      parts.push(decodeURIComponent(part));
    } catch {
      break;
    }
  }
  return parts;
}

/** `lb1`, `lb1/backend/nginx0` or `lb1/frontend/web`; anything else is undefined. */
function parseTimeline(path: string): TimelineTarget | undefined {
  const [lb, kind, name] = partsOf(path);
  if (lb === undefined) return undefined;
  if (kind === undefined) return { lb };
  return name !== undefined && (kind === "backend" || kind === "frontend")
    ? { lb, [kind]: name }
    : undefined;
}

function formatTimeline(target: TimelineTarget | undefined): string {
  if (target === undefined) return "";
  const { lb, backend, frontend } = target;
  const rest = backend !== undefined
    ? ["backend", backend]
    : frontend !== undefined
    ? ["frontend", frontend]
    : [];
  return [lb, ...rest].map(encodeURIComponent).join("/");
}

/** Reads `#/lb/frontend/backend`; the parts are percent-encoded. */
export function parsePlace(hash: string): Place {
  const [lb, frontend, backend] = hash.startsWith("#/") ? partsOf(hash.slice(2)) : [];
  return {
    ...(lb === undefined ? {} : { lb }),
    ...(frontend === undefined ? {} : { frontend }),
    ...(backend === undefined ? {} : { backend }),
  };
}

/** The fragment of a place. */
export function formatPlace({ lb, frontend, backend }: Place): string {
  const parts = [lb, frontend, backend];
  const end = parts.indexOf(undefined);
  return `#/${
    (end < 0 ? parts : parts.slice(0, end)).map((part) => encodeURIComponent(part!)).join("/")
  }`;
}

/** Where the page runs: the prefix before `view/` or `admin/`, with its slash. */
export interface Base {
  readonly prefix: string;
  readonly admin: boolean;
}

/** Reads `location.pathname`. */
export function parseBase(pathname: string): Base {
  const match = /^(.*\/)(view|admin)(?:\/[^/]*)?$/.exec(pathname);
  return { prefix: match?.[1] ?? "/", admin: match?.[2] === "admin" };
}

/** The name in a cookie header, decoded; undefined when it is missing or malformed. */
export function readCookie(cookies: string, name: string): string | undefined {
  for (const pair of cookies.split(/;\s*/)) {
    if (!pair.startsWith(`${name}=`)) continue;
    try {
      return decodeURIComponent(pair.slice(name.length + 1));
    } catch {
      return undefined;
    }
  }
  return undefined;
}
