/** Runs maglevd: arguments in, exit status out. */
import { parseListenAddress } from "../base/listen_address.ts";
import { permissionText } from "../base/permission.ts";
import type { Logger } from "../base/ports.ts";
import { BUILD } from "../base/version.ts";
import { isStandardInput } from "../config/load.ts";
import { HostCheck } from "../probe/host/host_check.ts";
import { buildInfo } from "../system/launch/build.ts";
import { readSettings, usage } from "../system/settings.ts";
import { checkedOnHost, type ConfigResult, configSize, readConfig } from "./config.ts";
import { MAGLEVD_FLAGS, type MaglevdSettings } from "./flags.ts";
import { badFleetSettings } from "./fleet/fleet.ts";
import { badGrpcSettings } from "./grpc.ts";
import { badTransportAddress } from "../vpp/transport/connect.ts";
import { serve } from "./serve.ts";
import { writeLine } from "../system/stdio.ts";

const HEAD = `maglevd ${BUILD.version}: health-checks servers and programs VPP's load balancer

Usage: maglevd [flags]
SIGHUP reloads the configuration; SIGTERM and SIGINT stop and leave VPP as it is.`;

/** Runs the daemon to its end; the result is the exit status. */
export async function runMaglevd(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    const permission = permissionText(error);
    if (permission === undefined) throw error;
    writeLine(Deno.stderr, `maglevd: cannot start: ${permission}`);
    return 1;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const read = readSettings(MAGLEVD_FLAGS, { args, env: environment });
  if (read.kind === "error") {
    writeLine(Deno.stderr, `maglevd: ${read.message}`);
    return 2;
  }
  const { settings } = read;
  if (settings.help) {
    writeLine(Deno.stdout, usage(MAGLEVD_FLAGS, HEAD));
    return 0;
  }
  if (settings["print-permissions"]) {
    writeLine(
      Deno.stderr,
      "maglevd: flag --print-permissions: cannot answer: the program does not see the permissions " +
        "it was started with; start it by its launcher (`deno task maglevd`)",
    );
    return 2;
  }
  if (settings.version) {
    const { version, commit, date } = buildInfo();
    writeLine(Deno.stdout, `maglevd ${version} (commit ${commit}, ${date})`);
    return 0;
  }
  const bad = badConfigPath(settings) ?? badVppAddress(settings["vpp-api-addr"]) ??
    badStatsAddress(settings["vpp-stats-addr"]) ??
    badMetricsAddress(settings["metrics-addr"]) ??
    badGrpcSettings(settings) ?? badFleetSettings(settings);
  if (bad !== undefined) {
    writeLine(Deno.stderr, `maglevd: ${bad}`);
    return 2;
  }
  return settings.check ? await checkConfig(settings) : await serve(settings);
}

async function checkConfig(settings: MaglevdSettings): Promise<number> {
  const path = settings.config;
  const result = await readConfig(path, { vppApiAddr: settings["vpp-api-addr"] });
  const host = new HostCheck({ log: NO_LOG });
  return reportCheck(path, checkedOnHost(result, { path, host, elsewhere: true }));
}

const NO_LOG: Logger = {
  enabled: () => false,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

function environment(name: string): string | undefined {
  return Deno.env.get(name);
}

function badConfigPath({ config, check }: MaglevdSettings): string | undefined {
  if (config === "") return "flag --config: need the path of a configuration file";
  if (check || !isStandardInput(config)) return undefined;
  return `flag --config: cannot run on standard input ("${config}"): a reload reads the ` +
    "configuration again; use a file, or add --check";
}

function badVppAddress(address: string): string | undefined {
  const reason = address === "" ? undefined : badTransportAddress(address);
  if (reason === undefined) return undefined;
  return `flag --vpp-api-addr: cannot use "${address}": ${reason}, or nothing for no VPP`;
}

function badStatsAddress(address: string): string | undefined {
  if (address === "" || address.startsWith("/")) return undefined;
  return `flag --vpp-stats-addr: cannot use "${address}": need an absolute path, or nothing for ` +
    "no counters";
}

function badMetricsAddress(address: string): string | undefined {
  const parsed = address === "" ? undefined : parseListenAddress(address);
  return typeof parsed === "string"
    ? `flag --metrics-addr: cannot use "${address}": ${parsed}, or nothing for no metrics`
    : undefined;
}

function reportCheck(path: string, result: ConfigResult): number {
  for (const { text } of result.warnings) writeLine(Deno.stdout, text);
  if (result.kind === "error") {
    for (const { text } of result.errors) writeLine(Deno.stdout, text);
    return result.status;
  }
  const { frontends, backends, healthchecks } = configSize(result.config);
  writeLine(
    Deno.stdout,
    `${path}: valid: ${frontends} frontends, ${backends} backends, ${healthchecks} healthchecks`,
  );
  return 0;
}
