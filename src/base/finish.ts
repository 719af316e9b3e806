/** Runs `steps`, a long calculation that can pause at each `yield`, to its end without a pause. */
export function finish<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
