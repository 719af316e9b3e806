/**
 * maglevc's tables as scripts read them: from a pipe, with awk. Goal: columns keep their position
 * in every state, and no other text stands between the rows. Method: one stage passes through
 * several states, and the same awk programs read all of them.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { parseIp } from "../../src/base/address.ts";
import { vppHas } from "../support/judges/lb_view.ts";
import { bash, maglevc, type MaglevcStage, onMaglevcStage } from "../support/terminals/maglevc.ts";

const WEB = "192.0.2.1/32 6 80";
const API = "192.0.2.2/32 6 443";
const [B0, B1, B2] = ["127.0.77.1", "127.0.77.2", "127.0.77.3"];

interface Read {
  readonly code: number;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** The output of awk for a command's output; the exit status is maglevc's. */
async function awk(
  { address, home }: MaglevcStage,
  command: string,
  program: string,
): Promise<Read> {
  const line =
    `maglevc --server ${address} ${command} | awk '${program}'; exit "\${PIPESTATUS[0]}"`;
  const { code, stdout, stderr } = await bash(line, { home });
  return { code, lines: stdout.split("\n").slice(0, -1), stderr };
}

/** The first column and some others, found by their headers; fields are what blanks part. */
function columns(first: string, ...others: readonly string[]): string {
  const wanted = [first, ...others].map((header) => `$at["${header}"]`).join(", ");
  return `NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { print ${wanted} }`;
}

async function run({ address, home }: MaglevcStage, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await maglevc(["--server", address, ...words], { home });
  assert.equal(code, 0, stderr);
  return stdout;
}

const FRONTENDS = columns("NAME", "VIP", "STATE", "ACTIVE-POOL", "SERVING", "WEIGHTS-SET");
const COUNTERS = columns("VIP", "FIRST", "NEXT", "NO-SERVER", "FIB-BYTES");
const INFO = '$1 == "vpp-pid" || $1 == "vpp-boottime" || $1 == "connected" { print $1, $2 }';

Deno.test("awk reads show frontends the same while servers fail, weights are set, and VPP disconnects", async () => {
  await onMaglevcStage({ net: 77 }, async (stage) => {
    const { servers, simulator, daemon } = stage;
    const frontends = async () => {
      const { code, lines, stderr } = await awk(stage, "show frontends", FRONTENDS);
      assert.equal(code, 0, stderr);
      return lines;
    };
    assert.deepEqual(await frontends(), [
      "web 192.0.2.1:80/tcp up main 2/2+1 0",
      "api 192.0.2.2:443/tcp up main 1/1+0 0",
    ]);
    await run(stage, "set", "frontend", "web", "pool", "main", "backend", "b0", "weight", "7");
    servers[1]!.status = 503;
    await daemon.transition("b1", "down");
    assert.deepEqual(await frontends(), [
      "web 192.0.2.1:80/tcp up main 1/2+1 1",
      "api 192.0.2.2:443/tcp down main 0/1+0 0",
    ]);
    servers[0]!.status = 503;
    await daemon.transition("b0", "down");
    await simulator.stop();
    await daemon.seen(({ msg }) => msg === "vpp-disconnect");
    const away = await awk(stage, "show frontends", FRONTENDS);
    assert.match(
      away.stderr,
      /^maglevc: VPP is not connected for [\w.]+, and gets no changes: .+\n$/,
      "frontends look healthy without it",
    );
    assert.equal(away.code, 0);
    assert.deepEqual(await frontends(), [
      "web 192.0.2.1:80/tcp up spare 1/1+0 1",
      "api 192.0.2.2:443/tcp down main 0/1+0 0",
    ]);
    await run(stage, "set", "frontend", "web", "pool", "main", "backend", "b0", "weight", "file");
    assert.match((await frontends())[0]!, / 0$/);
  });
});

