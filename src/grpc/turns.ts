/** Calls that arrive together are answered in turns. */
export { TURN_MS, Turns } from "../async/time_slices.ts";
