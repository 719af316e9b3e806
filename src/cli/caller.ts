/** The name of the user, which maglevd logs as unverified. */

export interface CallerOptions {
  readonly env: (name: string) => string | undefined;
  readonly uid: () => number | null;
}

/**
 * Returns the user before sudo, otherwise the user, otherwise `uid-1001`. Empty without the
 * permission to read any of them: then calls are sent without a name.
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
