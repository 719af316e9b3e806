/**
 * Long calculations as generators: each `yield` is a place at which others may have a turn. Pure
 * code says where it may stop; whoever runs it decides whether it does.
 */

/** Runs `steps` to its end without a pause. */
export function finish<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
