/**
 * Runs all benchmarks, one after the other, and writes each one's JSON object on a line of its own.
 * Arguments are names of benchmarks to run; none: all. Those that need a real VPP say so and are
 * left out without MAGLEV_VPP_PREFIX.
 */
const BENCHMARKS: readonly { name: string; needsVpp: boolean }[] = [
  { name: "probes", needsVpp: false },
  { name: "daemon", needsVpp: false },
  { name: "ping", needsVpp: true },
  { name: "sync", needsVpp: true },
  { name: "reaction", needsVpp: true },
  { name: "counters", needsVpp: false },
];

const known = BENCHMARKS.map(({ name }) => name);
const unknown = Deno.args.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`bench: no benchmark ${unknown.join(", ")}; there are ${known.join(", ")}`);
  Deno.exit(2);
}
const chosen = BENCHMARKS.filter(({ name }) => Deno.args.length === 0 || Deno.args.includes(name));
let failed = 0;
for (const { name, needsVpp } of chosen) {
  if (needsVpp && (Deno.env.get("MAGLEV_VPP_PREFIX") ?? "") === "") {
    console.error(`bench ${name}: left out, for MAGLEV_VPP_PREFIX is not set`);
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
