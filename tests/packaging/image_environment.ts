/** The part of the image's story in which each flag of a daemon comes from the environment. */
import assert from "node:assert/strict";
import { MAGLEVC_FLAGS } from "../../src/cli/flags.ts";
import { MAGLEVD_FLAGS } from "../../src/daemon/flags.ts";
import { FRONTEND_FLAGS } from "../../src/dashboard/flags.ts";
import type { FlagTable } from "../../src/system/settings.ts";
import { certificates } from "../support/servers/certificates.ts";
import type { Podman } from "./machine.ts";

export interface ImageStage {
  readonly podman: Podman;
  /** Folder that the image sees as /srv/shared; maglev.yaml and VPP's socket are in it. */
  readonly shared: string;
  /** Starts the image with variables; result: the container's id. */
  start(variables: Readonly<Record<string, string>>, words?: readonly string[]): Promise<string>;
  /** Waits until its health check succeeds. */
  healthy(id: string): Promise<void>;
}

/** User of the image. */
const USER = 990;
const PLACE = "/srv/shared";
const FLEET_TLS = { CA: "ca.pem", CERT: "good.pem", KEY: "good.key" };

/** Of maglevd, but its configuration and VPP's sockets, which the stage gives. */
const MAGLEVD: Readonly<Record<string, string>> = {
  MAGLEV_METRICS_ADDR: "127.0.0.1:9191",
  MAGLEV_STATE_DIR: `${PLACE}/state`,
  MAGLEV_STATE_MAX_AGE: "1h",
  MAGLEV_GRPC_ADDR: "127.0.0.1:9190",
  MAGLEV_REFLECTION: "false",
  MAGLEV_GRPC_TLS_CERT: `${PLACE}/good.pem`,
  MAGLEV_GRPC_TLS_KEY: `${PLACE}/good.key`,
  MAGLEV_GRPC_CLIENT_CA: `${PLACE}/ca.pem`,
  MAGLEV_GRPC_TOKENS: `${PLACE}/tokens`,
  MAGLEV_GRPC_ANONYMOUS_ROLE: "none",
  // Nothing listens there.
  MAGLEV_FLEET_STORE: "etcd:127.0.0.1:1",
  MAGLEV_FLEET: "edge",
  MAGLEV_FLEET_LB: "lb1",
  MAGLEV_FLEET_SITE: "ams",
  ...withPrefix("MAGLEV_FLEET_TLS_", FLEET_TLS),
  MAGLEV_LOG_LEVEL: "debug",
  MAGLEV_LOG_FORMAT: "text",
  MAGLEV_PROBE_WORKERS: "2",
};

const MAGLEVC: Readonly<Record<string, string>> = {
  MAGLEV_SERVER: "127.0.0.1:9190",
  MAGLEV_OUTPUT: "json",
  MAGLEV_COLOR: "false",
  MAGLEV_TIMEOUT: "30s",
  MAGLEV_TLS: "true",
  ...withPrefix("MAGLEV_TLS_", FLEET_TLS),
  MAGLEV_TLS_SERVER_NAME: "good.test",
  MAGLEV_TOKEN_FILE: `${PLACE}/token`,
};

const FRONTEND: Readonly<Record<string, string>> = {
  MAGLEV_FRONTEND_SERVER: "127.0.0.1:1",
  MAGLEV_FRONTEND_LISTEN: "127.0.0.1:8181",
  MAGLEV_FRONTEND_LISTEN_TLS_CERT: `${PLACE}/good.pem`,
  MAGLEV_FRONTEND_LISTEN_TLS_KEY: `${PLACE}/good.key`,
  MAGLEV_FRONTEND_USER: "admin",
  MAGLEV_FRONTEND_PASSWORD_FILE: `${PLACE}/token`,
  MAGLEV_FRONTEND_ADMIN_REQUIRES_TLS: "true",
  MAGLEV_FRONTEND_TRUSTED_PROXIES: "127.0.0.1",
  MAGLEV_FRONTEND_ALLOWED_HOSTS: "lb.example.net",
  MAGLEV_FRONTEND_TLS: "true",
  ...withPrefix("MAGLEV_FRONTEND_TLS_", FLEET_TLS),
  MAGLEV_FRONTEND_TLS_SERVER_NAME: "good.test",
  MAGLEV_FRONTEND_TOKEN_FILE: `${PLACE}/token`,
  MAGLEV_FRONTEND_LOG_LEVEL: "debug",
  MAGLEV_FRONTEND_LOG_FORMAT: "text",
};

