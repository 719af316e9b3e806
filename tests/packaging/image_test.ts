/**
 * The image of the Dockerfile: without root, all by environment, its health check, its end. Method:
 * buildah on Debian's smallest system, then podman with runc.
 */
import assert from "node:assert/strict";
import { startSimulator } from "../../src/sim/api_server.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { environmentSteps } from "./image_environment.ts";
import { Podman } from "./machine.ts";
import { BASE, output, packagesOf, packagingTest, ROOT, versionOf, withPlace } from "./support.ts";

const CONFIG = `maglev:
  vpp:
    lb:
      ipv4-src-address: 192.0.2.254
      ipv6-src-address: 2001:db8::254
      startup-min-delay: 0s
      startup-max-delay: 0s
  healthchecks: { ping: { type: icmp, interval: 200ms, timeout: 150ms, rise: 1 } }
  backends: { own: { address: 127.0.0.1, healthcheck: ping } }
  frontends:
    web:
      address: 192.0.2.10
      protocol: tcp
      port: 80
      pools: [ { name: all, backends: { own: {} } } ]
`;

/** Builds the image in podman's storage at `place`. */
async function buildImage(place: string): Promise<void> {
  const buildah = (...args: readonly string[]) =>
    output([
      ...["buildah", "--root", `${place}/storage`, "--runroot", `${place}/run`],
      ...["--storage-driver", "overlay", ...args],
    ]);
  const base = await buildah("from", "scratch");
  await buildah("add", "--quiet", base, BASE, "/");
  await buildah("commit", "--quiet", "--rm", base, "localhost/base");
  const context = `${place}/context`;
  await Deno.mkdir(`${context}/build`, { recursive: true });
  await Deno.copyFile(`${ROOT}/Dockerfile`, `${context}/Dockerfile`);
  for (const path of Object.values(packagesOf("first"))) {
    await output(["cp", path, `${context}/build/`]);
  }
  await buildah(
    ...["bud", "--quiet", "--format", "docker", "--isolation", "chroot", "--network", "host"],
    ...["--pull=never", "--build-arg", "BASE=localhost/base", "--tag", "localhost/vpp-maglev"],
    context,
  );
}

packagingTest(
  "the image",
  ["podman", "runc", "buildah", "debootstrap"],
  (t) =>
    withPlace(async (place) => {
      await Deno.chmod(place, 0o755);
      const podman = new Podman(place);
      const shared = `${place}/shared`;
      await Deno.mkdir(shared);
      await Deno.chmod(shared, 0o755);
      await Deno.writeTextFile(`${shared}/maglev.yaml`, CONFIG);
      const simulator = await startSimulator({
        path: `${shared}/api.sock`,
        clock: new SystemClock(),
      });
      await Deno.chmod(`${shared}/api.sock`, 0o666);
      const image = "localhost/vpp-maglev";
      const start = (
        { options = [], words = [] }: {
          readonly options?: readonly string[];
          readonly words?: readonly string[];
        },
      ) =>
        podman.start(
          ...["--network", "none", "--health-interval", "disable"],
          ...[
            "--volume",
            `${shared}:/srv/shared`,
            "--env",
            "MAGLEV_CONFIG=/srv/shared/maglev.yaml",
          ],
          ...["--env", "MAGLEV_VPP_STATS_ADDR="],
          ...["--env", "MAGLEV_VPP_API_ADDR=/srv/shared/api.sock"],
          ...[...options, image, ...words],
        );
      const health = async (id: string) => (await podman.run("healthcheck", "run", id)).code;
      const becomes = async (id: string, wanted: (code: number) => boolean) => {
        const endMs = performance.now() + 120_000;
        while (!wanted(await health(id))) {
          if (performance.now() > endMs) {
            const { stdout, stderr } = await podman.run("logs", id);
            throw new Error(`its health did not change\n${stdout}${stderr}`);
          }
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      };
      try {
        await t.step("is built, and starts each program by its name", async () => {
          await buildImage(place);
          for (const name of ["maglevc", "maglevt"]) {
            const version = await podman.output(
              "run",
              "--rm",
              "--network",
              "none",
              image,
              name,
              "--version",
            );
            assert.ok(version.startsWith(`${name} ${versionOf("first")} `), version);
          }
          // With Debian's slim image, of 75 MB, it has at most 320 MB.
          const size = async (name: string) =>
            Number(await podman.output("image", "inspect", "--format", "{{.Size}}", name)) / 1e6;
          const added = await size(image) - await size("localhost/base");
          assert.ok(added > 90 && added < 120, `${added} MB`);
          const flags = await podman.output("run", "--rm", "--network", "none", image, "--version");
          assert.ok(flags.startsWith("maglevd "), flags);
        });
        await t.step("refuses ICMP without the capability, in words", async () => {
          const id = await start({
            options: ["--sysctl", "net.ipv4.ping_group_range=1 0", "--cap-drop", "all"],
          });
          await podman.run("wait", id);
          const { stderr } = await podman.run("logs", id);
          assert.match(stderr, /CAP_NET_RAW/);
          await podman.run("rm", "--force", id);
        });
        await environmentSteps(t, {
          ...{ podman, shared },
          start: (variables, words = []) =>
            start({
              options: [
                "--cap-add",
                "NET_RAW",
                ...Object.entries(variables).flatMap(([name, value]) => [
                  "--env",
                  `${name}=${value}`,
                ]),
              ],
              words,
            }),
          healthy: (id) => becomes(id, (code) => code === 0),
        });
        await t.step("is healthy with VPP, unhealthy without, and ends within 2 s", async () => {
          const id = await start({ options: ["--cap-add", "NET_RAW"] });
          assert.equal(await podman.output("exec", id, "id", "-un"), "maglevd");
          // Kubernetes' runAsNonRoot refuses a name.
          const user = await podman.output(
            "image",
            "inspect",
            "--format",
            "{{.Config.User}}",
            image,
          );
          assert.match(user, /^[1-9]\d*:\d+$/);
          await becomes(id, (code) => code === 0);
          await simulator.stop();
          await becomes(id, (code) => code !== 0);
          const live = ["env", "HEALTHCHECK_PATH=/healthz", "/usr/lib/vpp-maglev/healthcheck"];
          assert.equal((await podman.run("exec", id, ...live)).code, 0);
          const startMs = performance.now();
          await podman.output("stop", "--time", "10", id);
          assert.ok(performance.now() - startMs < 2000, `${performance.now() - startMs} ms`);
          const code = await podman.output("inspect", "--format", "{{.State.ExitCode}}", id);
          assert.equal(code, "0");
          await podman.run("rm", "--force", id);
        });
        await t.step("is healthy as the dashboard, and as maglevt", async () => {
          const dashboard = await start({ words: ["maglevd-frontend", "--server", "127.0.0.1:1"] });
          await becomes(dashboard, (code) => code === 0);
          const maglevt = await start({ words: ["maglevt", "--output", "json"] });
          await becomes(maglevt, (code) => code === 0);
          await podman.run("rm", "--force", "--time", "5", dashboard, maglevt);
        });
      } finally {
        // Those of a step that failed.
        await podman.run("rm", "--force", "--all", "--time", "5");
        await simulator.stop();
      }
    }),
);
