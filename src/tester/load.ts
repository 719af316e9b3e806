/** Reads the configurations, and the VIPs to be probed out of them. */
import { RE2JS, RE2JSSyntaxException } from "re2js";
import type { Config } from "../config/model.ts";
import { formatIssue, loadConfig } from "../config/load.ts";
import type { CommandLine } from "./flags.ts";
import type { ReadConfig } from "./report.ts";
import { type Vip, vipsOf } from "./targets.ts";

/** The VIPs of the command line; or what is wrong, with the exit status. */
export type Loaded =
  | {
    readonly kind: "ok";
    readonly vips: readonly Vip[];
    readonly configs: readonly ReadConfig[];
    readonly warnings: readonly string[];
  }
  | { readonly kind: "error"; readonly messages: readonly string[]; readonly status: 1 | 2 };

/** Reads all files that the command line names. */
export async function loadVips({ configs: paths, settings }: CommandLine): Promise<Loaded> {
  const filter = filterOf(settings.filter);
  if (typeof filter === "string") return { kind: "error", messages: [filter], status: 2 };
  if (paths.length === 0) {
    return { kind: "error", messages: ["flag --config: name a configuration file"], status: 2 };
  }
  const configs: Config[] = [];
  const read: ReadConfig[] = [];
  const warnings: string[] = [];
  for (const path of paths) {
    const result = await loadConfig(path, { scope: "vips" });
    if (result.kind !== "ok") {
      return { kind: "error", messages: result.issues.map(formatIssue), status: 1 };
    }
    configs.push(result.config);
    read.push({ path, hash: result.hash });
    const faults = result.warnings.filter(({ stage }) => stage !== "warning");
    const first = faults[0];
    if (first === undefined) continue;
    const more = faults.length === 1 ? "" : ` (and ${faults.length - 1} more)`;
    warnings.push(`${formatIssue(first)}${more}; not needed here`);
  }
  const vips = vipsOf(configs, { host: settings.host, filter });
  if (vips.length === 0) {
    const message = settings.filter === ""
      ? "the configuration has no frontends"
      : `no frontend matches --filter ${settings.filter}`;
    return { kind: "error", messages: [message], status: 1 };
  }
  if (vips.every(({ probing }) => probing.kind === "none")) {
    const reasons = vips.flatMap(({ name, probing }) =>
      probing.kind === "none" ? [`${name}: ${probing.reason}`] : []
    );
    return { kind: "error", messages: [`no frontend can be probed: ${reasons[0]}`], status: 1 };
  }
  return { kind: "ok", vips, configs: read, warnings };
}

/** A test of texts; or what is wrong with the expression. */
function filterOf(expression: string): ((text: string) => boolean) | string {
  if (expression === "") return () => true;
  try {
    const pattern = RE2JS.compile(expression);
    return (text) => pattern.matcher(text).find();
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    return `flag --filter: cannot use "${expression}": ${error.message}`;
  }
}
