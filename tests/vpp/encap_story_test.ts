/**
 * `encap` of maglevd on a real VPP, with a server in a namespace behind it: the VIP, the
 * decapsulation and both are taken away and given back. The plain checks pass all the time; each pair
 * fails with the right code, VPP takes its weight away, and gets it back.
 */
import assert from "node:assert/strict";
import { MaglevClient, type messages } from "../../src/grpc/client/client.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { readUntil } from "../support/judges/until.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { EncapServer } from "../support/servers/encap_server.ts";
import { freePort } from "../support/servers/free_port.ts";
import { TestNamespace } from "../support/servers/netns.ts";
import { type RunningVpp, startVpp } from "./support.ts";
import { Terminator } from "./terminators.ts";
import { view } from "./view.ts";
import { NO_WIRE, Wire } from "./wire.ts";

const PORT = 8080;
const SERVER = { 4: "10.79.0.2", 6: "fd79::2" } as const;
const GATEWAY = { 4: "10.79.0.1", 6: "fd79::1" } as const;

type Family = 4 | 6;

/** A VIP of each family in each tunnel, for an echo and for a SYN. */
const FRONTENDS = ([4, 6] as const).flatMap((inner) =>
  ([4, 6] as const).flatMap((outer) =>
    (["icmp", "tcp"] as const).map((type, i) => {
      const last = 80 + 2 * (outer === 4 ? 0 : 1) + i;
      const vip = inner === 4 ? `192.0.2.${last}` : `2001:db8:77::${last}`;
      return { name: `${type}-${inner}-in-${outer}`, vip, inner, outer, type };
    })
  )
);
const VIPS = FRONTENDS.map(({ vip, inner }) => `${vip}/${inner === 4 ? 32 : 128}`);

function configText(netns: string): string {
  const pace = "interval: 200ms, fast-interval: 50ms, timeout: 200ms, rise: 2, fall: 3";
  return `maglev:
  healthchecker: { netns: ${netns} }
  vpp:
    lb:
      ipv4-src-address: 198.51.100.1
      ipv6-src-address: 2001:db8:ff::1
      startup-min-delay: 0s
      startup-max-delay: 0s
  healthchecks:
    icmp: { type: icmp, ${pace} }
    tcp: { type: tcp, port: ${PORT}, ${pace} }
  backends:
${
    ([4, 6] as const).flatMap((family) =>
      ["icmp", "tcp"].map((type) =>
        `    ${type}${family}: { address: "${SERVER[family]}", healthcheck: ${type} }\n`
      )
    ).join("")
  }  frontends:
${
    FRONTENDS.map(({ name, vip, type, outer }) =>
      `    ${name}:
      { address: "${vip}", protocol: tcp, port: ${PORT}, pools: [{ name: main, encap: on, backends: { ${type}${outer}: {} } }] }\n`
    ).join("")
  }`;
}

/** The server's link to VPP, and the ways through VPP in both directions. */
async function connect(wire: Wire, server: TestNamespace, vpp: RunningVpp): Promise<void> {
  const inside = (words: string) => ip(`-n ${wire.inside} ${words}`);
  await inside(`link add mlvs0 type veth peer eth0 netns ${server.name}`);
  await ip(`netns exec ${wire.inside} sysctl -qw net.ipv6.conf.mlvs0.disable_ipv6=1`);
  await inside("link set mlvs0 up");
  await server.ip("link set eth0 up");
  await vpp.cli("create host-interface name mlvs0");
  await vpp.cli("set interface state host-mlvs0 up");
  for (const family of [4, 6] as const) {
    const length = family === 4 ? 24 : 64;
    await vpp.cli(`set interface ip address host-mlvs0 ${GATEWAY[family]}/${length}`);
    const nodad = family === 6 ? " nodad" : "";
    await server.ip(`address add ${SERVER[family]}/${length} dev eth0${nodad}`);
    await server.ip(`-${family} route add default via ${GATEWAY[family]}`);
  }
  await ip(`-n ${wire.outside} route add 10.79.0.0/24 via 10.77.0.1`);
  await ip(`-n ${wire.outside} -6 route add fd79::/64 via fd77::1`);
}

async function ip(words: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args: words.split(" ") }).output();
  assert.ok(success, `ip ${words}: ${new TextDecoder().decode(stderr)}`);
}

interface Story {
  readonly vpp: RunningVpp;
  readonly client: MaglevClient;
  readonly server: EncapServer;
  readonly daemon: Daemon;
}

