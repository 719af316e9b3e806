/**
 * Listens to SIGHUP from the evaluation of this module to the end of the process.
 *
 * Half a second after its start Deno takes SIGHUP over; from then on it ends a process that does not
 * listen, also one whose listener was removed. Until then the launcher has it ignored, and blocked
 * where it can (held_hang_ups.ts). So an entry
 * file imports this module first and everything else afterwards (main.ts), and nothing is removed.
 */
let handler: (() => void) | undefined;
let pending = false;

Deno.addSignalListener("SIGHUP", () => {
  if (handler === undefined) pending = true;
  else handler();
});

/** Handles hang-ups by `fn` from now on, and an earlier one immediately; undefined: keeps them. */
export function handleHangUps(fn: (() => void) | undefined): void {
  handler = fn;
  if (fn === undefined || !pending) return;
  pending = false;
  fn();
}
