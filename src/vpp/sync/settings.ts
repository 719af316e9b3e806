/** Settings of a Reconciler; read at start and after each reload. */
export interface ReconcilerSettings {
  /** Period of the full run; > 0. */
  readonly syncIntervalMs: number;
  /** Delays of warm-up; used at start only. */
  readonly startupMinDelayMs: number;
  readonly startupMaxDelayMs: number;
}
