/**
 * PURE. The name that a caller sends: the user name from maglevc, the login from a dashboard. It is
 * sent without proof, so it is shown as unverified and gives no role.
 */

/** The metadata that carries it. */
export const USER_HEADER = "x-maglev-user";

/** Longest name, in characters. */
const MAX_NAME = 64;

/**
 * Longest part of a proved identity before a name: intents keep 256 characters of both, which must
 * include the mark.
 */
const MAX_PROVED = 160;

/** Returns the name as it is sent and shown: ASCII letters, digits and `._@+-\`, others as `_`. */
export function cleanUserName(text: string): string {
  return text.slice(0, MAX_NAME).replace(/[^A-Za-z0-9._@+\\-]/g, "_");
}

/**
 * Returns the identity of a caller, from the proved identity and from the name that it sent. `user`
 * is the user of the unix socket.
 *
 *     proved         sent    identity
 *     ""             alice   alice (unverified)
 *     user "alice"   alice   user "alice"
 *     user "alice"   uid-5   user "alice"
 *     token "night"  alice   token "night" for alice (unverified)
 */
export function identityOf(
  proved: string,
  sent: readonly string[],
  user: string | undefined,
): string {
  const name = cleanUserName(sent[0] ?? "");
  const isNumber = user !== undefined && /^uid-\d+$/.test(name);
  if (name === "" || name === user || isNumber) return proved;
  return `${proved === "" ? "" : `${proved.slice(0, MAX_PROVED)} for `}${name} (unverified)`;
}
