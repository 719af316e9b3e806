/** The password of `/admin/`: from a file, or from the environment. */
import { MaglevError } from "../base/errors.ts";
import { fileProblem, readRegularText } from "../system/read_file.ts";
import { PASSWORD_VARIABLE } from "./flags.ts";

export interface PasswordSource {
  /** Path; empty: none. */
  readonly file: string;
  /** Value of PASSWORD_VARIABLE; empty or undefined: none. */
  readonly variable: string | undefined;
}

/** Longest password, in UTF-16 units. */
const MAX_LENGTH = 1024;

/**
 * The password; empty: none was configured. A file that cannot be used is an error, so that a
 * mistake in it does not look like a dashboard without a login.
 *
 * @throws {MaglevError} `failed-precondition`
 */
export async function readPassword({ file, variable = "" }: PasswordSource): Promise<string> {
  if (file === "") return checked(variable, `environment variable ${PASSWORD_VARIABLE}`);
  if (variable !== "") {
    throw new MaglevError(
      "failed-precondition",
      `flag --password-file: ${PASSWORD_VARIABLE} is set too; remove one of them`,
    );
  }
  const password = (await readFile(file)).replace(/\r?\n$/, "");
  if (password === "") throw refusal(file, "it is empty");
  return checked(password, `flag --password-file: ${file}`);
}

async function readFile(path: string): Promise<string> {
  try {
    return await readRegularText(path, { maxBytes: 4 * MAX_LENGTH, secret: true });
  } catch (error) {
    throw refusal(path, fileProblem(error));
  }
}

function checked(password: string, where: string): string {
  if (password.length <= MAX_LENGTH && !/\p{Cc}/u.test(password)) return password;
  throw new MaglevError(
    "failed-precondition",
    `${where}: need one line of at most ${MAX_LENGTH} characters`,
  );
}

function refusal(path: string, reason: string): MaglevError {
  return new MaglevError(
    "failed-precondition",
    `flag --password-file: cannot use ${path}: ${reason}`,
  );
}
