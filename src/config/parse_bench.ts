/**
 * How long a large file takes: 10,000 backends, 1,000 frontends with two pools of four.
 *
 *     deno bench -A src/config/parse_bench.ts
 */
import { diffConfig } from "./diff.ts";
import { parseConfig } from "./parse.ts";

const text = largeFile({ backends: 10_000, frontends: 1_000 });
const config = readLarge(text);
const other = readLarge(text);

Deno.bench(`parseConfig() of ${(text.length / 1e6).toFixed(2)} MB, 10,000 backends`, () => {
  parseConfig(text, { file: "large.yaml" });
});

Deno.bench("diffConfig() of 10,000 backends, nothing changed", () => {
  diffConfig(config, other);
});

function largeFile(options: { backends: number; frontends: number }): string {
  const lines = ["maglev:", "  healthchecks:", "    http: { type: http, port: 80 }", "  backends:"];
  for (let i = 0; i < options.backends; i++) {
    lines.push(
      `    backend-${i}:`,
      `      address: 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
      "      healthcheck: http",
    );
  }
  lines.push("  frontends:");
  for (let i = 0; i < options.frontends; i++) {
    lines.push(`    web-${i}:`, `      address: 192.0.${i >> 8}.${i & 255}`);
    lines.push("      protocol: tcp", "      port: 80", "      pools:");
    for (const pool of [0, 1]) {
      lines.push(`        - name: pool-${pool}`, "          backends:");
      for (let j = 0; j < 4; j++) {
        const backend = (i * 10 + pool * 5 + j) % options.backends;
        lines.push(`            backend-${backend}: { weight: 50 }`);
      }
    }
  }
  return lines.join("\n") + "\n";
}

function readLarge(file: string) {
  const result = parseConfig(file, { file: "large.yaml" });
  if (result.kind !== "ok") throw new Error("the large file is invalid");
  return result.config;
}
