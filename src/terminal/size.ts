/** PURE. The size of a terminal. */

export interface Size {
  readonly columns: number;
  readonly rows: number;
}
