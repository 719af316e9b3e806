/** The rules of tidy_test.ts: floors, pure files, banned calls. */

/**
 * The folders by floor, the highest first. A file may import files of its own folder (sub-folders
 * that are not listed belong to it) and of lower floors. Folders of one floor do not see each other.
 */
export const FLOORS: readonly (readonly string[])[] = [
  ["."],
  ["tools"],
  ["src/daemon"],
  ["src/dashboard/web"],
  ["src/cli", "src/dashboard", "src/demo", "src/grpc/server", "src/metrics", "src/tester"],
  ["src/cli/compare"],
  ["src/cli/language", "src/cli/render"],
  ["src/grpc/handlers", "src/fleet/etcd"],
  ["src/grpc/client"],
  ["src/grpc/calls"],
  ["src/grpc"],
  ["src/explain", "src/forecast", "src/fleet/member"],
  ["src/checker"],
  ["src/fleet/book"],
  ["src/damping", "src/intent"],
  ["src/announce", "src/history"],
  ["src/vpp/sync"],
  ["src/vpp/counters"],
  ["src/vpp/api"],
  ["src/vpp/transport", "src/vpp/stats"],
  ["src/vpp"],
  ["src/probe/engine"],
  ["src/probe", "src/sim"],
  ["src/http", "src/log", "src/terminal"],
  ["src/system"],
  ["src/async"],
  ["src/fleet"],
  ["src/vpp/lb"],
  ["src/vpp/wire"],
  ["src/health"],
  ["src/config"],
  ["src/base", "ffi"],
];

const FLOOR_OF: ReadonlyMap<string, number> = new Map(
  FLOORS.flatMap((folders, floor) => folders.map((folder) => [folder, floor] as const)),
);

/** Files that may load the shim. */
const FFI_USERS =
  /^src\/(vpp\/transport\/shared_memory|vpp\/stats\/segment_file|sim\/stats_server|system\/(process_figures|peer_users|signals\/held_hang_ups|service_manager)|probe\/(host\/host_look|icmp\/(icmp|sockets)|host\/host_check|net\/namespace_calls|net\/thread_shim))\.ts$/;

const DASHBOARD_IMPORTS =
  /^src\/(base|fleet|async|system|log|http|terminal|grpc\/(client|messages|gen))\//;

/** The listed folder that a file belongs to; undefined: it has no place in the layout. */
export function roomOf(file: string): string | undefined {
  const parts = file.split("/");
  for (let length = parts.length - 1; length > 0; length--) {
    const folder = parts.slice(0, length).join("/");
    if (FLOOR_OF.has(folder)) return folder;
  }
  return parts.length === 1 ? "." : undefined;
}

/** Why `file` may not import `target`, or undefined when it may. Paths from the project's root. */
export function mayImport(file: string, target: string): string | undefined {
  // Only tools may import files that are not shipped.
  if (target.startsWith("tests/")) return file.startsWith("tools/") ? undefined : "it is a test's";
  const [from, to] = [roomOf(file), roomOf(target)];
  if (from === undefined || to === undefined) return "one of them has no place in the layout";
  if (to === ".") return "nothing imports an entry file";
  if (to === "ffi" && from !== "ffi" && from !== "tools" && !FFI_USERS.test(file)) {
    return "only the files of docs/design.md load the shim";
  }
  if (from === to) return undefined;
  if (to === "src/fleet/etcd" && from !== "src/daemon") {
    return "the daemon alone loads it, when a store is configured";
  }
  if (
    /^src\/cli\//.test(file) &&
    !/^src\/(cli|base|fleet|system|async|http|terminal|grpc\/(client|gen))\//.test(target)
  ) {
    return "cli/ may import only grpc/client, grpc/gen, fleet/, terminal/, system/, async/ and base/";
  }
  if (
    from === "src/tester" &&
    !/^src\/(tester|base|config|system|async|log|terminal|probe\/(net|http|tls|[^/]+$))/.test(
      target,
    )
  ) {
    return "tester/ may import only config/, terminal/, system/, async/, log/, base/, probe/*.ts " +
      "and probe/{net,http,tls}";
  }
  if (/^src\/(?!cli\/)/.test(file) && /^src\/cli\//.test(target)) return "cli/ is maglevc's";
  if (from === "src/dashboard/web" && target !== "src/dashboard/protocol.ts") {
    return "the page knows dashboard/protocol.ts only";
  }
  if (from === "src/dashboard" && !DASHBOARD_IMPORTS.test(target)) {
    return "dashboard/ knows grpc/client, grpc/gen, fleet/, http/, log/, system/, async/, base/, terminal/";
  }
  if (FLOOR_OF.get(from)! < FLOOR_OF.get(to)!) return undefined;
  return `${to} is not below ${from}: move what both need down, or hand it in`;
}

/** Circles of files, each as the files that import each other. */
export function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const place = new Map<string, number>();
  const low = new Map<string, number>();
  const path: string[] = [];
  const onPath = new Set<string>();
  const circles: string[][] = [];
  function visit(file: string): number {
    const at = place.size;
    place.set(file, at);
    low.set(file, at);
    path.push(file);
    onPath.add(file);
    for (const target of imports.get(file) ?? []) {
      if (!place.has(target)) low.set(file, Math.min(low.get(file)!, visit(target)));
      else if (onPath.has(target)) low.set(file, Math.min(low.get(file)!, place.get(target)!));
    }
    if (low.get(file) === at) {
      const circle = path.splice(path.indexOf(file));
      for (const each of circle) onPath.delete(each);
      if (circle.length > 1) circles.push(circle.sort());
    }
    return low.get(file)!;
  }
  for (const file of imports.keys()) if (!place.has(file)) visit(file);
  return circles;
}

