/**
 * SIGHUP during the start. Goal: a hang-up never ends maglevd, at any moment. Method: one every 5
 * ms from the moment the process is deno until maglevd serves, and then one more.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { FrontendProcess, LAUNCHER, LAUNCHER_ENVIRONMENT } from "../../src/demo/daemon_process.ts";
import { Daemon, printedCommand, withFolder } from "../support/servers/daemon.ts";

const CONFIG = `maglev:
  healthchecks: { check: { type: tcp, port: 1 } }
  backends: { b0: { address: 127.0.0.1, healthcheck: check } }
  frontends: { web: { address: 192.0.2.1, pools: [ { name: main, backends: { b0: {} } } ] } }
`;
const PACE_MS = 5;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * Waits until the process is deno on its entry file; false when it has ended. Its name alone does
 * not do: between fork and exec it is that of these tests.
 */
async function isDeno(pid: number): Promise<boolean> {
  for (;;) {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
    if (stat === "" || / Z \d/.test(stat)) return false;
    const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    const comm = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
    if (/\/(main|cli|frontend)\.ts\0/.test(command) && comm.trim() === "deno") return true;
    await pause(1);
  }
}

/** As long as Deno leaves an inherited "ignored" alone, and more. */
const SLOW_START_MS = 800;

async function survives(options: { readonly slowStart: boolean }): Promise<void> {
  await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, CONFIG);
    const daemon = new Daemon({ config, grpcAddr: "127.0.0.1:0" });
    let ended = false;
    daemon.process.ended.then(() => ended = true);
    let [sent, serving] = [0, false];
    daemon.seen(({ msg }) => msg === "grpc-listen").then(() => serving = true, () => {});
    assert.ok(await isDeno(daemon.process.pid), daemon.process.errors);
    if (options.slowStart) {
      daemon.process.signal("SIGSTOP");
      await pause(SLOW_START_MS);
      daemon.process.signal("SIGCONT");
    }
    while (!serving && !ended) {
      daemon.process.signal("SIGHUP");
      sent++;
      await pause(PACE_MS);
    }
    assert.ok(!ended, `ended after ${sent} signals: ${daemon.process.errors}`);
    assert.ok(sent > 10, `${sent} signals`);
    // A reload for those that came before; and a file that changes afterwards is taken, too.
    await daemon.seen(({ msg, ok }) => msg === "config-reload" && ok === true);
    await Deno.writeTextFile(config, CONFIG.replaceAll("b0", "b1"));
    const mark = daemon.mark;
    daemon.process.signal("SIGHUP");
    await daemon.seen(({ msg, backend }) => msg === "backend-transition" && backend === "b1", {
      from: mark,
    });
    assert.equal(await daemon.stop(), 0);
  });
}

/** Without the shim, or GNU's env, there is a moment in which Deno ends on SIGHUP. */
const canBlock = existsSync(new URL("../../build/maglev_shim.so", import.meta.url)) &&
  await new Deno.Command("env", { args: ["--block-signal=HUP", "true"], stderr: "null" }).output()
    .then(({ success }) => success, () => false);
const ignore = !canBlock;
const note = ignore ? " (skipped: needs the shim and GNU env)" : "";

Deno.test({
  name: `SIGHUP every 5 ms from the first moment never ends maglevd, and reloads it later${note}`,
  ignore,
  fn: () => survives({ slowStart: false }),
});

Deno.test({
  name: `SIGHUP every 5 ms never ends maglevd on a slow machine${note}`,
  ignore,
  fn: () => survives({ slowStart: true }),
});

Deno.test("SIGHUP every 5 ms from the first moment never ends maglevd-frontend", async () => {
  let listening = false;
  const frontend = new FrontendProcess({
    server: "127.0.0.1:1",
    onLine: ({ msg }) => listening ||= msg === "dashboard-listen",
  });
  let ended = false;
  frontend.ended.then(() => ended = true);
  assert.ok(await isDeno(frontend.pid), frontend.errors);
  const endMs = performance.now() + 10_000;
  // Deno takes the signal over half a second after the start.
  const untilMs = performance.now() + 2 * SLOW_START_MS;
  while (!ended && (!listening || performance.now() < untilMs) && performance.now() < endMs) {
    frontend.signal("SIGHUP");
    await pause(PACE_MS);
  }
  assert.ok(!ended && listening, frontend.errors);
  assert.equal(await frontend.stop(), 0);
});

Deno.test("SIGHUP reloads maglevd where the launcher cannot block it", async () => {
  await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, CONFIG);
    // An env without that option, as busybox has it.
    await Deno.writeTextFile(
      `${folder}/env`,
      '#!/bin/sh\ncase $1 in --*) exit 125 ;; esac\nexec /usr/bin/env "$@"\n',
      { mode: 0o755 },
    );
    const path = `PATH=${folder}:${Deno.env.get("PATH")}`;
    const daemon = new Daemon({ config, grpcAddr: "127.0.0.1:0", prefix: ["env", path] });
    await daemon.seen(({ msg }) => msg === "grpc-listen");
    daemon.process.signal("SIGHUP");
    await daemon.seen(({ msg, ok }) => msg === "config-reload" && ok === true);
    assert.ok(!daemon.lines.some(({ msg }) => msg === "config-warning"));
    assert.equal(await daemon.stop(), 0);
  });
});

Deno.test("maglevd whose hang-ups stay blocked reports the alternative", async () => {
  await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, CONFIG);
    const [program, ...args] = printedCommand(
      [...LAUNCHER, "maglevd", "--config", config, "--vpp-api-addr=", "--metrics-addr="],
    ).filter((flag) => !flag.startsWith("--allow-ffi"));
    const child = new Deno.Command(program!, {
      args: [...args, "--grpc-addr=127.0.0.1:0", "--log-format=json"],
      env: { MAGLEV_HANG_UPS: "held" },
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let text = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (/SIGHUP does not|"msg":"shutdown"/.test(text)) break;
    }
    child.kill("SIGTERM");
    await child.status;
    assert.match(
      text,
      /SIGHUP does not reload: cannot load the shim .*use `maglevc config reload`/,
    );
  });
});

Deno.test("SIGHUP does not end a maglevd that only checks its file, but ends maglevc", async () => {
  await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, CONFIG);
    const hungUp = async (args: readonly string[]) => {
      const [program, ...launcher] = LAUNCHER;
      const child = new Deno.Command(program!, {
        args: [...launcher, ...args],
        env: LAUNCHER_ENVIRONMENT,
        stdin: "piped",
        stdout: "null",
        stderr: "null",
      }).spawn();
      try {
        if (await isDeno(child.pid)) child.kill("SIGHUP");
      } finally {
        // maglevc reads commands until now.
        await child.stdin.close().catch(() => {});
      }
      return await child.status;
    };
    assert.equal(
      (await hungUp(["maglevd", "--check", "--vpp-api-addr=", "--config", config])).code,
      0,
    );
    assert.equal((await hungUp(["maglevc", "--server=127.0.0.1:1"])).signal, "SIGHUP");
  });
});
