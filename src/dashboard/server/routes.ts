/**
 * PURE. Paths of the dashboard, as sent by a client: percent signs are not decoded yet. A name in a
 * path may hold any character, `/` as `%2F`.
 */
import type { Audience } from "../ports.ts";
import type { BackendAction } from "../protocol.ts";

/** What a path names. */
export type Route =
  /** `location` is relative, so that it is right under the path of a proxy too. */
  | { readonly kind: "redirect"; readonly tree: Tree; readonly location: string }
  | { readonly kind: "page"; readonly tree: "view" | "admin" }
  /** `path` below view/, not decoded: it is compared with the names of the files as it is. */
  | { readonly kind: "asset"; readonly tree: "view"; readonly path: string }
  | { readonly kind: "health" | "metrics" | "favicon"; readonly tree: "" }
  /** Either is undefined when the path has no such use; the method decides. */
  | {
    readonly kind: "api";
    readonly tree: "view" | "admin";
    readonly read: Read | undefined;
    readonly action: Action | undefined;
  };

/** The whole of `admin` exists only while there is a login. */
export type Tree = "" | "view" | "admin";

/** Answered to GET. */
export type Read =
  | { readonly kind: "state" | "maglevds" | "version" | "problems" }
  | { readonly kind: "events" }
  | { readonly kind: "maglevd" | "history" | "timeline"; readonly maglevd: string }
  | {
    readonly kind: "backend" | "explain-backend" | "explain-frontend";
    readonly maglevd: string;
    /** Of the backend or frontend. */
    readonly name: string;
  };

/** Done at POST or PUT. */
export type Action =
  & { readonly maglevd: string }
  & (
    | { readonly kind: "backend"; readonly action: BackendAction; readonly backend: string }
    | { readonly kind: "drain"; readonly backend: string }
    | {
      readonly kind: "weight";
      readonly frontend: string;
      readonly pool: string;
      readonly backend: string;
    }
    | { readonly kind: "cancel"; readonly id: string }
    | { readonly kind: "sync" | "plan" }
  );

export const BACKEND_ACTIONS = ["pause", "resume", "enable", "disable"] as const;

/** The audience of what is read in a tree. */
export function audienceOf(tree: Tree): Audience {
  return tree === "admin" ? "operator" : "viewer";
}

/** Undefined: there is nothing at this path. */
export function routeOf(path: string): Route | undefined {
  switch (path) {
    case "/":
      return { kind: "redirect", tree: "", location: "view/" };
    case "/view":
      return { kind: "redirect", tree: "view", location: "view/" };
    case "/admin":
      return { kind: "redirect", tree: "admin", location: "admin/" };
    case "/view/":
      return { kind: "page", tree: "view" };
    case "/admin/":
      return { kind: "page", tree: "admin" };
    case "/healthz":
      return { kind: "health", tree: "" };
    case "/metrics":
      return { kind: "metrics", tree: "" };
    case "/favicon.ico":
      return { kind: "favicon", tree: "" };
  }
  if (path.startsWith("/view/api/")) return apiRoute("view", path.slice("/view/api/".length));
  if (path.startsWith("/admin/api/")) return apiRoute("admin", path.slice("/admin/api/".length));
  if (path.startsWith("/view/")) {
    return { kind: "asset", tree: "view", path: path.slice("/view/".length) };
  }
  return undefined;
}

/** True for paths of the tree that needs a login, whether something is there or not. */
export function isAdminPath(path: string): boolean {
  return path === "/admin" || path.startsWith("/admin/");
}

function apiRoute(tree: "view" | "admin", rest: string): Route | undefined {
  const segments = decodedSegments(rest);
  if (segments === undefined) return undefined;
  const read = readOf(segments);
  const action = tree === "admin" ? actionOf(segments) : undefined;
  return read === undefined && action === undefined
    ? undefined
    : { kind: "api", tree, read, action };
}

/** Undefined: a percent sign is not followed by UTF-8. */
function decodedSegments(path: string): readonly string[] | undefined {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** What is read of a backend or frontend, by the first and the third part of its path. */
const NAMED: Readonly<Record<string, "backend" | "explain-backend" | "explain-frontend">> = {
  "state/backends": "backend",
  "explain/backends": "explain-backend",
  "explain/frontends": "explain-frontend",
};

function readOf(segments: readonly string[]): Read | undefined {
  const [first, maglevd, second, name] = segments;
  if (segments.includes("")) return undefined;
  switch (segments.length) {
    case 1:
      if (first === "events") return { kind: first };
      return first === "state" || first === "maglevds" || first === "version" ||
          first === "problems"
        ? { kind: first }
        : undefined;
    case 2:
      if (first === "state") return { kind: "maglevd", maglevd: maglevd! };
      return first === "history" || first === "timeline"
        ? { kind: first, maglevd: maglevd! }
        : undefined;
    case 4: {
      const kind = NAMED[`${first}/${second}`];
      return kind === undefined ? undefined : { kind, maglevd: maglevd!, name: name! };
    }
    default:
      return undefined;
  }
}

function actionOf(segments: readonly string[]): Action | undefined {
  if (segments.includes("")) return undefined;
  const [maglevd, ...rest] = segments as [string, ...string[]];
  if (rest.length === 1) {
    const [kind] = rest;
    return kind === "sync" || kind === "plan" ? { kind, maglevd } : undefined;
  }
  if (rest.length === 3 && rest[0] === "backends") {
    const backend = rest[1]!;
    if (rest[2] === "drain") return { kind: "drain", maglevd, backend };
    const action = BACKEND_ACTIONS.find((name) => name === rest[2]);
    return action && { kind: "backend", maglevd, action, backend };
  }
  if (rest.length === 3 && rest[0] === "intents" && rest[2] === "cancel") {
    return { kind: "cancel", maglevd, id: rest[1]! };
  }
  const [frontends, frontend, pools, pool, backends, backend, last] = rest;
  if (
    rest.length === 7 && frontends === "frontends" && pools === "pools" &&
    backends === "backends" && last === "weight"
  ) {
    return { kind: "weight", maglevd, frontend: frontend!, pool: pool!, backend: backend! };
  }
  return undefined;
}

/** Methods of an action. */
export function methodOf(action: Action): "POST" | "PUT" {
  return action.kind === "weight" ? "PUT" : "POST";
}
