/**
 * Prometheus, and promtool, its own checker of metrics and rules. Debian has both in the package
 * `prometheus`, which would also start a server when installed; so they are extracted from the
 * package into build/.
 */
const ROOT = new URL("../../../", import.meta.url).pathname;
const OWN = `${ROOT}build/promtool/usr/bin`;
const PROGRAMS = ["promtool", "prometheus"] as const;

/** Path of promtool, or undefined. */
export function findPromtool(): string | undefined {
  return find("promtool");
}

/** Path of prometheus, or undefined. */
export function findPrometheus(): string | undefined {
  return find("prometheus");
}

function find(program: (typeof PROGRAMS)[number]): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return [...folders, OWN].map((folder) => `${folder}/${program}`).find(isFile);
}

/** Fetches them where that is possible (Debian, as root) and needed. */
export async function fetchPromtool(): Promise<void> {
  if (PROGRAMS.every(find) || Deno.uid() !== 0 || !isFile("/usr/bin/apt-get")) return;
  console.log("promtool: taking it out of Debian's package prometheus");
  const folder = await Deno.makeTempDir({ prefix: "maglev-promtool-" });
  try {
    await run("apt-get", ["update", "-q"], folder);
    await run("apt-get", ["download", "-q", "prometheus"], folder);
    const [file] = [...Deno.readDirSync(folder)];
    if (file === undefined) return;
    await run("dpkg-deb", ["-x", `${folder}/${file.name}`, `${folder}/x`], folder);
    await Deno.mkdir(OWN, { recursive: true });
    for (const program of PROGRAMS) {
      await Deno.copyFile(`${folder}/x/usr/bin/${program}`, `${OWN}/${program}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log(`promtool is not available: ${error.message}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
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

async function run(command: string, args: string[], cwd: string): Promise<void> {
  await new Deno.Command(command, {
    args,
    cwd,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
