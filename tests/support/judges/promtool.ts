/** Prometheus, and promtool, its own checker of metrics and rules. */
import { type DebianPrograms, fetchPrograms, findProgram } from "../servers/debian_programs.ts";

const PROMTOOL: DebianPrograms = {
  name: "promtool",
  packages: ["prometheus"],
  programs: ["promtool", "prometheus"],
};

/** Path of promtool, or undefined. */
export function findPromtool(): string | undefined {
  return findProgram(PROMTOOL, "promtool");
}

/** Path of prometheus, or undefined. */
export function findPrometheus(): string | undefined {
  return findProgram(PROMTOOL, "prometheus");
}

/** Fetches them where that is possible and needed. */
export function fetchPromtool(): Promise<void> {
  return fetchPrograms(PROMTOOL);
}

/** Output of `promtool check metrics` for a page; empty: valid. */
export function checkMetrics(promtool: string, text: string): Promise<string> {
  return askPromtool(promtool, ["check", "metrics"], { stdin: text });
}

/** Output of promtool, after `exit N` if it failed. */
export async function askPromtool(
  promtool: string,
  args: readonly string[],
  { stdin = "", cwd }: { readonly stdin?: string; readonly cwd?: string } = {},
): Promise<string> {
  const child = new Deno.Command(promtool, {
    args: [...args],
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return code === 0 ? said : `exit ${code}\n${said}`;
}

/** An alerting rule with the series that it is tested on. */
export interface RuleTest {
  readonly expression: string;
  /** Series as on the page → its value at each minute. */
  readonly series: Readonly<Record<string, readonly number[]>>;
  /** Minute → labels of the alerts that fire then. */
  readonly firing: Readonly<Record<number, readonly Readonly<Record<string, string>>[]>>;
}

/** Returns the output of `promtool test rules` for a rule; empty: it fires when it should. */
export async function testRule(promtool: string, test: RuleTest): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-rules-" });
  // YAML takes JSON.
  const write = (name: string, value: unknown) =>
    Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(value));
  try {
    await write("rules.yml", {
      groups: [{ name: "g", rules: [{ alert: "Alert", expr: test.expression }] }],
    });
    await write("test.yml", {
      rule_files: ["rules.yml"],
      evaluation_interval: "1m",
      tests: [{
        interval: "1m",
        input_series: Object.entries(test.series)
          .map(([series, values]) => ({ series, values: values.join(" ") })),
        alert_rule_test: Object.entries(test.firing).map(([minute, alerts]) => ({
          eval_time: `${minute}m`,
          alertname: "Alert",
          exp_alerts: alerts.map((exp_labels) => ({ exp_labels })),
        })),
      }],
    });
    const said = await askPromtool(promtool, ["test", "rules", "test.yml"], { cwd: folder });
    return said.startsWith("exit ") ? said : "";
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
