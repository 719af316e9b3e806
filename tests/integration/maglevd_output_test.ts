/** An output that is closed, stuck or full costs log lines, never the main job. */
import assert from "node:assert/strict";
import { LAUNCHER_ENVIRONMENT, maglevdCommand } from "../../src/demo/daemon_process.ts";
import { vppHas } from "../support/judges/lb_view.ts";
import { onStage, type Stage } from "../support/worlds/stage.ts";

const VIP = "192.0.2.1/32 6 80";
const A = "127.0.43.1";

/** Runs maglevd with standard output as `stdout`, and sees it drain and take back a server. */
async function doesItsJob(
  stage: Stage,
  stdout: (child: Deno.ChildProcess) => Promise<unknown>,
  shell: string,
): Promise<void> {
  const { configure, configPath, simulator, servers } = stage;
  await configure({ web: { address: "192.0.2.1", pools: { main: { b0: 100 } } } });
  const command = maglevdCommand({
    config: configPath,
    vppApiAddr: simulator.path,
    flags: ["--log-level=debug"],
  });
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", shell, "sh", ...command],
    env: LAUNCHER_ENVIRONMENT,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    await stdout(child);
    await vppHas(simulator, { [VIP]: [`${A} 100`] });
    servers[0]!.status = 503;
    await vppHas(simulator, { [VIP]: [`${A} 0`] });
    servers[0]!.status = 200;
    await vppHas(simulator, { [VIP]: [`${A} 100`] });
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
  } finally {
    killIfRunning(child);
    await child.status;
  }
}

function killIfRunning(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

Deno.test("maglevd does its job when the reader of its log has closed the pipe", async () => {
  await onStage([A], (stage) => doesItsJob(stage, (child) => child.stdout.cancel(), 'exec "$@"'));
});

Deno.test("maglevd does its job, and ends, when its log's pipe is full", async () => {
  await onStage([A], async (stage) => {
    const fifo = `${stage.configPath}.log`;
    // A pipe holds 64 KiB; it is full before maglevd's first line.
    const shell = `mkfifo "${fifo}"; exec 3<>"${fifo}"; head -c 65536 /dev/zero >&3; exec "$@" >&3`;
    await doesItsJob(stage, (child) => child.stdout.cancel(), shell);
  });
});

Deno.test("maglevd does its job when the disk for its log is full", async () => {
  await onStage(
    [A],
    (stage) => doesItsJob(stage, (child) => child.stdout.cancel(), 'exec "$@" >/dev/full'),
  );
});
