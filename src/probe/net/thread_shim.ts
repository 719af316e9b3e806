/**
 * The shim as the probers of one thread share it: opened with its first use and kept, because
 * opening it again could fail just when descriptors are used up.
 */
import { openShim, type Shim, type ShimResult } from "../../../ffi/open.ts";

let opened: Extract<ShimResult, { kind: "ok" }> | undefined;

/** The shim, or why there is none; then the next call looks again. */
export function openThreadShim(): ShimResult {
  if (opened !== undefined) return opened;
  const result = openShim();
  if (result.kind === "ok") opened = result;
  return result;
}

/** The shim; undefined where there is none. */
export function threadShim(): Shim | undefined {
  const result = openThreadShim();
  return result.kind === "ok" ? result.shim : undefined;
}

/** Closes it; the next use opens it again. */
export function closeThreadShim(): void {
  opened?.shim.close();
  opened = undefined;
}
