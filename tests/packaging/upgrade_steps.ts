/** The part of the machine's story in which packages take each other's place while all runs. */
import assert from "node:assert/strict";
import type { Simulator } from "../../src/sim/api_server.ts";
import type { Machine } from "./machine.ts";
import { stopThread, threadsOf } from "./stopped_thread.ts";
import { guardSteps } from "./guard_steps.ts";
import { changes, configText, copied, install, ready, status } from "./story.ts";
import { type Build, versionOf, whyNoOlder } from "./support.ts";

/** The machine and its VPP. */
export interface Stage {
  readonly machine: Machine;
  readonly simulator: Simulator;
}

/** Begins and ends with the first build; server3 is paused from here on. */
export async function upgradeSteps(t: Deno.TestContext, stage: Stage): Promise<void> {
  const { machine } = stage;
  const noOlder = whyNoOlder();
  // Of an older commit the code is another one, and so are files, formats and units.
  const unpacked: Build = noOlder === undefined ? "older" : "second";
  const packages = await copied(machine, unpacked);

  await t.step(`between unpacking (${unpacked}) and configuring, threads start`, async () => {
    await machine.sh("maglevc set backend server3 pause");
    await machine.sh("ip netns add dataplane && ip -n dataplane link set lo up");
    await machine.sh(`dpkg --unpack ${packages["vpp-maglev-runtime"]}`);
    const config = configText([2, 3, 5], "  healthchecker: { netns: dataplane }\n");
    await machine.write("/etc/vpp-maglev/maglev.yaml", config);
    // Not `systemctl reload`: that would run the new program first.
    await machine.sh("systemctl kill --kill-who=main --signal=HUP vpp-maglev");
    await machine.until("maglevc show backends", ({ stdout }) => /server5 .*\bup\b/.test(stdout));
    await ready(machine);
  });

  await t.step("so does one in the place of a thread that hangs", async () => {
    const pid = await machine.hostPid(await status(machine, "MainPID"));
    const threads = await threadsOf(pid, /^worker-\d+$/);
    assert.ok(threads.length > 0);
    const stopped = threads.map(stopThread);
    try {
      await machine.until(
        "journalctl --no-pager -o cat -u vpp-maglev",
        ({ stdout }) => /"worker":"probe-dataplane-0","action":"restarted"/.test(stdout),
        // A thread that has not yet answered once has 30 s.
        60_000,
      );
    } finally {
      for (const each of stopped) each[Symbol.dispose]();
    }
    await machine.sh("ip -n dataplane link set lo down");
    await machine.until("maglevc show backends", ({ stdout }) => /server5 .*\bdown\b/.test(stdout));
    await machine.sh("ip -n dataplane link set lo up");
    await machine.until("maglevc show backends", ({ stdout }) => /server5 .*\bup\b/.test(stdout));
    // apt installs nothing while the programs and their runtime differ.
    const { "vpp-maglev-runtime": runtime } = await copied(machine, "first");
    await machine.sh(`dpkg --install ${runtime}`);
  });

  await t.step("and the dashboard sends its page, streams, and acts", async () => {
    await machine.write("/root/ask.js", ASK);
    const ask = "DENO_DIR=/tmp/deno /usr/lib/vpp-maglev/deno run --no-config --allow-net " +
      "--unsafely-ignore-certificate-errors /root/ask.js";
    assert.equal(await machine.sh(ask), "asked");
    await machine.until("maglevc show backends", ({ stdout }) => /server2 .*paused/.test(stdout));
    await machine.sh("maglevc set backend server2 resume && rm /root/ask.js");
    await ready(machine);
  });

  for (const build of ["older", "second", "first"] as const) {
    const reason = build === "older" ? noOlder : undefined;
    await t.step({
      name: reason === undefined
        ? `${
          versionOf(build)
        } in the place of another restarts maglevd; VPP, files and intents stay`
        : `packages of an older commit (skipped: ${reason})`,
      ignore: reason !== undefined,
      fn: () => replaced(stage, build),
    });
  }

  await guardSteps(t, stage);
}

/** Installs a build in the place of the one that runs. */
async function replaced({ machine, simulator }: Stage, build: Build): Promise<void> {
  const done = changes(simulator);
  const pid = await status(machine, "MainPID");
  await machine.sh("echo '# by the operator' >> /etc/default/vpp-maglev");
  const [config, environment] = await Promise.all(
    ["/etc/vpp-maglev/maglev.yaml", "/etc/default/vpp-maglev"]
      .map((path) => Deno.readTextFile(machine.root + path)),
  );
  await install(machine, await copied(machine, build));
  assert.notEqual(await status(machine, "MainPID"), pid);
  await ready(machine);
  assert.equal(changes(simulator), done, "no request changed VPP");
  assert.ok((await machine.sh("maglevd --version")).includes(`${versionOf(build)} `));
  const backends = await machine.sh("maglevc show backends");
  assert.match(backends, /server3 .*paused/);
  assert.match(backends, /server5 .*\bup\b/);
  assert.equal(await Deno.readTextFile(`${machine.root}/etc/vpp-maglev/maglev.yaml`), config);
  const now = await Deno.readTextFile(`${machine.root}/etc/default/vpp-maglev`);
  assert.equal(now, environment);
  assert.equal(await status(machine, "ActiveState", "vpp-maglev-frontend"), "active");
}

/** Asks the dashboard for all that its page is made of, for its stream, and for one action. */
const ASK = `
const base = "https://127.0.0.1:8082";
const login = { Authorization: "Basic " + btoa("admin:secret") };
async function ask(path, options = {}) {
  const response = await fetch(base + path, options);
  if (response.status !== 200) throw new Error(path + ": " + response.status);
  return response;
}
const page = await (await ask("/view/")).text();
const files = [...page.matchAll(/(?:src|href)="\\.?\\/?(assets\\/[^"]+)"/g)].map(([, path]) => path);
if (files.length < 2) throw new Error(page);
for (const path of files) await (await ask("/view/" + path)).bytes();
await (await ask("/admin/", { headers: login })).bytes();
const reader = (await ask("/view/api/events")).body.getReader();
const first = new TextDecoder().decode((await reader.read()).value);
if (!/^(event|data|id|retry|:)/.test(first)) throw new Error(first);
await reader.cancel();
const [{ name }] = await (await ask("/view/api/maglevds")).json();
const headers = { ...login, "Content-Type": "application/json", Origin: base };
const path = "/admin/api/" + encodeURIComponent(name) + "/backends/server2/pause";
await (await ask(path, { method: "POST", headers, body: "{}" })).bytes();
console.log("asked");
`;
