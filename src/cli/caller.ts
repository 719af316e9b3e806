/** Who sits here, as maglevd's log will call them. Nobody proves it. */

export interface CallerOptions {
  readonly env: (name: string) => string | undefined;
  readonly uid: () => number | null;
}

/**
 * The person before sudo, else the user; `uid-1001` without a name. Empty where the runtime may not
 * say: a call goes without it then.
 */
export function callerName({ env, uid }: CallerOptions): string {
  for (const name of ["SUDO_USER", "USER", "LOGNAME"]) {
    const value = permitted(() => env(name)) ?? "";
    if (value !== "") return value;
  }
  const id = permitted(uid) ?? null;
  return id === null ? "" : `uid-${id}`;
}

function permitted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return undefined;
  }
}
