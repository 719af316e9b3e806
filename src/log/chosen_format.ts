/** The form of the log on standard output. */
import type { LogFormat } from "./forms.ts";

/** The configured form; `auto` is the one for people on a terminal. */
export function chosenFormat(configured: "auto" | "json" | "text" | "pretty"): LogFormat {
  const terminal = Deno.stdout.isTerminal();
  const format = configured === "auto" ? (terminal ? "pretty" : "json") : configured;
  return format === "pretty" && terminal && !Deno.noColor ? "colored" : format;
}
