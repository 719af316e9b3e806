/** Runs maglevd-frontend: arguments in, exit status out. */
import { permissionText } from "../base/permission.ts";
import { BUILD } from "../base/version.ts";
import { buildInfo } from "../system/launch/build.ts";
import { readSettings, usage } from "../system/settings.ts";
import { writeLine } from "../system/stdio.ts";
import { FRONTEND_FLAGS } from "./flags.ts";
import { serve } from "./serve.ts";
import { checkSettings } from "./settings.ts";

const HEAD = `maglevd-frontend ${BUILD.version}: the dashboard of one or several maglevds

Usage: maglevd-frontend --server [NAME=]ADDR[,…] [flags]
SIGTERM and SIGINT stop it; SIGHUP is ignored.`;

/** Runs the dashboard to its end; the result is the exit status. */
export async function runFrontend(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    const permission = permissionText(error);
    if (permission === undefined) throw error;
    complain(`cannot start: ${permission}`);
    return 1;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const env = (name: string) => Deno.env.get(name);
  const read = readSettings(FRONTEND_FLAGS, { args, env });
  if (read.kind === "error") return misused(read.message);
  const { settings, given } = read;
  if (settings.help) {
    writeLine(Deno.stdout, usage(FRONTEND_FLAGS, HEAD));
    return 0;
  }
  if (settings["print-permissions"]) {
    return misused(
      "flag --print-permissions: cannot answer: the program does not see the permissions it was " +
        "started with; start it by its launcher (`deno task maglevd-frontend`)",
    );
  }
  if (settings.version) {
    const { version, commit, date } = buildInfo();
    writeLine(Deno.stdout, `maglevd-frontend ${version} (commit ${commit}, ${date})`);
    return 0;
  }
  const checked = checkSettings(settings, given);
  if (typeof checked === "string") return misused(checked);
  const failed = await serve(checked);
  if (typeof failed === "number") return failed;
  complain(`cannot start: ${failed}`);
  return 1;
}

function misused(message: string): number {
  complain(message);
  return 2;
}

function complain(message: string): void {
  writeLine(Deno.stderr, `maglevd-frontend: ${message}`);
}
