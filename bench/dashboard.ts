/**
 * What the dashboard takes, in parts:
 *
 * - hub: the half that follows maglevds, as a process with one subscriber. Ten maglevds with canned
 *   data (support/canned_maglevds.ts), each with 1,000 backends probed once a second, 100 events/s in
 *   all: its CPU and memory while no browser shows a maglevd, while one is shown, and while all are.
 *   Then a daemon of 1,000 backends with real probes (support/scraped_daemon.ts): its CPU per probe
 *   without the stream of probes and with it, in turns, medians of three.
 * - browsers: maglevd-frontend as a program, following one such maglevd, with 200 event streams that
 *   read: time from the change at the maglevd to the browser's read, CPU and memory.
 *
 * Options: --parts hub,browsers --maglevds 10 --backends 1000 --rate 100 (events/s of all) --window 20 (s)
 * --soak 0 (s; how long memory is looked at, all maglevds shown) --browsers 200
 * --browser-backends 100
 */
import { parseArgs } from "node:util";
import { measureBrowsers } from "./support/dashboard_browsers.ts";
import { measureHub } from "./support/dashboard_hub.ts";
import { environment } from "./support/environment.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    parts: { type: "string", default: "hub,browsers" },
    maglevds: { type: "string", default: "10" },
    backends: { type: "string", default: "1000" },
    rate: { type: "string", default: "100" },
    window: { type: "string", default: "20" },
    soak: { type: "string", default: "0" },
    browsers: { type: "string", default: "200" },
    "browser-backends": { type: "string", default: "100" },
  },
});

const parameters = {
  parts: values.parts.split(","),
  maglevds: Number(values.maglevds),
  backends: Number(values.backends),
  rate: Number(values.rate),
  windowS: Number(values.window),
  soakS: Number(values.soak),
  browsers: Number(values.browsers),
  browserBackends: Number(values["browser-backends"]),
};

const PARTS: Readonly<Record<string, () => AsyncGenerator<object>>> = {
  hub: () => measureHub(parameters),
  browsers: () => measureBrowsers(parameters),
};

const rows: object[] = [];
for (const part of parameters.parts) {
  const measure = PARTS[part];
  if (measure === undefined) {
    throw new Error(`No part "${part}": need ${Object.keys(PARTS).join(" or ")}`);
  }
  for await (const figures of measure()) {
    const row = { part, load: environment().load, ...figures };
    console.error(JSON.stringify(row));
    rows.push(row);
  }
}
console.log(JSON.stringify({ parameters, environment: environment(), figures: rows }, null, 1));
