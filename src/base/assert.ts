/**
 * Invariants that stay on in production. They catch mistakes of ours, never bad input:
 * bad input gets a MaglevError or an Issue.
 */

/** Thrown when the program contradicts itself; only the handler of last resort catches it. */
export class InvariantError extends Error {
  override name = "InvariantError";
}

/** Throws an InvariantError with `message` unless `condition` holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(`broken invariant: ${message}`);
}

/**
 * Throws an InvariantError. For frequent paths, `value ?? violated(...)`: the message is made only
 * when it is needed.
 */
export function violated(message: string): never {
  throw new InvariantError(`broken invariant: ${message}`);
}

/** Marks a place that the types rule out, such as the default of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable value: ${JSON.stringify(value)}`);
}
