/**
 * The few commands of VPP's debug CLI that the simulator supports, for `cli_inband`. Words may be
 * shortened, as in VPP (`sh lb vips`).
 * PURE.
 */
import type { LbPlugin } from "./plugin.ts";
import type { Release } from "./release.ts";
import { showLb, showVips, showVipsVerbose } from "./show.ts";

/** The output of a command, and the result of VPP. */
export interface CliOutput {
  readonly retval: number;
  readonly reply: string;
}

interface CliContext {
  readonly plugin: LbPlugin;
  readonly release: Release;
  readonly version: { readonly version: string; readonly buildDate: string };
}

const COMMANDS: readonly (readonly [string, (context: CliContext) => string])[] = [
  ["show lb", ({ plugin }) => showLb(plugin)],
  ["show lb vips", ({ plugin }) => showVips(plugin)],
  ["show lb vips verbose", ({ plugin, release }) => showVipsVerbose(plugin, release)],
  // It has no interfaces but the one that every VPP has.
  ["show interface address", () => "local0 (dn):\n"],
  [
    "show version",
    ({ version }) => `vpp v${version.version} built by root on simulator at ${version.buildDate}\n`,
  ],
];

/** The output of `command`; retval -1 for one that is unknown. */
export function cliOutput(command: string, context: CliContext): CliOutput {
  const words = command.trim().split(/\s+/);
  for (const [text, run] of COMMANDS) {
    if (isShortFor(words, text.split(" "))) return { retval: 0, reply: run(context) };
  }
  return { retval: -1, reply: `unknown input \`${command.trim()}'\n` };
}

function isShortFor(words: readonly string[], full: readonly string[]): boolean {
  return words.length === full.length &&
    words.every((word, i) => word !== "" && full[i]!.startsWith(word));
}
