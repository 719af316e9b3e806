/**
 * PURE. What a caller says of who sits before it: maglevc sends the name of its user, a dashboard
 * the login. Nobody proves it, so it is shown with that word and gives no role.
 */

/** The metadata that carries it. */
export const USER_HEADER = "x-maglev-user";

/** Longest name, in characters. */
const MAX_NAME = 64;

/** The name as it is sent and shown: letters, digits and `._@+-\` of ASCII, others as `_`. */
export function cleanUserName(text: string): string {
  return text.slice(0, MAX_NAME).replace(/[^A-Za-z0-9._@+\\-]/g, "_");
}

/**
 * Who it is, as far as known: what was proved, and what is only said.
 *
 *     proved         said    identity
 *     ""             alice   alice (unverified)
 *     user "alice"   alice   user "alice"
 *     token "night"  alice   token "night" for alice (unverified)
 */
export function identityOf(
  proved: string,
  said: readonly string[],
  user: string | undefined,
): string {
  const name = cleanUserName(said[0] ?? "");
  if (name === "" || name === user) return proved;
  return `${proved === "" ? "" : `${proved} for `}${name} (unverified)`;
}
