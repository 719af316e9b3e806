import assert from "node:assert/strict";
import { badFleetSettings, createFleetMember, type FleetSettings, openBook } from "./fleet.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import type { Reloader } from "../reload.ts";
import { setUp } from "../../../tests/support/worlds/checker_fixture.ts";

const OFF: FleetSettings = {
  config: "/nowhere/maglev.yaml",
  "fleet-store": "",
  fleet: "default",
  "fleet-lb": "",
  "fleet-site": "",
  "fleet-tls-ca": "",
  "fleet-tls-cert": "",
  "fleet-tls-key": "",
  "state-dir": "",
};
const ON: FleetSettings = { ...OFF, "fleet-store": "etcd:h1:2379,[::1]:2379", "fleet-lb": "lb1" };

Deno.test("badFleetSettings() names the flag and what it needs", () => {
  const cases: [Partial<FleetSettings>, RegExp | undefined][] = [
    [{}, undefined],
    [{ "fleet-store": "h1:2379" }, /--fleet-store: need etcd:HOST:PORT/],
    [{ "fleet-store": "etcd:h1" }, /--fleet-store: need host:port of each server, have "h1"/],
    [{ "fleet-store": "etcd::2379" }, /--fleet-store: need host:port/],
    [{ "fleet-lb": "" }, /--fleet-lb: need a name/],
    [{ fleet: "a/b" }, /--fleet: need a name/],
    [{ "fleet-site": "a b" }, /--fleet-site: need a name/],
    [{ "fleet-tls-cert": "c" }, /need both or neither/],
    [{ "fleet-tls-cert": "c", "fleet-tls-key": "k" }, /needs --fleet-tls-ca too/],
  ];
  for (const [change, wanted] of cases) {
    const problem = badFleetSettings({ ...ON, ...change });
    if (wanted === undefined) assert.equal(problem, undefined);
    else assert.match(String(problem), wanted);
  }
  assert.equal(badFleetSettings({ ...OFF, "fleet-tls-cert": "c" }), undefined);
});

Deno.test("without --fleet-store nothing is opened or made", async () => {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  assert.equal(await openBook({ ...OFF, "state-dir": "/nowhere" }, { clock, logger }), undefined);
  const { checker } = setUp();
  const reloader = undefined as unknown as Reloader;
  const parts = { checker, vpp: undefined, book: undefined, reloader, clock, logger };
  assert.equal(await createFleetMember(OFF, parts), undefined);
  assert.deepEqual(logger.records, []);
});

Deno.test("a store without a state directory is warned of", async () => {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  assert.equal(await openBook(ON, { clock, logger }), undefined);
  assert.match(String(logger.of("config-warning")[0]?.message), /--state-dir sets one/);
});

Deno.test("without a store nothing of it is loaded: only import() leads to it", async () => {
  const root = new URL("../../../", import.meta.url);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "src/daemon/run.ts"],
    cwd: root,
  }).output();
  const { roots, modules, redirects }: ModuleGraph = JSON.parse(new TextDecoder().decode(stdout));
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>();
  const waiting = [...roots];
  for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
    const specifier = redirects[each] ?? each;
    if (loaded.has(specifier)) continue;
    loaded.add(specifier);
    for (const { isDynamic, code } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (isDynamic !== true && code !== undefined) waiting.push(code.specifier);
    }
  }
  const found = [...loaded].map((specifier) => specifier.slice(root.href.length));
  assert.ok(found.includes("src/daemon/fleet/fleet.ts"));
  assert.deepEqual(found.filter((path) => /^src\/fleet\/(?:etcd|member)\//.test(path)), []);
  // And the other way round: with a store they are what is loaded.
  assert.ok(modules.some(({ specifier }) => specifier.endsWith("src/fleet/etcd/etcd_store.ts")));
});

/** The output of `deno info --json`, as far as it is read here; imports of types have no code. */
interface ModuleGraph {
  readonly roots: readonly string[];
  readonly redirects: Readonly<Record<string, string>>;
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly isDynamic?: boolean;
      readonly code?: { readonly specifier: string };
    }[];
  }[];
}
