/** Programs that a release build runs. */

export interface CommandOptions {
  readonly cwd?: string;
  /** Variables in addition to the caller's. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and returns its output without the last newline; throws its errors. */
export async function output(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
    ...options.env === undefined ? {} : { env: { ...options.env } },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (success) return text(stdout).replace(/\n$/, "");
  const said = (text(stderr) || text(stdout)).trimEnd();
  throw new Error(`cannot run ${program} ${args.join(" ")}: exit status ${code}: ${said}`);
}
