/**
 * A rollout: maglevc, two maglevds with files of their own, a real etcd, a simulated VPP. Judges: VPP's
 * VIPs, the hash in force of each, and what `show fleet` reports. Goal: a file comes into force in its
 * wave; one that would remove a VIP stops at the canary; the former file comes back.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { vppHas } from "../support/judges/lb_view.ts";
import { EtcdCluster, etcdTest } from "../support/servers/etcd.ts";
import { maglevc } from "../support/terminals/maglevc.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import { configText, type FrontendText, onStage } from "../support/worlds/stage.ts";

const [A, B] = ["127.0.78.1", "127.0.78.2"] as const;
const VIP = "192.0.2.1/32 6 80";
const OTHER = "192.0.2.2/32 6 80";
const PATIENT = { deadlineMs: 60_000 };
const POOLS = { main: { b0: 100, b1: 100 } };
const WEB: FrontendText = { address: "192.0.2.1", pools: POOLS };
const API: FrontendText = { address: "192.0.2.2", pools: POOLS };
const BOTH = [`${A} 100`, `${B} 100`];

etcdTest("a file comes into force wave by wave, stops at a gate, and is taken back", async () => {
  await using cluster = await EtcdCluster.start(1);
  await onStage([A, B], async ({ configPath, configure, servers, simulator, start }) => {
    await configure({ web: WEB });
    const home = configPath.replace(/[^/]*$/, "");
    const files = { lb1: configPath, lb2: `${home}lb2.yaml` };
    const write = async (frontends: Readonly<Record<string, FrontendText>>) => {
      const text = configText(servers, frontends);
      for (const path of Object.values(files)) await Deno.writeTextFile(path, text);
      const bytes = new TextEncoder().encode(text);
      return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    };
    const first = await write({ web: WEB });
    const startAs = (lb: "lb1" | "lb2", vpp: { readonly vppApiAddr?: string }) =>
      start({
        grpcAddr: "127.0.0.1:0",
        stateDir: `${home}${lb}`,
        flags: [
          `--config=${files[lb]}`,
          `--fleet-store=etcd:${cluster.servers.join(",")}`,
          "--fleet=edge",
          `--fleet-lb=${lb}`,
        ],
        ...vpp,
      });
    // The second one is without VPP.
    const both = [startAs("lb1", {}), startAs("lb2", { vppApiAddr: "" })];
    for (const daemon of both) {
      await daemon.seen(({ msg, state }) => msg === "fleet-store" && state === "ok", PATIENT);
    }
    await vppHas(simulator, { [VIP]: BOTH });
    const server = (await Promise.all(both.map(grpcAddress))).join(",");
    const run = async (line: string) => {
      const args = ["--server", server, "--timeout", "30s", "--output", "json", ...line.split(" ")];
      return await maglevc(args, { home, deadlineMs: 120_000 });
    };
    const one = async (line: string) => {
      const args = ["--server", server.split(",")[0]!, "--timeout", "30s", ...line.split(" ")];
      return await maglevc(args, { home, deadlineMs: 120_000 });
    };
    const shown = async () => {
      const [rollout] = JSON.parse((await run("show fleet")).stdout).rollouts ?? [];
      return rollout as Json;
    };
    const reaches = (what: string, holds: (rollout: Json) => boolean) =>
      readUntil(shown, (rollout) => rollout !== undefined && holds(rollout), { ...PATIENT, what });
    const stateOf = (rollout: Json, lb: string) =>
      rollout.loadBalancers.find(({ name }: Json) => name === lb)?.state;
    await readUntil(
      async () => JSON.parse((await one("--output json show fleet intents")).stdout).members,
      (members: Json) => members?.length === 2,
      { ...PATIENT, what: "both are there" },
    );

    // Two waves; the second one by hand.
    const second = await write({ web: WEB, api: API });
    const begun = await one(`fleet rollout ${second} waves lb1/rest reason test`);
    assert.equal(begun.code, 0, begun.stderr);
    await vppHas(simulator, { [VIP]: BOTH, [OTHER]: BOTH });
    const canary = await reaches(
      "lb1 has it",
      (rollout) => stateOf(rollout, "lb1") === "applied" && rollout.loadBalancers[0].note === "",
    );
    assert.equal(stateOf(canary, "lb2"), "closed");
    const hashes = async () => {
      const { members } = JSON.parse((await one("--output json show fleet intents")).stdout);
      return members.map(({ configHash }: Json) => configHash);
    };
    assert.deepEqual(await hashes(), [second, first]);
    const next = await one("fleet rollout next");
    assert.equal(next.code, 0, next.stderr);
    await reaches("it is done", ({ state }) => state === "done");
    assert.deepEqual(await hashes(), [second, second]);

    // A file that removes a VIP: its canary refuses, and the other one is untouched.
    const third = await write({ web: WEB });
    assert.equal(third, first);
    const risky = await one(`fleet rollout ${third} waves lb1/rest bake 1s`);
    assert.equal(risky.code, 0, risky.stderr);
    const refused = await reaches("a gate is red", ({ state }) => state === "refused");
    assert.equal(
      refused.note,
      "lb1: its plan removes or recreates 1 VIPs (api), at most 0 are allowed",
    );
    assert.deepEqual(await hashes(), [second, second]);
    await vppHas(simulator, { [VIP]: BOTH, [OTHER]: BOTH });

    // Allowed, then taken back: the file on disk stays.
    const allowed = await one(`fleet rollout ${third} waves rest removes 1`);
    assert.equal(allowed.code, 0, allowed.stderr);
    await reaches("it is done", ({ state }) => state === "done");
    await vppHas(simulator, { [VIP]: BOTH });
    const back = await one("fleet rollout revert");
    assert.equal(back.code, 0, back.stderr);
    await reaches("it is reverted", ({ state }) => state === "reverted");
    await vppHas(simulator, { [VIP]: BOTH, [OTHER]: BOTH });
    assert.deepEqual(await hashes(), [second, second]);
    assert.doesNotMatch(await Deno.readTextFile(files.lb1), /api/);
  });
});

// deno-lint-ignore no-explicit-any
type Json = any;
