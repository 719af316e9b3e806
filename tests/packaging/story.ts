/** What the story of the packages is played with: a configuration, and looks into the machine. */
import assert from "node:assert/strict";
import type { Simulator } from "../../src/sim/api_server.ts";
import type { Machine } from "./machine.ts";
import { type Build, output, packagesOf, ROOT } from "./support.ts";

/** Servers that answer pings; long enough to be read in a thread. */
export function configText(servers: readonly number[], head = ""): string {
  return `${"# A line that makes the file long.\n".repeat(600)}maglev:
${head}  vpp:
    lb:
      ipv4-src-address: 192.0.2.254
      ipv6-src-address: 2001:db8::254
      startup-min-delay: 500ms
  healthchecks:
    ping: { type: icmp, interval: 200ms, timeout: 150ms, rise: 1 }
  backends:
${servers.map((n) => `    server${n}: { address: 127.0.0.${n}, healthcheck: ping }\n`).join("")}\
  frontends:
    web:
      address: 192.0.2.10
      protocol: tcp
      port: 80
      pools: [ { name: all, backends: { ${servers.map((n) => `server${n}: {}`).join(", ")} } } ]
`;
}

/** Environment of the units. */
export const ENVIRONMENT = `MAGLEV_VPP_API_ADDR=/srv/shared/api.sock
MAGLEV_VPP_STATS_ADDR=
MAGLEV_LOG_LEVEL=info
MAGLEV_LISTEN=127.0.0.1:8082
`;

/** Folder of the dashboard's settings by an operator. */
export const DROP_INS = "/etc/systemd/system/vpp-maglev-frontend.service.d";

/** The settings that the comments of a unit suggest. */
export async function suggested(unit: string): Promise<string> {
  const text = await Deno.readTextFile(`${ROOT}/debian/units/${unit}.service`);
  const lines = text.split("\n").filter((line) => line.startsWith("#   "));
  assert.equal(lines[0], "#   [Service]");
  return lines.map((line) => line.slice(4)).join("\n");
}

/** Requests that change VPP. */
export function changes({ requests }: Simulator): number {
  const changing = [...requests].filter(([name]) => /^lb_(add_del|as_set|flush)/.test(name));
  return changing.reduce((sum, [, count]) => sum + count, 0);
}

/** A property of a unit. */
export const status = (machine: Machine, of: string, unit = "vpp-maglev") =>
  machine.sh(`systemctl show --value -p ${of} ${unit}`);

/** Waits until maglevd is ready. */
export const ready = (machine: Machine) =>
  machine.until(
    "systemctl show --value -p StatusText vpp-maglev",
    ({ stdout }) => stdout === "ready\n",
  );

/** Copies the packages of a build into the machine; returns their paths there, separated by blanks. */
export async function copied(machine: Machine, build: Build): Promise<Record<string, string>> {
  const paths: Record<string, string> = {};
  for (const [name, path] of Object.entries(packagesOf(build))) {
    paths[name] = `/tmp/${build}-${name}.deb`;
    // Its own /tmp may be a file system that is not seen from outside.
    await output(["cp", path, `${machine.root}/root/${build}-${name}.deb`]);
    paths[name] = `/root/${build}-${name}.deb`;
  }
  return paths;
}

/**
 * Installs packages as docs/running.md shows it for scripts: also older ones, and the operator's files
 * are kept. Paths are those in the machine, by name.
 */
export async function install(
  machine: Machine,
  paths: Readonly<Record<string, string>>,
): Promise<void> {
  await machine.sh(
    "DEBIAN_FRONTEND=noninteractive apt-get install -y --allow-downgrades " +
      `-o Dpkg::Options::=--force-confold ${Object.values(paths).join(" ")}`,
  );
}
