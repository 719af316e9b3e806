/** Renders values as text. PURE. */
export {
  elapsed,
  instant,
  millisecondsOf,
  preciseInstant,
  wallMsOfNanoseconds,
} from "./duration.ts";
export { jsonLine, jsonText } from "./json.ts";
export { countCell, counted, percent, percentCell, scaled } from "./numbers.ts";
export { type RenderOptions, renderView } from "./view.ts";
export { addressText, vipText } from "./vip.ts";
export { yamlText } from "./yaml.ts";
