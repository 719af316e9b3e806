/** A bug that is planted, to show that the simulation finds it. */

/** In `file`, the text `from`, which occurs once, becomes `to`. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}
