/**
 * The shim that the probers of one thread share. It is opened at its first use and kept, because
 * opening it again could fail just when descriptors are used up.
 */
import { openShim, type Shim, type ShimResult } from "../../../ffi/open.ts";

/** The functions of a shim. */
export type ThreadCalls = Shim["calls"];

let opened: Extract<ShimResult, { kind: "ok" }> | undefined;

/** The shim, or the reason why it cannot be opened; then the next call tries again. */
export function openThreadShim(): ShimResult {
  if (opened !== undefined) return opened;
  const result = openShim();
  if (result.kind === "ok") opened = result;
  return result;
}

/** The shim; undefined when it cannot be opened. */
export function threadShim(): Shim | undefined {
  const result = openThreadShim();
  return result.kind === "ok" ? result.shim : undefined;
}

/** Closes the shim; the next use opens it again. */
export function closeThreadShim(): void {
  opened?.shim.close();
  opened = undefined;
}
