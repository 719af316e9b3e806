/**
 * Instants that the API can carry. It counts nanoseconds of Unix time in 64 bits with sign, which
 * end in the year 2262; a time after that is refused wherever one is read. PURE.
 */

/** The last whole millisecond of Unix time: 2262-04-11T23:47:16.854Z. */
export const LATEST_MS = 9_223_372_036_854;

/** Why an instant after LATEST_MS cannot be taken, as the end of a message. */
export const TOO_FAR_AWAY = "it is too far away: the latest is 2262-04-11";
