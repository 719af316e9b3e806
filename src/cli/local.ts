/** Commands that need no server. They load little, so that they answer immediately. */
import { MAGLEVC_FLAGS } from "./flags.ts";
import { helpText, topicText } from "./language/help.ts";
import type { Args, CommandName } from "./language/node.ts";
import { type OutputStream, writeText } from "../terminal/output.ts";

export type LocalCommand = "help" | "quit" | "completion";

/** True for commands that need no server. */
export function isLocal(command: CommandName): command is LocalCommand {
  return command === "help" || command === "quit" || command === "completion";
}

/** The exit status. @throws {OutputError} */
export async function runLocally(
  command: LocalCommand,
  { args, stdout }: { readonly args: Args; readonly stdout: OutputStream },
): Promise<number> {
  if (command === "help") {
    const { topic } = args;
    writeText(stdout, `${topic === undefined ? helpText() : topicText(topic)}\n`);
  }
  if (command === "completion") {
    const { completionScript } = await import("./language/completion_scripts.ts");
    const shell = args.shell === "zsh" || args.shell === "fish" ? args.shell : "bash";
    writeText(stdout, completionScript(shell, MAGLEVC_FLAGS));
  }
  return 0;
}
