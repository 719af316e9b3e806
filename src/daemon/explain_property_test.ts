/**
 * Explanations of the daemon's own parts over random events: checker, reconciler and the
 * simulator's lb plugin, wired as the daemon wires them. The last link of each chain is the weight
 * that the plugin has, also while operations wait, VPP restarts, or another program changes it.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { settle } from "../../tests/support/fakes/fake_clock.ts";
import { commands, configs, newWorld, run } from "../../tests/support/worlds/checker_commands.ts";
import { PluginLb, readPlugin } from "../../tests/support/worlds/plugin_lb.ts";
import { FakeConnection } from "../../tests/support/worlds/reconcile_world.ts";
import { explainBackend } from "../explain/explain.ts";
import type { VppApi } from "../grpc/calls/daemon_api.ts";
import { vppView } from "../grpc/handlers/diagnosis/vpp_view.ts";
import { FRESH_MS, LbStateReader } from "../grpc/handlers/lb_state_reader.ts";
import { vipKeyOf, vppLbOf } from "../vpp/lb/desired.ts";
import { vipKeyText } from "../vpp/lb/model.ts";
import { Reconciler } from "../vpp/sync/reconcile.ts";
import { SentWeights } from "../vpp/sync/sent_weights.ts";
import type { WeightsSent } from "../checker/ports.ts";
import { desiredSource } from "./desired_source.ts";

type Event =
  | { readonly kind: "command"; readonly command: Parameters<typeof run>[1] }
  /** VPP answers nothing until a `release`. */
  | { readonly kind: "hold" | "release" | "restart" }
  /** Another program sets the weight of a server. */
  | { readonly kind: "foreign"; readonly pick: number; readonly weight: number };

const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: commands.map((command) => ({ kind: "command" as const, command })) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("hold" as const, "release" as const, "restart" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("foreign" as const),
      pick: fc.nat(),
      weight: fc.integer({ min: 0, max: 100 }),
    }),
  },
);

Deno.test("explain: the last link is the weight in the simulated VPP, whatever happens", async () => {
  let compared = 0;
  let differing = 0;
  await fc.assert(
    fc.asyncProperty(
      configs.filter(({ vppLb, frontends }) => vppLb !== undefined && frontends.size > 0),
      fc.array(events, { maxLength: 25, size: "max" }),
      fc.boolean(),
      async (config, sequence, weights) => {
        const can = { weights };
        const sent = new SentWeights();
        const weightsSent: WeightsSent = {
          of: (frontend) => sent.of(vipKeyOf(frontend)),
          isProgrammed: (frontend) => sent.isOwn(vipKeyOf(frontend)),
        };
        const world = newWorld(config, { weightsSent });
        const { checker, clock, logger } = world;
        const connection = new FakeConnection();
        const reconciler = new Reconciler({
          connection,
          source: desiredSource(checker),
          clock,
          logger,
          lbConfig: () => vppLbOf(checker.current.config),
          pace: { readEveryMs: 0, recreateEveryMs: 0 },
          sent,
        });
        sent.onFound = () => checker.weightsKnown("found");
        checker.subscribe((event) => {
          if (event.kind === "program") reconciler.transition(event);
          else if (event.kind === "reload") reconciler.reload();
        });
        let lb = new PluginLb(undefined, can);
        reconciler.start();
        connection.connect(lb);
        checker.start();
        const vpp = { connection, reconciler } as unknown as VppApi;
        const reader = new LbStateReader({ clock, logger });
        const compare = async () => {
          const view = await vppView(vpp, reader);
          if (view.kind !== "known") return;
          const snapshot = checker.snapshot();
          const inVpp = new Map(readPlugin(lb.plugin, can).map((vip) => [vipKeyText(vip), vip]));
          for (const name of snapshot.backends.keys()) {
            const address = snapshot.config.backends.get(name)!.address.text;
            const context: Parameters<typeof explainBackend>[1] = {
              snapshot,
              vpp: view,
              voidReason: undefined,
            };
            for (const place of explainBackend(name, context).places) {
              const vip = vipKeyOf(snapshot.config.frontends.get(place.frontend)!);
              const weight = inVpp.get(vipKeyText(vip))?.servers
                .find((server) => server.address.text === address)?.weight;
              assert.equal(place.links.at(-1)!.weight, weight, JSON.stringify(place));
              const equal = place.effectiveWeight === (weights ? weight : weight ?? 0);
              assert.equal(place.difference === "", equal);
              compared++;
              if (place.difference !== "") differing++;
            }
          }
        };
        for (const event of sequence) {
          if (event.kind === "command") run(world, event.command);
          else if (event.kind === "foreign") {
            const vips = readPlugin(lb.plugin, can).filter(({ servers }) => servers.length > 0);
            const vip = vips[event.pick % vips.length];
            const server = vip?.servers[event.pick % vip.servers.length];
            if (vip !== undefined && weights && !lb.held) {
              void lb.setWeight(vip, server!.address, event.weight, false);
              // A reading before this is older than a second at the next comparison.
              clock.advance(FRESH_MS);
            }
          } else if (event.kind === "hold") lb.hold();
          else if (event.kind === "release") lb.release();
          else {
            lb.lose();
            connection.disconnect();
            lb = new PluginLb(undefined, can);
            connection.connect(lb);
          }
          await settle();
          if (!lb.held) await compare();
        }
        lb.release();
        await settle();
        await compare();
        checker.stop();
        await reconciler.stop();
      },
    ),
    { numRuns: 40, seed: 18 },
  );
  assert.ok(compared > 500 && differing > 0, `${compared} compared, ${differing} differ`);
});