/** Folders that are pure but for the files named. */
const PURE_FOLDERS =
  /^src\/(base|health|config|fleet(?!\/(?:etcd|member)\/)|vpp\/lb|vpp\/wire|cli\/language|cli\/compare|cli\/render|dashboard\/web\/model|sim\/plugin)\//;
const IMPURE = new Set(["src/config/load.ts"]);

/** True for files that must be pure: by their folder, or by PURE in their first comment. */
export function isPure(file: string, text: string): boolean {
  if (IMPURE.has(file)) return false;
  if (PURE_FOLDERS.test(file)) return true;
  const first = /^(?:\s|#![^\n]*\n)*\/\*\*?([\s\S]*?)\*\//.exec(text)?.[1] ?? "";
  return /\bPURE\b/.test(first);
}

/** Each import and re-export of a file, resolved to a path from the project's root. */
export function importsOf(file: string, text: string): string[] {
  const found: string[] = [];
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|(?:new URL|import)\("(\.[^"]+)"/g;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[1] ?? match[2]!;
    if (!specifier.startsWith(".") || !/\.tsx?$/.test(specifier)) continue;
    const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
    found.push(target);
  }
  return found;
}

interface Banned {
  readonly pattern: RegExp;
  readonly call: string;
  readonly instead: string;
}

const PURE_BANNED: readonly Banned[] = [
  { call: "await", pattern: /\bawait\b/, instead: "return a value; waiting belongs to the edge" },
  { call: "Math.random", pattern: /\bMath\.random\b/, instead: "take a Prng (base/ports.ts)" },
  { call: "setTimeout", pattern: /\bset(Timeout|Interval)\b/, instead: "take nowMs, give data" },
  { call: "Deno", pattern: /\bDeno\./, instead: "move the effect to an I/O file" },
  { call: "Date", pattern: /\bDate\.now\b|\bDate\(\s*\)/, instead: "take nowMs as an argument" },
  { call: "performance", pattern: /\bperformance\./, instead: "take nowMs as an argument" },
  { call: "fetch", pattern: /\bfetch\(/, instead: "move the effect to an I/O file" },
  { call: "console", pattern: /\bconsole\./, instead: "return what is to be said" },
];

const EVERYWHERE_BANNED: readonly Banned[] = [
  { call: "console", pattern: /\bconsole\./, instead: "use the Logger" },
  { call: "Math.random", pattern: /\bMath\.random\b/, instead: "take a Prng (base/ports.ts)" },
  { call: "Date.now", pattern: /\bDate\.now\b/, instead: "take a Clock (base/ports.ts)" },
  { call: "performance.now", pattern: /\bperformance\.now\b/, instead: "take a Clock" },
  { call: "setTimeout", pattern: /\bsetTimeout\(/, instead: "use Clock.after()" },
  { call: "setInterval", pattern: /\bsetInterval\(/, instead: "use Clock.after()" },
  { call: "Deno.exit", pattern: /\bDeno\.exit\b/, instead: "return an exit status to the entry" },
  { call: "Deno.Command", pattern: /\bDeno\.Command\b/, instead: "run no programs" },
  { call: "UnsafePointer", pattern: /\bUnsafe(Pointer|Callback)/, instead: "use buffers only" },
];

/** Banned calls of a file's code, comments and strings left out. Lines are 1-based. */
export function bannedCallsIn(
  text: string,
  scope: "pure" | "everywhere",
): { line: number; call: string; instead: string }[] {
  const found: { line: number; call: string; instead: string }[] = [];
  const lines = blank(text).split("\n");
  for (const [index, code] of lines.entries()) {
    for (const banned of scope === "pure" ? PURE_BANNED : EVERYWHERE_BANNED) {
      if (banned.pattern.test(code)) {
        found.push({ line: index + 1, call: banned.call, instead: banned.instead });
      }
    }
  }
  return found;
}

/** `text` with comments and the insides of strings as spaces, newlines kept. */
function blank(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\$]|\$(?!\{))*`/g,
    (match) => match.replace(/[^\n]/g, " "),
  );
}
