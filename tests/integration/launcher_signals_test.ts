/**
 * SIGHUP from the first moment. Goal: a hang-up never ends maglevd, whenever it comes. Method: one
 * every 5 ms from the moment the process is deno until maglevd serves, and then one more.
 */
import assert from "node:assert/strict";
import { LAUNCHER, LAUNCHER_ENVIRONMENT } from "../../src/demo/daemon_process.ts";
import { Daemon, withFolder } from "../support/daemon.ts";

const CONFIG = `maglev:
  healthchecks: { check: { type: tcp, port: 1 } }
  backends: { b0: { address: 127.0.0.1, healthcheck: check } }
  frontends: { web: { address: 192.0.2.1, pools: [ { name: main, backends: { b0: {} } } ] } }
`;
const PACE_MS = 5;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits until the process is no longer the shell of the launcher; false when it has ended. */
async function isDeno(pid: number): Promise<boolean> {
  for (;;) {
    const comm = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => undefined);
    if (comm === undefined) return false;
    if (comm.trim() === "deno") return true;
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

Deno.test("SIGHUP every 5 ms from the first moment never ends maglevd, and reloads it later", async () => {
  await survives({ slowStart: false });
});

Deno.test("SIGHUP every 5 ms never ends maglevd on a machine that starts it slowly", async () => {
  await survives({ slowStart: true });
});

Deno.test("maglevd that only checks its file is not ended by SIGHUP, and maglevc is", async () => {
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
