/**
 * maglevd from its arguments to its exit status.
 */
import { parseListenAddress } from "../base/listen_address.ts";
import { BUILD } from "../base/version.ts";
import { hostRefusal } from "../probe/machine.ts";
import { readSettings, usage } from "../system/settings.ts";
import { configSize, readConfig, type Readout } from "./config.ts";
import { MAGLEVD_FLAGS } from "./flags.ts";
import { badGrpcSettings } from "./grpc.ts";
import { badTransportAddress } from "../vpp/transport/connect.ts";
import { serve } from "./serve.ts";
import { writeLine } from "./stdio.ts";

const HEAD = `maglevd ${BUILD.version}: health-checks servers and programs VPP's load balancer

Usage: maglevd [flags]
SIGHUP reloads the configuration; SIGTERM and SIGINT stop and leave VPP as it is.`;

/** Runs the daemon to its end; the result is the exit status. */
export async function runMaglevd(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    const permission = /^(Requires [^,]*)/.exec(error.message)?.[1] ?? error.message;
    writeLine(
      Deno.stderr,
      `maglevd: cannot start: started without a permission it needs: ${permission} ` +
        "(`deno task maglevd` has them all)",
    );
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
  if (settings.version) {
    writeLine(Deno.stdout, `maglevd ${BUILD.version} (commit ${BUILD.commit}, ${BUILD.date})`);
    return 0;
  }
  const bad = settings.config === ""
    ? "Flag --config: need the path of a configuration file"
    : badVppAddress(settings["vpp-api-addr"]) ?? badStatsAddress(settings["vpp-stats-addr"]) ??
      badMetricsAddress(settings["metrics-addr"]) ??
      badGrpcSettings(settings);
  if (bad !== undefined) {
    writeLine(Deno.stderr, `maglevd: ${bad}`);
    return 2;
  }
  if (!settings.check) return await serve(settings);
  const readout = await readConfig(settings.config, { vppApiAddr: settings["vpp-api-addr"] });
  return reportCheck(settings.config, readout);
}

function environment(name: string): string | undefined {
  return Deno.env.get(name);
}

function badVppAddress(address: string): string | undefined {
  const reason = address === "" ? undefined : badTransportAddress(address);
  if (reason === undefined) return undefined;
  return `Flag --vpp-api-addr: cannot use "${address}": ${reason}, or nothing for no VPP`;
}

function badStatsAddress(address: string): string | undefined {
  if (address === "" || address.startsWith("/")) return undefined;
  return `Flag --vpp-stats-addr: cannot use "${address}": need an absolute path, or nothing for ` +
    "no counters";
}

function badMetricsAddress(address: string): string | undefined {
  const parsed = address === "" ? undefined : parseListenAddress(address);
  return typeof parsed === "string"
    ? `Flag --metrics-addr: cannot use "${address}": ${parsed}, or nothing for no metrics`
    : undefined;
}

function reportCheck(path: string, readout: Readout): number {
  for (const { text } of readout.warnings) writeLine(Deno.stdout, text);
  if (readout.kind === "error") {
    for (const { text } of readout.errors) writeLine(Deno.stdout, text);
    return readout.status;
  }
  // A warning only, because the file may be meant for another host.
  const refusal = hostRefusal(readout.config);
  if (refusal !== undefined) {
    writeLine(Deno.stdout, `${path}: warning: ${refusal}; maglevd does not start without it`);
  }
  const { frontends, backends, healthchecks } = configSize(readout.config);
  writeLine(
    Deno.stdout,
    `${path}: valid: ${frontends} frontends, ${backends} backends, ${healthchecks} healthchecks`,
  );
  return 0;
}
