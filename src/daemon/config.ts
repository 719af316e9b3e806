/**
 * The configuration as this daemon can run it: the file's own rules, and then what this build and
 * these flags ask for.
 */
import { exitStatus, formatIssue, issueToJson, loadConfig } from "../config/load.ts";
import type { Config } from "../config/model.ts";
import type { LogFields } from "../base/ports.ts";

/** One error or warning, ready for the log and for a terminal. */
export interface Finding {
  readonly text: string;
  readonly fields: LogFields;
}

export type Readout =
  | { readonly kind: "ok"; readonly config: Config; readonly warnings: readonly Finding[] }
  | {
    readonly kind: "error";
    /** Exit status of `--check`: 1 parse error, 2 semantic error. */
    readonly status: 1 | 2;
    readonly errors: readonly Finding[];
    readonly warnings: readonly Finding[];
  };

/** Reads and judges the file. `vppApiAddr` empty: VPP integration is off. */
export async function readConfig(
  path: string,
  options: { readonly vppApiAddr: string },
): Promise<Readout> {
  const result = await loadConfig(path, { vpp: options.vppApiAddr !== "" });
  const found = (issue: Parameters<typeof formatIssue>[0]): Finding => ({
    text: formatIssue(issue),
    fields: issueToJson(issue),
  });
  const warnings = "warnings" in result ? result.warnings.map(found) : [];
  if (result.kind !== "ok") {
    const status = exitStatus(result);
    return {
      kind: "error",
      status: status === 0 ? 2 : status,
      errors: result.issues.map(found),
      warnings,
    };
  }
  return { kind: "ok", config: result.config, warnings };
}

/** Human words of how much a configuration holds, for logs and `--check`. */
export function configSize(config: Config): LogFields & Record<string, number> {
  return {
    frontends: config.frontends.size,
    backends: config.backends.size,
    healthchecks: config.healthchecks.size,
  };
}