export async function environmentSteps(t: Deno.TestContext, stage: ImageStage): Promise<void> {
  const { podman, shared } = stage;
  await t.step("has a variable for each flag of its daemons and of maglevc", () => {
    const given = ["MAGLEV_CONFIG", "MAGLEV_VPP_API_ADDR", "MAGLEV_VPP_STATS_ADDR"];
    assert.deepEqual([...given, ...Object.keys(MAGLEVD)].sort(), variablesOf(MAGLEVD_FLAGS));
    assert.deepEqual(Object.keys(FRONTEND).sort(), variablesOf(FRONTEND_FLAGS));
    assert.deepEqual(Object.keys(MAGLEVC).sort(), variablesOf(MAGLEVC_FLAGS));
  });

  await t.step("takes all of them from the environment: maglevd and maglevc", async () => {
    await writeSecrets(shared);
    const id = await stage.start(MAGLEVD);
    await stage.healthy(id);
    const variables = Object.entries(MAGLEVC).flatMap(([name, value]) => [
      "--env",
      `${name}=${value}`,
    ]);
    const launcher = "/usr/lib/vpp-maglev/launcher.sh";
    const command = ["maglevc", "set", "backend", "own", "pause"];
    const answer = await podman.output("exec", ...variables, id, launcher, ...command);
    assert.equal(typeof JSON.parse(answer), "object");
    // It stands in the state directory, and needed an operator's certificate.
    await Deno.stat(`${shared}/state/intents.json`);
    const { stdout, stderr } = await podman.run("logs", id);
    const log = stdout + stderr;
    assert.match(
      log,
      /msg=grpc-listen address=127\.0\.0\.1:9190 tls=mutual tokens=1 anonymous=none$/m,
    );
    assert.match(log, /level=DEBUG/);
    assert.match(log, /msg=fleet-\S+ .*127\.0\.0\.1:1\b/);
    await podman.run("rm", "--force", "--time", "5", id);
  });

  await t.step("takes all of them from the environment: the dashboard", async () => {
    const id = await stage.start(FRONTEND, ["maglevd-frontend"]);
    await stage.healthy(id);
    const { stdout, stderr } = await podman.run("logs", id);
    assert.match(
      stdout + stderr,
      /msg=dashboard-listen address=127\.0\.0\.1:8181 tls=true admin=true$/m,
    );
    await podman.run("rm", "--force", "--time", "5", id);
  });
}

function withPrefix(prefix: string, files: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(files).map(([name, file]) => [prefix + name, `${PLACE}/${file}`]),
  );
}

/** The variables of a program's flags; those without one only print something. */
function variablesOf(flags: FlagTable): readonly string[] {
  const lacking = Object.keys(flags).filter((flag) => flags[flag]!.env === undefined);
  const printing = ["check", "help", "print-permissions", "version"];
  assert.deepEqual(lacking.filter((flag) => !printing.includes(flag)), []);
  return Object.values(flags).flatMap(({ env }) => env === undefined ? [] : [env]).sort();
}

async function writeSecrets(shared: string): Promise<void> {
  const { folder } = await certificates();
  for (const name of Object.values(FLEET_TLS)) {
    await Deno.copyFile(`${folder}/${name}`, `${shared}/${name}`);
  }
  await Deno.writeTextFile(`${shared}/tokens`, "operator sesame ann\n");
  await Deno.writeTextFile(`${shared}/token`, "sesame\n");
  await Deno.mkdir(`${shared}/state`);
  for (const [name, mode] of Object.entries({ tokens: 0o600, token: 0o600, "good.key": 0o600 })) {
    await Deno.chmod(`${shared}/${name}`, mode);
    await Deno.chown(`${shared}/${name}`, USER, USER);
  }
  await Deno.chmod(`${shared}/state`, 0o700);
  await Deno.chown(`${shared}/state`, USER, USER);
}