async function onStory(fn: (story: Story) => Promise<void>): Promise<void> {
  await using wire = await new Wire().make();
  await using vpp = await startVpp({ netns: wire.inside });
  await wire.plug(vpp);
  const namespace = await TestNamespace.make(`mlv-srv-${Deno.pid}`);
  // VPP gets packets as they are, so the kernels must complete their checksums.
  const quiet: Terminator[] = [];
  const server = new EncapServer(namespace.name, VIPS);
  try {
    await connect(wire, namespace, vpp);
    for (const [name, link] of [[wire.outside, "mlv1"], [namespace.name, "eth0"]] as const) {
      const terminator = new Terminator(name, "client", link);
      quiet.push(terminator);
      assert.equal(await terminator.line(), "ready");
    }
    await server.start(PORT);
    await withFolder(async (folder) => {
      const config = `${folder}/maglev.yaml`;
      await Deno.writeTextFile(config, configText(wire.outside));
      const grpcAddr = `127.0.0.1:${freePort()}`;
      const daemon = new Daemon({ config, vppApiAddr: vpp.apiSocket, grpcAddr });
      const client = new MaglevClient({ address: grpcAddr, clock: new SystemClock() });
      try {
        await daemon.seen(({ msg }) => msg === "vpp-lbsync-done");
        await fn({ vpp, client, server, daemon });
      } finally {
        client.close();
        await daemon.stop();
      }
    });
  } finally {
    for (const terminator of quiet) await terminator.end();
    await server.end();
    await namespace.remove();
  }
}

function entriesOf({ frontends }: messages.ListFrontendsResponse) {
  return frontends.map(({ name, pools }) => ({ ...pools[0]!.backends[0]!, name }));
}

/** True when all pairs are in that state, by maglevd and by VPP. */
async function settle({ client, vpp }: Story, state: "passing" | "failing"): Promise<void> {
  const weight = state === "passing" ? 100 : 0;
  const code = { passing: { icmp: "L7OK", tcp: "L4OK" }, failing: undefined }[state];
  const wanted = FRONTENDS.map(({ name, type }) =>
    `${name} up ${state} ${code?.[type] ?? "L3ENCAP"} ${weight}`
  ).sort();
  await readUntil(
    async () => {
      const answer = await client.call("ListFrontends", { details: true });
      return entriesOf(answer).map(({ name, state, encap, effectiveWeight }) =>
        `${name} ${state} ${encap?.state} ${encap?.lastResult?.code} ${effectiveWeight}`
      ).sort();
    },
    (found) => JSON.stringify(found) === JSON.stringify(wanted),
    { what: wanted.join("\n") },
  );
  const inVpp = Object.fromEntries(
    FRONTENDS.map(({ vip, inner, outer }) => [
      `${vip}/${inner === 4 ? 32 : 128} 6 ${PORT}`,
      [`${SERVER[outer as Family]} ${weight}`],
    ]).sort(),
  );
  await readUntil(
    () => view(vpp),
    (found) =>
      JSON.stringify(Object.entries(found).sort()) === JSON.stringify(Object.entries(inVpp).sort()),
    {
      what: `VPP has ${JSON.stringify(inVpp)}`,
    },
  );
}

Deno.test({
  name:
    `real VPP: encap finds a missing VIP and a missing decapsulation, and a plain check does not${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  fn: () =>
    onStory(async (story) => {
      const { server, daemon, client } = story;
      await settle(story, "passing");
      const { mark } = daemon;
      await server.vips("del");
      await settle(story, "failing");
      const failing = entriesOf(await client.call("ListFrontends", { details: true }));
      for (const { name, encap } of failing) {
        const { vip, outer } = FRONTENDS.find((frontend) => frontend.name === name)!;
        const source = outer === 4 ? "198.51.100.1" : "2001:db8:ff::1";
        assert.match(
          encap!.lastResult!.detail,
          new RegExp(`through the tunnel from ${source}: is`),
        );
        assert.ok(encap!.lastResult!.detail.includes(`is ${vip} on its loopback`));
      }
      await server.vips("add");
      await settle(story, "passing");
      await server.decapsulate(false);
      await settle(story, "failing");
      await server.vips("del");
      await settle(story, "failing");
      await server.vips("add");
      await server.decapsulate(true);
      await settle(story, "passing");
      const words = daemon.lines.slice(mark);
      assert.deepEqual(words.filter(({ msg }) => msg === "backend-transition"), []);
      const failed = words.filter(({ msg }) => msg === "encap-failed");
      assert.equal(failed.length, 2 * FRONTENDS.length);
      for (const { message } of failed) assert.match(String(message), /^it answers on its own add/);
      assert.equal(await server.halfOpen(), "");
    }),
});
