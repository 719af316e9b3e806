/**
 * Runs all benchmarks, one after the other, and writes each one's JSON object on a line of its own.
 * Arguments are names of benchmarks; without any, all run but `soak`, which takes ten minutes. A
 * benchmark without its requirement is left out with a message: MAGLEV_VPP_PREFIX for a real VPP,
 * the server farm of ../shared, or Chromium.
 */
const BENCHMARKS: readonly {
  name: string;
  needs?: "vpp" | "farm" | "chromium";
  onlyByName?: boolean;
}[] = [
  { name: "probes" },
  { name: "health", needs: "farm" },
  { name: "daemon" },
  { name: "reload" },
  { name: "metrics" },
  { name: "streams" },
  { name: "grpc" },
  { name: "ping", needs: "vpp" },
  { name: "sync", needs: "vpp" },
  { name: "reaction", needs: "vpp" },
  { name: "counters" },
  { name: "fleet" },
  { name: "cli" },
  { name: "dashboard" },
  { name: "dashboard_page", needs: "chromium" },
  { name: "tester" },
  { name: "floors", needs: "farm" },
  { name: "soak", needs: "farm", onlyByName: true },
];

const FARM = new URL("../../shared/bench/health/farm.c", import.meta.url);

const CHROMIUM = "/usr/bin/chromium";

/** The missing requirement; undefined: the benchmark can run. */
async function lack(needs: "vpp" | "farm" | "chromium" | undefined): Promise<string | undefined> {
  if (needs === "vpp" && (Deno.env.get("MAGLEV_VPP_PREFIX") ?? "") === "") {
    return "MAGLEV_VPP_PREFIX is not set";
  }
  if (needs === "farm" && !await Deno.stat(FARM).then(() => true, () => false)) {
    return `${FARM.pathname} does not exist`;
  }
  if (needs === "chromium" && !await Deno.stat(CHROMIUM).then(() => true, () => false)) {
    return `${CHROMIUM} does not exist`;
  }
  return undefined;
}

const known = BENCHMARKS.map(({ name }) => name);
const unknown = Deno.args.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`bench: unknown benchmark ${unknown.join(", ")}; expected ${known.join(", ")}`);
  Deno.exit(2);
}
const chosen = BENCHMARKS.filter(({ name, onlyByName }) =>
  Deno.args.length === 0 ? onlyByName !== true : Deno.args.includes(name)
);
let failed = 0;
for (const { name, needs } of chosen) {
  const reason = await lack(needs);
  if (reason !== undefined) {
    console.error(`bench ${name}: skipped: ${reason}`);
    continue;
  }
  console.error(`bench ${name} …`);
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", new URL(`${name}.ts`, import.meta.url).pathname],
    stderr: "inherit",
  }).output();
  if (!success) failed++;
  else console.log(JSON.stringify(JSON.parse(new TextDecoder().decode(stdout))));
}
Deno.exit(failed === 0 ? 0 : 1);
