/** PURE. Queries of paths under `api/`: a path has some parameters, and no others. */
import type { WholeAnswer } from "../../http/ports.ts";
import { failure } from "./answers.ts";

/** Parameters of a path. */
export interface Parameters {
  readonly once?: readonly string[];
  /** These may be repeated. */
  readonly many?: readonly string[];
}

/**
 * The query's parameters; a text: what is wrong, beginning with the parameter. One that the path does
 * not have is an error, because a misspelt one would be ignored.
 */
export function readQuery(
  query: string,
  { once = [], many = [] }: Parameters,
): URLSearchParams | string {
  const parameters = new URLSearchParams(query);
  const known = [...once, ...many];
  for (const name of new Set(parameters.keys())) {
    if (!known.includes(name)) {
      const all = known.length === 0
        ? "this path takes no parameters"
        : `known are ${known.join(", ")}`;
      return `${name.slice(0, 64)}: unknown parameter; ${all}`;
    }
    if (once.includes(name) && parameters.getAll(name).length > 1) return `${name}: given twice`;
  }
  return parameters;
}

export function badQuery(message: string): WholeAnswer {
  return failure(400, { code: "invalid-argument", message });
}
