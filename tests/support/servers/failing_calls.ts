/** Builds failing_calls.c, and sets what is to fail. */

const SOURCE = new URL("failing_calls.c", import.meta.url).pathname;

/** Why calls cannot be made to fail here; undefined when they can. */
export const NO_FAULTS: string | undefined = (await run("cc", ["--version"]))
  ? undefined
  : "a C compiler (cc) is not installed";

async function run(program: string, args: string[]): Promise<boolean> {
  try {
    const options = { args, stdin: "null", stdout: "null", stderr: "inherit" } as const;
    return (await new Deno.Command(program, options).output()).success;
  } catch {
    return false;
  }
}

/** Calls of one process that can be made to fail. */
export class FailingCalls {
  /** Environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  readonly #file: string;

  private constructor(folder: string) {
    this.#file = `${folder}/fault`;
    this.env = { LD_PRELOAD: `${folder}/failing_calls.so`, MAGLEV_TEST_FAULT: this.#file };
  }

  /** In a folder that the test owns. */
  static async build(folder: string): Promise<FailingCalls> {
    const library = `${folder}/failing_calls.so`;
    const built = await run("cc", ["-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"]);
    if (!built) throw new Error(`cannot build ${SOURCE}`);
    return new FailingCalls(folder);
  }

  /** From now on `call` fails with that errno. */
  async fail(call: string, errno: number): Promise<void> {
    await Deno.writeTextFile(`${this.#file}.new`, `${call} ${errno}`);
    await Deno.rename(`${this.#file}.new`, this.#file);
  }

  /** From now on nothing fails. */
  async heal(): Promise<void> {
    await this.fail("none", 0);
  }
}
