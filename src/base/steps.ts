/**
 * Long calculations as generators: each `yield` is a place where the caller may pause. Pure code
 * marks these places; the caller decides whether to pause.
 */

/** Runs `steps` to its end without a pause. */
export function finish<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
