/** The image's health check (debian/healthcheck), which looks at whatever program runs. */
import assert from "node:assert/strict";
import { until } from "../support/judges/until.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { Frontend } from "../support/servers/frontend.ts";
import { freePort } from "../support/servers/free_port.ts";
import { Maglevt } from "../support/terminals/maglevt.ts";

const PROGRAM = new URL("../../debian/healthcheck", import.meta.url).pathname;

const CONFIG = `maglev:
  vpp: { lb: { ipv4-src-address: 192.0.2.254, ipv6-src-address: "2001:db8::254" } }
  backends: { b0: { address: 127.0.0.1 } }
  frontends:
    web:
      address: 127.0.0.3
      protocol: tcp
      port: 1
      pools: [ { name: main, backends: { b0: {} } } ]
`;

/** Its exit status for a process, in an environment of `env` and nothing else. */
async function health(pid: number, env: Readonly<Record<string, string>> = {}): Promise<number> {
  const { code } = await new Deno.Command("bash", {
    args: [PROGRAM, `${pid}`],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", ...env },
    stderr: "null",
  }).output();
  return code;
}

Deno.test("the health check asks the program that runs, where its flags say", async (t) => {
  await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, CONFIG);

    await t.step("maglevd: /readyz, or the path of HEALTHCHECK_PATH", async () => {
      const daemon = new Daemon({
        config,
        vppApiAddr: `${folder}/none.sock`,
        metricsAddr: `127.0.0.1:${freePort()}`,
      });
      try {
        await daemon.seen(({ msg }) => msg === "metrics-listen");
        const { pid } = daemon.process;
        assert.equal(await health(pid), 1, "VPP is away");
        assert.equal(await health(pid, { HEALTHCHECK_PATH: "/healthz" }), 0);
        // The flag takes precedence.
        const elsewhere = { HEALTHCHECK_PATH: "/healthz", MAGLEV_METRICS_ADDR: "127.0.0.1:1" };
        assert.equal(await health(pid, elsewhere), 0);
      } finally {
        await daemon.stop();
      }
    });

    await t.step("maglevd without metrics: the port of gRPC", async () => {
      const daemon = new Daemon({ config, grpcAddr: `127.0.0.1:${freePort()}` });
      try {
        await daemon.seen(({ msg }) => msg === "grpc-listen");
        assert.equal(await health(daemon.process.pid), 0);
        const { pid } = daemon.process;
        await daemon.stop();
        assert.equal(await health(pid), 1);
      } finally {
        await daemon.stop();
      }
    });

    await t.step("maglevd-frontend: /healthz, or a socket", async () => {
      const port = freePort();
      const frontend = await Frontend.start({ listen: `127.0.0.1:${port}` });
      try {
        const { pid } = frontend.process;
        assert.equal(await health(pid), 0);
        frontend.process.signal("SIGSTOP");
        await until(async () => await health(pid) === 1, { what: "a health of 1" });
        frontend.process.signal("SIGCONT");
        await until(async () => await health(pid) === 0, { what: "a health of 0" });
      } finally {
        await frontend.stop();
      }
      const listen = `unix:${folder}/web.sock`;
      const socket = await Frontend.start({ listen });
      try {
        assert.equal(await health(socket.process.pid), 0);
        await Deno.remove(`${folder}/web.sock`);
        assert.equal(await health(socket.process.pid), 1);
      } finally {
        await socket.stop();
      }
    });

    await t.step("maglevt: it runs, also below another program", async () => {
      const maglevt = new Maglevt(["--config", config, "--output", "json"], {
        folder,
        prefix: ["sh", "-c", '"$@"; exit', "init"],
      });
      await maglevt.began;
      assert.equal(await health(maglevt.pid), 0);
      const [child] = (await Deno.readTextFile(
        `/proc/${maglevt.pid}/task/${maglevt.pid}/children`,
      )).split(" ");
      Deno.kill(Number(child), "SIGTERM");
      await maglevt.ended();
      assert.equal(await health(maglevt.pid), 1);
    });
  });
});
