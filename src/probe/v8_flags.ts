/**
 * PURE. Flags of V8 that the daemon wants on its command line (`deno run --v8-flags=…`); they
 * cannot be set later, or for a worker alone. It works without them, but:
 *
 * - `max-semi-space-size`: probes make short-lived garbage, and V8 by default lets the room for it
 *   grow to 16 MiB a side in each thread. With 4 MiB, 10,000 HTTP targets at one probe a second
 *   take 150 MiB instead of 255, for no measurable CPU.
 * - `enable-experimental-regexp-engine-on-excessive-backtracks`: a response-regexp such as
 *   `^(a+)+$` takes exponential time on the wrong body, which a hostile server can send; V8 then
 *   changes to an engine of linear time. Without it the hanging worker is replaced after 5 s, and
 *   meanwhile probes nobody.
 */
export const V8_FLAGS: readonly string[] = [
  "--max-semi-space-size=4",
  "--enable-experimental-regexp-engine-on-excessive-backtracks",
];
