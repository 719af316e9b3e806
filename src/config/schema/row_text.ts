/**
 * Describes in words what a row of the table expects: for messages ("expected a duration such as …")
 * and for the reference page, so that both agree.
 */
import { formatDuration } from "../../base/duration.ts";
import { listWords } from "../../base/text.ts";
import type { DecimalRow, DurationRow, IntegerRow, Row } from "./types.ts";

/** Ports of TCP and UDP that can be written. */
export const PORT_MIN = 1;
export const PORT_MAX = 65535;

/** The type with its article: `a duration such as 250ms, 2s or 1m30s`. */
export function expectation(row: Row): string {
  switch (row.type) {
    case "text":
      return "a text";
    case "reference":
      return "the name of a healthcheck";
    case "boolean":
      return "true or false";
    case "word":
      return listWords(row.words);
    case "integer":
      return "an integer";
    case "decimal":
      return "a number";
    case "port":
      return `a port from ${PORT_MIN} to ${PORT_MAX}` +
        (row.zero === undefined ? "" : `, or 0 for ${row.absent}`);
    case "duration":
      return "a duration such as 250ms, 2s or 1m30s";
    case "share":
      return "a number such as 2, or a percentage such as 50%";
    case "address":
      return row.family === undefined
        ? "an IP address such as 192.0.2.1 or 2001:db8::1"
        : row.family === 4
        ? "an IPv4 address such as 192.0.2.1"
        : "an IPv6 address such as 2001:db8::1";
    case "codes":
      return "a status code, a range such as 200-299, or a list of both";
    case "texts":
      return `${row.of}, or a list of them`;
    case "headers":
      return "a map of header names to values";
    case "section":
    case "variants":
      return "a map";
    case "named":
      return `a map with the name of ${row.of} as each key`;
    case "list":
      return "a list, each item of which begins with `- `";
  }
}

/** The range and form of a number: `a power of two from 2 to 65536`. */
export function numberRule(row: IntegerRow | DecimalRow | DurationRow): string {
  const show = (value: number) => row.type === "duration" ? formatDuration(value) : String(value);
  const range = `from ${show(row.min)} to ${show(row.max)}`;
  if (row.type === "integer") return row.powerOfTwo === true ? `a power of two ${range}` : range;
  return row.type === "duration" && row.wholeSeconds === true ? `whole seconds ${range}` : range;
}

/** The default as written in a file; undefined without a default. */
export function defaultText(row: Row): string | undefined {
  if (!("default" in row) || row.default === undefined) return undefined;
  if (row.type === "duration") return formatDuration(Number(row.default));
  return row.default === "" ? undefined : String(row.default);
}
