/** What tidy_test.ts knows: the layers, the pure files, the banned calls. */

/** A layer may import itself (same folder) and the layers below it. Names as in docs/design.md. */
interface Layer {
  readonly name: string;
  readonly rank: number;
  readonly files: RegExp;
}

/** Top first. Equal ranks do not see each other. */
export const LAYERS: readonly Layer[] = [
  { name: "entry", rank: 0, files: /^[a-z]+\.ts$/ },
  { name: "daemon", rank: 1, files: /^src\/daemon\// },
  {
    name: "edge",
    rank: 2,
    files: /^src\/(grpc|metrics|frontend|cli|tester|demo)\//,
  },
  { name: "core", rank: 3, files: /^src\/(vpp\/[^/]+|checker\/[^/]+)$/ },
  { name: "leaf", rank: 4, files: /^src\/(vpp\/transport|vpp\/stats|probe|log|system|sim)\// },
  { name: "load", rank: 5, files: /^src\/config\/load\.ts$/ },
  { name: "pure", rank: 6, files: /^src\/(vpp\/lb|vpp\/wire|health|config)\// },
  { name: "ffi", rank: 6, files: /^ffi\// },
  { name: "base", rank: 7, files: /^src\/base\// },
];

/** Files that hold interfaces only: whoever implements or uses one may import it. */
const INTERFACES = /^src\/(vpp|checker|probe)\/ports\.ts$/;

/** Who may load the shim. */
const FFI_USERS =
  /^src\/(vpp\/transport\/shared_memory|vpp\/stats\/segment_file|sim\/stats_server|system\/(process_figures|peer_users|held_hang_ups)|probe\/(host_look|icmp|machine|namespace_calls|thread_shim))\.ts$/;

export function layerOf(file: string): Layer | undefined {
  return LAYERS.find(({ files }) => files.test(file));
}

/** The folder whose files see each other freely. */
function room(file: string): string {
  const house = /^src\/(grpc|cli)\//.exec(file);
  if (house !== null) return `src/${house[1]}`;
  return /^src\/vpp\/[^/]+\.ts$/.test(file) ? "src/vpp" : file.slice(0, file.lastIndexOf("/"));
}

/** Pure rooms that a pure room may use. */
const PURE_TO_PURE: Readonly<Record<string, readonly string[]>> = {
  "src/vpp/lb": ["src/health", "src/config"],
  "src/vpp/wire": [],
  "src/health": [],
  "src/config": [],
};

/** Why `file` may not import `target`, or undefined when it may. Paths from the project's root. */
export function mayImport(file: string, target: string, typeOnly: boolean): string | undefined {
  if (!target.startsWith("src/") && !target.startsWith("ffi/")) {
    if (/^[a-z]+\.ts$/.test(target)) return "nothing imports an entry file";
    return undefined;
  }
  const from = layerOf(file);
  const to = layerOf(target);
  if (from === undefined || to === undefined) return "one of them has no place in the layout";
  if (to.name === "daemon" && from.name !== "entry" && from.name !== "daemon") {
    return "nothing but an entry imports daemon/";
  }
  if (to.name === "ffi" && from.name !== "ffi" && !FFI_USERS.test(file)) {
    return "only the files of docs/design.md load the shim";
  }
  if (INTERFACES.test(target)) return undefined;
  if (room(file) === room(target)) return undefined;
  if (/^src\/(frontend|cli)\//.test(file)) {
    return /^src\/(base\/|system\/|grpc\/client(_watch)?\.ts$)/.test(target)
      ? undefined
      : "cli/ and frontend/ know only proto/, grpc/client, system/ and base/";
  }
  if (from.name === "pure" && to.name === "pure") {
    return PURE_TO_PURE[room(file)]?.includes(room(target)) === true
      ? undefined
      : `${room(file)} may not know ${room(target)}`;
  }
  // The simulator is VPP's side of the wire: it uses the pure rooms, which it ranks above.
  if (from.rank < to.rank) return undefined;
  return `${from.name} may not import ${to.name}${typeOnly ? ", not even types" : ""}: ` +
    "move what both need down, or put an interface in a ports.ts";
}

/** True for files that must be pure. */
export function PURE(file: string): boolean {
  if (file === "src/config/load.ts") return false;
  if (/^src\/(base|health|config|vpp\/lb|vpp\/wire|cli\/render)\//.test(file)) return true;
  return PURE_FILES.has(file);
}

/** Single pure files inside mixed folders. */
const PURE_FILES = new Set([
  "src/cli/addresses.ts",
  "src/cli/edit.ts",
  "src/cli/edit_search.ts",
  "src/cli/edit_text.ts",
  "src/cli/edit_view.ts",
  "src/cli/failures.ts",
  "src/cli/flags.ts",
  "src/cli/keys.ts",
  "src/cli/listing.ts",
  "src/cli/several.ts",
  "src/cli/several_fields.ts",
  "src/cli/several_parts.ts",
  "src/cli/several_tables.ts",
  "src/cli/view.ts",
  "src/cli/complete.ts",
  "src/cli/completion_scripts.ts",
  "src/cli/help.ts",
  "src/cli/node.ts",
  "src/cli/parse.ts",
  "src/cli/syntax.ts",
  "src/cli/tree.ts",
  "src/cli/values.ts",
  "src/cli/walk.ts",
  "src/cli/words.ts",
  "src/probe/backlog.ts",
  "src/probe/body_rules.ts",
  "src/probe/body_text.ts",
  "src/probe/certificate.ts",
  "src/probe/certificate_der.ts",
  "src/probe/certificate_limits.ts",
  "src/probe/certificate_tap.ts",
  "src/probe/due_heap.ts",
  "src/probe/established.ts",
  "src/probe/foreign_start.ts",
  "src/probe/http_body.ts",
  "src/probe/http_match.ts",
  "src/probe/http_request.ts",
  "src/probe/icmp_packet.ts",
  "src/probe/icmp_records.ts",
  "src/probe/http_response.ts",
  "src/probe/lateness.ts",
  "src/probe/outcome.ts",
  "src/probe/tls_outcome.ts",
  "src/probe/worker_protocol.ts",
  "src/checker/forecast.ts",
  "src/checker/intent.ts",
  "src/checker/intent_file.ts",
  "src/checker/intent_rules.ts",
  "src/checker/registry.ts",
  "src/checker/tally.ts",
  "src/checker/versioned_map.ts",
  "src/checker/reload.ts",
  "src/sim/address46.ts",
  "src/sim/cli.ts",
  "src/sim/message_ids.ts",
  "src/sim/mischief.ts",
  "src/sim/older_dumps.ts",
  "src/sim/release.ts",
  "src/sim/plugin.ts",
  "src/sim/plugin_show.ts",
  "src/sim/plugin_types.ts",
  "src/sim/pool.ts",
  "src/sim/requests.ts",
  "src/sim/route_lookup.ts",
  "src/sim/routes.ts",
  "src/sim/vip_name.ts",
  "src/sim/counters.ts",
  "src/sim/stats_mischief.ts",
  "src/sim/stats_segment.ts",
  "src/sim/traffic.ts",
  "src/vpp/stats/segment_layout.ts",
  "src/daemon/readiness.ts",
  "src/grpc/auth.ts",
  "src/grpc/connection_limits.ts",
  "src/grpc/convert.ts",
  "src/grpc/convert_plan.ts",
  "src/grpc/convert_vpp.ts",
  "src/grpc/methods.ts",
  "src/grpc/protobuf/descriptor.ts",
  "src/grpc/protobuf/generate.ts",
  "src/grpc/protobuf/message.ts",
  "src/grpc/protobuf/reader.ts",
  "src/grpc/protobuf/schema.ts",
  "src/grpc/protobuf/writer.ts",
  "src/grpc/reflection.ts",
  "src/grpc/status.ts",
  "src/log/record.ts",
  "src/metrics/chunk_frame.ts",
  "src/metrics/collect.ts",
  "src/metrics/collect_backends.ts",
  "src/metrics/collect_vpp.ts",
  "src/metrics/families.ts",
  "src/metrics/reference.ts",
  "src/metrics/request_head.ts",
  "src/metrics/text.ts",
  "src/metrics/view.ts",
  "src/system/grants.ts",
  "src/system/launcher_table.ts",
  "src/system/permissions.ts",
]);

/** Each import and re-export of a file, resolved to a path from the project's root. */
export function importsOf(file: string, text: string): { target: string; typeOnly: boolean }[] {
  const found: { target: string; typeOnly: boolean }[] = [];
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|(?:new URL|import)\("(\.[^"]+)"/g;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[2] ?? match[3]!;
    if (!specifier.startsWith(".") || !/\.tsx?$/.test(specifier)) continue;
    const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
    found.push({ target, typeOnly: match[1] !== undefined });
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