Deno.test("awk reads show vpp info and show vpp lb counters: names and plain numbers", async () => {
  await onMaglevcStage({ net: 77 }, async (stage) => {
    const { simulator, daemon, configPath } = stage;
    await vppHas(simulator, { [WEB]: [`${B0} 100`, `${B1} 50`, `${B2} 0`], [API]: [`${B1} 100`] });
    const info = await awk(stage, "show vpp info", INFO);
    assert.equal(info.code, 0);
    assert.match(
      info.lines.join("\n"),
      /^vpp-pid \d+\nvpp-boottime (\d{4}-\d\d-\d\d|-)\nconnected \d{4}-\d\d-\d\d$/,
    );
    const text = await Deno.readTextFile(configPath);
    await Deno.writeTextFile(
      configPath,
      text.replace("  lb:", "  lb:\n      counters-interval: 100ms"),
    );
    assert.match(await run(stage, "config", "reload"), /^reloaded: /m);
    const web = [...simulator.plugin.vips()].find(({ port }) => port === 80)!;
    const counts = [65_088, 1234, 2, 1_000_001];
    simulator.plugin.counters.add("vip", web.index, { thread: 1, counts });
    const read = () => awk(stage, "show vpp lb counters", COUNTERS);
    const { lines } = await readUntil(
      read,
      ({ lines }) => lines.some((line) => / 65088 /.test(line)),
    );
    assert.match(lines[0]!, /^192\.0\.2\.1:80\/tcp 1234 65088 1000001 (\d+|-)$/);
    assert.match(lines[1]!, /^192\.0\.2\.2:443\/tcp 0 0 0 (\d+|-)$/);
    assert.equal(lines.length, 2);
    // Twice in one session there are rates on a terminal, and none for a script.
    const twice = await bash(
      `printf 'show vpp lb counters\\nshow vpp lb counters\\n' | maglevc --server ${stage.address} ` +
        "| awk 'NF != 7 { print \"odd:\", $0 } END { print NR }'",
      { home: stage.home },
    );
    assert.equal(twice.stdout, "6\n");
    const state = columns("SERVER", "BACKEND", "WEIGHT");
    const program = `/^$/ { NR = 0; next } NF == 1 { NR = 0; next } ${state}`;
    const servers = await awk(stage, "show vpp lb state", program);
    assert.ok(servers.lines.includes(`${B0} b0 100`), servers.lines.join("\n"));
    assert.ok(servers.lines.includes(`${B1} b1 50`), servers.lines.join("\n"));
    await simulator.stop();
    await daemon.seen(({ msg }) => msg === "vpp-disconnect");
    for (const command of ["show vpp info", "show vpp lb counters", "show vpp lb servers"]) {
      const { code, lines, stderr } = await awk(stage, command, "{ print }");
      assert.deepEqual([code, lines], [1, []]);
      assert.match(stderr, /^maglevc: VPP .*\n$/);
    }
  });
});

/** The fields of `show status` by their labels, and the rows of its table. */
async function statusOf(stage: MaglevcStage): Promise<ReadonlyMap<string, string>> {
  const lines = (await run(stage, "show", "status")).split("\n");
  const fields = lines.slice(0, lines.indexOf("probers"));
  return new Map(
    fields.filter((line) => line !== "").map((line) => {
      const [, label = "", value = ""] = /^(\S+) +(.*)$/.exec(line) ?? [];
      return [label, value];
    }),
  );
}

