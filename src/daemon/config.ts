/**
 * Checks whether this daemon can run a configuration: rules of the file, of the flags, and of the
 * host. Start, reload, plan and `--check` use it; a reload then compares the file with the
 * configuration in force (reload.ts).
 */
import { exitStatus, formatIssue, issueToJson, loadConfig } from "../config/load.ts";
import type { Config } from "../config/model.ts";
import type { LogFields } from "../base/ports.ts";
import { announceProblem } from "./announce/permission.ts";

/** One error or warning, ready for the log and for a terminal. */
export interface Diagnostic {
  readonly text: string;
  readonly fields: LogFields;
}

export type ConfigResult =
  | {
    readonly kind: "ok";
    readonly config: Config;
    /** SHA-256 of the file's text, in hexadecimal. */
    readonly hash: string;
    /** The file's text in UTF-8; a reload compares it with the next one. */
    readonly text: Uint8Array<ArrayBuffer>;
    readonly warnings: readonly Diagnostic[];
  }
  | {
    readonly kind: "error";
    /** Exit status: 2 semantic error, 1 anything else. */
    readonly status: 1 | 2;
    readonly errors: readonly Diagnostic[];
    readonly warnings: readonly Diagnostic[];
  };

/** Reads and checks the file. `vppApiAddr` empty: VPP integration is off. */
export async function readConfig(
  path: string,
  options: { readonly vppApiAddr: string },
): Promise<ConfigResult> {
  const result = await loadConfig(path, { vpp: options.vppApiAddr !== "" });
  const found = (issue: Parameters<typeof formatIssue>[0]): Diagnostic => ({
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
  const { config, hash, bytes: text } = result;
  return { kind: "ok", config, hash, text, warnings };
}

/** Checks a configuration against the host; src/probe/host/host_check.ts. */
export interface Host {
  /** A sentence when `config` needs something that the host does not have. */
  problem(config: Config): string | undefined;
  /** Sentences about what may fall short under load. */
  warnings?(config: Config): readonly string[];
}

/**
 * `result` with errors and warnings of the host. A missing capability is an error; with `elsewhere`
 * (`--check`) it is a warning, because the file may be meant for another host.
 */
export function checkedOnHost(
  result: ConfigResult,
  { path, host, elsewhere }: {
    readonly path: string;
    readonly host: Host;
    readonly elsewhere?: boolean;
  },
): ConfigResult {
  if (result.kind === "error") return result;
  const fields = (message: string) => ({ file: path, message });
  const { config } = result;
  const announce = announceProblem(config);
  if (announce !== undefined) {
    const errors = [{ text: `${path}: ${announce}`, fields: fields(announce) }];
    return { kind: "error", status: 2, errors, warnings: result.warnings };
  }
  const problem = host.problem(config);
  if (problem !== undefined && elsewhere !== true) {
    const errors = [{ text: problem, fields: fields(problem) }];
    return { kind: "error", status: 1, errors, warnings: result.warnings };
  }
  const messages = [...host.warnings?.(config) ?? []];
  if (problem !== undefined) messages.push(`${problem}; maglevd does not start here without it`);
  if (messages.length === 0) return result;
  const warnings = messages.map((message): Diagnostic => ({
    text: `${path}: warning: ${message}`,
    fields: fields(message),
  }));
  return { ...result, warnings: [...result.warnings, ...warnings] };
}

/** Number of objects in a configuration; logs and `--check` show it. */
export function configSize(config: Config): LogFields & Record<string, number> {
  return {
    frontends: config.frontends.size,
    backends: config.backends.size,
    healthchecks: config.healthchecks.size,
  };
}
