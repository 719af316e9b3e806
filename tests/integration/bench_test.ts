/**
 * Runs the benchmarks with small parameters, so that they do not rot. It does not check their
 * figures.
 */
import assert from "node:assert/strict";
import { NO_NETNS } from "../support/servers/netns.ts";

/** One kind for each reference in C; that of packets needs root. */
const KINDS = ["http", "agent", "dns", ...NO_NETNS === undefined ? ["encap-tcp"] : []].join();

const SMALL: readonly [name: string, args: string[]][] = [
  ["probes", [
    ...["--kinds", KINDS, "--targets", "20", "--window", "1", "--drill", "0"],
    ...["--timeout", "900"],
  ]],
  ["metrics", ["--targets", "40", "--window", "2"]],
  ["reload", ["--targets", "120", "--kinds", "none,line", "--rounds", "1", "--window", "0.2"]],
  ["streams", ["--clients", "20", "--stuck", "2", "--window", "1"]],
  ["daemon", ["--kinds", "http", "--targets", "40", "--window", "1"]],
  ["cli", ["--backends", "20", "--rounds", "1"]],
  ["grpc", [
    ...["--seconds", "0.3", "--rounds", "1", "--in-flight", "8", "--targets", "40"],
    ...["--watchers", "3", "--rate", "30", "--window", "1", "--start-targets", "20"],
  ]],
  ["counters", ["--vips", "50", "--rounds", "20", "--on", "sim"]],
];

for (const [name, args] of SMALL) {
  Deno.test(`bench/${name}.ts prints one JSON object with parameters, environment and figures`, async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--frozen", "-A", `bench/${name}.ts`, ...args],
      cwd: new URL("../../", import.meta.url).pathname,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const result = JSON.parse(new TextDecoder().decode(stdout));
    assert.ok(result.parameters !== undefined && result.environment !== undefined);
    assert.ok(result.figures.length >= 1);
    for (const row of result.figures) {
      assert.equal(row.falseFailures ?? row.falseVerdicts ?? 0, 0, JSON.stringify(row));
      assert.equal(row.lost ?? 0, 0, JSON.stringify(row));
    }
  });
}