Deno.test("show status has the same fields when ready, with withheld operations, and without VPP", async () => {
  await onMaglevcStage({ net: 77 }, async (stage) => {
    const { simulator, daemon, servers } = stage;
    await vppHas(simulator, { [WEB]: [`${B0} 100`, `${B1} 50`, `${B2} 0`], [API]: [`${B1} 100`] });
    const well = await statusOf(stage);
    const labels = [...well.keys()];
    assert.deepEqual(
      ["ready", "vpp", "vpp-error", "warm-up", "warm-up-holds", "withheld"].map((label) =>
        well.get(label)
      ),
      ["yes", "connected", "-", "off", "-", "-"],
    );
    assert.deepEqual([well.get("backends"), well.get("frontends")], ["3 up", "2 up"]);
    assert.match(well.get("config-hash")!, /^[0-9a-f]{64}$/);

    // Another program's NAT VIP, whose removal may end VPP.
    simulator.plugin.addVip({
      pfx: { address: parseIp("203.0.113.1")!, len: 32 },
      protocol: 17,
      port: 53,
      encap: 3,
      dscp: 0,
      type: 0,
      targetPort: 5353,
      newFlowsTableLength: 16,
      srcIpSticky: false,
    });
    const synced = await maglevc(["--server", stage.address, "sync", "vpp", "lb", "state"], stage);
    assert.equal(synced.code, 1);
    assert.match(synced.stdout, /^all VIPs: nothing changed, /);
    assert.match(synced.stdout, /^1 operation failed or withheld: see `show status`, /m);
    const withheld = await statusOf(stage);
    assert.match(withheld.get("withheld")!, /^203\.0\.113\.1\/32 udp 53: VPP may crash/);
    assert.match(withheld.get("ready")!, /^no: withheld from VPP: 203\.0\.113\.1\/32 udp 53: /);
    assert.equal(withheld.get("vpp"), "connected");

    servers[1]!.status = 503;
    await daemon.transition("b1", "down");
    await simulator.stop();
    await daemon.seen(({ msg }) => msg === "vpp-disconnect");
    const away = await statusOf(stage);
    assert.match(away.get("ready")!, /^no: VPP is not connected: /);
    assert.equal(away.get("vpp"), "connecting");
    assert.notEqual(away.get("vpp-error"), "-");
    assert.deepEqual(
      [away.get("backends"), away.get("frontends")],
      ["2 up, 1 down", "1 up, 1 down"],
    );
    assert.deepEqual([...withheld.keys()], labels);
    assert.deepEqual([...away.keys()], labels);
  });
});

Deno.test("config reload shows its effect: checks, ended intents, moved shares", async () => {
  await onMaglevcStage({ net: 77 }, async (stage) => {
    const { simulator, daemon, configPath } = stage;
    await vppHas(simulator, { [WEB]: [`${B0} 100`, `${B1} 50`, `${B2} 0`], [API]: [`${B1} 100`] });
    const weigh = (backend: string, weight: string) =>
      run(stage, "set", "frontend", "web", "pool", "main", "backend", backend, "weight", weight);
    await weigh("b0", "7");
    await run(stage, "set", "backend", "b2", "disable", "for", "1h", "reason", "new disks");
    await vppHas(simulator, { [WEB]: [`${B0} 7`, `${B1} 50`, `${B2} 0`], [API]: [`${B1} 100`] });

    const text = await Deno.readTextFile(configPath);
    const edited = text.replace("b0: { weight: 100 }", "b0: { weight: 50 }")
      .replace("interval: 200ms", "interval: 250ms");
    await Deno.writeTextFile(configPath, edited);
    const plan = await run(stage, "config", "plan");
    const from = daemon.mark;
    const report = await run(stage, "config", "reload");
    assert.match(report, /^reloaded: the configuration file is in force/m);
    assert.match(report, /^restarted +3: b0, b1, b2$/m);
    assert.match(report, /^nothing moves unless their changed check fails: b0, b1$/m);
    assert.match(report, /^BACKEND +INTENT +CAUSE$/m);
    assert.match(report, /^b0 +weight 100 → 7 by .* the file's weight changed from 100 to 50$/m);
    assert.doesNotMatch(report, /^b2 +disable/m, "a changed check ends no maintenance");
    assert.match(report, /^web 192\.0\.2\.1:80\/tcp: [\d.]+ % of new flows moved$/m);
    const moved = (of: string) => /^web .* of new flows moved.*$/m.exec(of)?.[0];
    assert.equal(moved(report), moved(plan), "as it was planned");

    const record = await daemon.seen(({ msg }) => msg === "config-reload", { from });
    assert.deepEqual(
      [record.ok, record.restarted, record.carried, record["ended-intents-names"]],
      [true, 3, 2, "weight web/main/b0"],
    );
    assert.ok(Number(record["moved-at-once"]) > 0);
    await vppHas(simulator, { [WEB]: [`${B0} 50`, `${B1} 50`, `${B2} 0`], [API]: [`${B1} 100`] });
    assert.match(await run(stage, "show", "backend", "b2"), /^state +disabled$/m);

    await Deno.writeTextFile(configPath, edited.replace("weight: 50", "weight: 500"));
    const { address, home } = stage;
    const wrong = await maglevc(["--server", address, "config", "reload"], { home });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stdout, /^refused: nothing was changed, .* \(1 error/m);
  });
});
