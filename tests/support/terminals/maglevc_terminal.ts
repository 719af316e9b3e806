/**
 * maglevc's shell, or another program, in a real terminal (tmux), with the terminal's settings read before and after.
 */
import { readUntil, until, type UntilOptions } from "../judges/until.ts";
import { maglevcCommand, maglevcEnvironment } from "./maglevc.ts";

/** Every wait for the screen. */
const PATIENCE: UntilOptions = { deadlineMs: 20_000, everyMs: 30 };

export interface MaglevcTerminalOptions {
  /** A folder of the test's own: HOME, and where files of the run are. */
  readonly home: string;
  readonly columns?: number;
  readonly rows?: number;
  /** Parent of maglevc; default sh, which does not change the terminal's mode. */
  readonly shell?: string;
  /** Instead of cli.ts. */
  readonly entry?: string;
  /** The right to use them is given to maglevc. */
  readonly sockets?: readonly string[];
  /** Another program than maglevc. */
  readonly command?: readonly string[];
}

export class MaglevcTerminal implements AsyncDisposable {
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
  }

  /** A terminal with a shell in it; maglevc is `./run`. */
  static async open(options: MaglevcTerminalOptions): Promise<MaglevcTerminal> {
    const { home, columns = 80, rows = 24, shell = "sh" } = options;
    const terminal = new MaglevcTerminal(home);
    const words = options.command ?? maglevcCommand(options);
    const command = words.map((word) => `'${word}'`).join(" ");
    // No shell that puts settings right stands between maglevc's end and the second look. Ctrl-C is
    // for everyone at the terminal, and would end the script once maglevc has ended.
    await Deno.writeTextFile(
      `${home}/run`,
      `#!/bin/sh\ntrap : INT QUIT\nstty -a >before\nsh -c 'echo $$ >pid; exec "$@"' sh ${command} "$@"\n` +
        'echo "status $?"\nstty -a >after\n',
      { mode: 0o755 },
    );
    const size = ["-x", String(columns), "-y", String(rows)];
    await terminal.#tmux("new-session", "-d", ...size, "-c", home, `env PS1='$ ' ${shell}`);
    await terminal.until(/^\$ *$/m, shell);
    return terminal;
  }

  /** Types `text`, then the keys, by tmux's names. */
  async type(text: string, ...keys: readonly string[]): Promise<void> {
    if (text !== "") await this.#tmux("send-keys", "-l", "--", text);
    if (keys.length > 0) await this.#tmux("send-keys", ...keys);
  }

  /**
   * Runs a command of the shell outside, which shows its prompt. The screen is empty before it, so
   * that a wait for the command's output does not find what an earlier one printed.
   */
  async command(text: string): Promise<void> {
    await this.type("clear", "Enter");
    await this.until(/^\$ *$/, "an empty screen of the shell outside");
    await this.type(text, "Enter");
  }

  /** Pastes as a terminal does: marked, when the program asked for that. */
  async paste(text: string): Promise<void> {
    await Deno.writeTextFile(`${this.#home}/paste`, text);
    await this.#tmux("load-buffer", `${this.#home}/paste`);
    await this.#tmux("paste-buffer", "-p", "-r");
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** The visible screen; lines that wrap are as on the screen. */
  async screen(): Promise<string> {
    return (await this.#tmux("capture-pane", "-p")).trimEnd();
  }

  /** Counted from 0. */
  async cursor(): Promise<{ readonly column: number; readonly row: number }> {
    const text = await this.#tmux("display-message", "-p", "#{cursor_x} #{cursor_y}");
    const [column, row] = text.trim().split(" ").map(Number);
    return { column: column!, row: row! };
  }

  /** Waits until the cursor is at the start of a row: what was typed was taken. */
  async untilRowStart(): Promise<void> {
    const what = "the cursor is at the start of a row";
    await until(async () => (await this.cursor()).column === 0, { ...PATIENCE, what });
  }

  /** Away with what is to be seen. */
  async clear(): Promise<void> {
    await this.type("", "C-l");
    await this.until(/^[^\n]*$/, "an empty screen");
  }

  /** The screen, once it is as wanted. */
  async until(wanted: RegExp | ((screen: string) => boolean), what: string): Promise<string> {
    const isWanted = wanted instanceof RegExp ? (text: string) => wanted.test(text) : wanted;
    return await readUntil(() => this.screen(), isWanted, { ...PATIENCE, what });
  }

  /** The status that maglevc ended with. */
  async ended(): Promise<number> {
    const pattern = /^status (\d+)\n(?:.*\n)*\$ *$/m;
    const screen = await this.until(pattern, "maglevc's end");
    return Number(pattern.exec(screen)![1]);
  }

  /** The terminal's settings before and after the last run; its size may have changed. */
  async settings(): Promise<readonly [before: string, after: string]> {
    const read = async (name: string) =>
      (await Deno.readTextFile(`${this.#home}/${name}`)).replace(/rows \d+; columns \d+;/, "");
    return [await read("before"), await read("after")];
  }

  /** Input of a program after maglevc has ended, when `text` is pasted. */
  async pasted(text: string): Promise<string> {
    await this.command("cat >pasted; echo do''ne");
    await this.untilRowStart();
    await this.paste(text);
    await this.type("", "Enter", "C-d");
    await this.until(/done/, "cat's end");
    return await Deno.readTextFile(`${this.#home}/pasted`);
  }

  /** Sends a signal to maglevc. */
  async kill(signal: Deno.Signal): Promise<void> {
    Deno.kill(Number(await Deno.readTextFile(`${this.#home}/pid`)), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
  }

  async #tmux(...args: string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("tmux", {
      args: ["-S", `${this.#home}/tmux`, "-f", "/dev/null", ...args],
      clearEnv: true,
      env: { ...maglevcEnvironment(this.#home), XDG_STATE_HOME: `${this.#home}/state` },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(`tmux ${args[0]}: ${decoder.decode(stderr)}`);
    return decoder.decode(stdout);
  }
}
