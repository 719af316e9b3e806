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
 * - memory, when it is named: the same program for a long time, so with `--browsers 20 --rate 2`. Each
 *   minute its resident memory is read, one browser leaves and comes back, and the state is loaded.
 *
 * Options: --parts hub,browsers --maglevds 10 --backends 1000 --rate 100 (events/s of all) --window 20 (s)
 * --browsers 200 --browser-backends 100 --minutes 60 (of memory)
 */
import { parseArgs } from "node:util";
import { measureBrowsers } from "./support/dashboard_browsers.ts";
import { measureHub } from "./support/dashboard_hub.ts";
import { measureMemory } from "./support/dashboard_memory.ts";
import { environment } from "./support/environment.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    parts: { type: "string", default: "hub,browsers" },
    maglevds: { type: "string", default: "10" },
    backends: { type: "string", default: "1000" },
    rate: { type: "string", default: "100" },
    window: { type: "string", default: "20" },
    browsers: { type: "string", default: "200" },
    "browser-backends": { type: "string", default: "100" },
    minutes: { type: "string", default: "60" },
  },
});

const parameters = {
  parts: values.parts.split(","),
  maglevds: Number(values.maglevds),
  backends: Number(values.backends),
  rate: Number(values.rate),
  windowS: Number(values.window),
  browsers: Number(values.browsers),
  browserBackends: Number(values["browser-backends"]),
  minutes: Number(values.minutes),
};

const PARTS: Readonly<Record<string, () => AsyncGenerator<object>>> = {
  hub: () => measureHub(parameters),
  browsers: () => measureBrowsers(parameters),
  memory: () => measureMemory(parameters),
};

const rows: object[] = [];
for (const part of parameters.parts) {
  const measure = PARTS[part];
  if (measure === undefined) {
    throw new Error(`No part "${part}": need ${Object.keys(PARTS).join(", ")}`);
  }
  for await (const figures of measure()) {
    const row = { part, load: environment().load, ...figures };
    console.error(JSON.stringify(row));
    rows.push(row);
  }
}
console.log(JSON.stringify({ parameters, environment: environment(), figures: rows }, null, 1));
