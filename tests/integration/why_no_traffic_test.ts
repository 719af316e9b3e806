/**
 * "Why does this server take no traffic?", asked in prepared situations of a running maglevd. Goal:
 * one command of maglevc answers each, and so does the dashboard after two clicks. Method: one
 * maglevd on a simulated VPP; for each situation the output of `explain backend`, the answer of the
 * dashboard's server, and what its page shows in a Chromium, where there is one.
 */
import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { parseIp } from "../../src/base/address.ts";
import type { BackendExplanation, PlanAnswer, State } from "../../src/dashboard/protocol.ts";
import { MaglevClient } from "../../src/grpc/client/client.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { readUntil, until } from "../support/judges/until.ts";
import { launchChromium, NO_CHROMIUM, openPage } from "../support/servers/chromium.ts";
import { type Frontend, loginOf, withFrontend } from "../support/servers/frontend.ts";
import { maglevc } from "../support/terminals/maglevc.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import { onStage } from "../support/worlds/stage.ts";

/** The servers b0 to b7. */
const SERVERS = Array.from({ length: 8 }, (_, at) => `127.0.48.${at + 1}`);
/** No process listens there. */
const DEAD = "127.0.48.99";
/** Connections are taken there, and nothing is answered. */
const SILENT = "127.0.48.98";
const WEB = { pfx: { address: parseIp("192.0.2.1")!, len: 32 }, protocol: 6, port: 80 };

const MAIN = { b0: 100, b1: 100, b2: 100, b3: 100, b4: 100, b5: 0, b6: 100 };
const FRONTENDS = {
  web: { address: "192.0.2.1", pools: { main: MAIN, spare: { b7: 100 } } },
};
/** What a reload adds: neighbours that do not answer, and a server that no probe can judge. */
const CUT_OFF = `maglev:
  healthchecker:
    isolation:
      targets:
        - { address: ${DEAD}, type: tcp, port: 1 }
        - { address: ${DEAD}, type: tcp, port: 2 }
`;

/** The server, and the parts of the answer. */
type Situation = readonly [backend: string, ...answer: RegExp[]];

const NOT_SERVING = /takes no new flows|not connected/;

const BY_OPERATORS_AND_HEALTH: readonly Situation[] = [
  ["b4", /drained by an operator until .*: new rack: no new flows, established ones stay/],
  ["b1", /down: no new flows/, /failed: L4CON/],
  ["b2", /paused: no new flows/, /paused by an operator: new kernel/],
  ["b3", /disabled: no new flows/, /disabled by an operator: broken disk/],
  ["b5", /the file's weight is 0/],
  ["b6", /in place of the file's 100, weighed by an operator: canary/],
  ["b7", /pool "spare" is on standby: pool "main" before it is active/],
];
const BY_ANOTHER_PROGRAM: Situation = ["b0", /VPP has 0, should have 100: .*full comparison/];
const BY_THE_PROBER: Situation = ["b10", /probes are void/, /0 of 2 isolation targets answer/];
const BY_THE_FILE: Situation = ["b11", /disabled: no new flows/, /the file disables it/];
const BY_NO_VERDICT: Situation = [
  "b12",
  /unknown: no flows before the first verdict/,
  /no result in this state yet \(a probe takes at most 10m\)/,
];
const BY_VPP: Situation = ["b0", /VPP is not connected: /];

Deno.test({
  name: "why a server takes no traffic: one command, or two clicks, in twelve situations",
  // The browser's own timers may begin in one test and end in another.
  sanitizeOps: false,
  fn: judgeSituations,
});

async function judgeSituations(): Promise<void> {
  const browser = NO_CHROMIUM === "" ? await launchChromium() : undefined;
  try {
    await onMaglevd(browser);
  } finally {
    await browser?.close();
  }
}

async function onMaglevd(browser: Browser | undefined): Promise<void> {
  await onStage(SERVERS, async ({ servers, simulator, configPath, configure, start }) => {
    await configure(FRONTENDS);
    // No full comparison corrects what the test changes in VPP, and a drain without packets lasts.
    const rare = "      sync-interval: 10m\n      flow-timeout: 2m\n      startup-min-delay:";
    const quick = await Deno.readTextFile(configPath);
    await Deno.writeTextFile(configPath, quick.replace("      startup-min-delay:", rare));
    const daemon = start({ grpcAddr: "127.0.0.1:0" });
    const address = await grpcAddress(daemon);
    for (const at of SERVERS.keys()) await daemon.transition(`b${at}`, "up");
    using silent = Deno.listen({ hostname: SILENT, port: 0, transport: "tcp" });
    const client = new MaglevClient({ address, clock: new SystemClock() });
    const home = configPath.replace(/[^/]*$/, "");
    try {
      await withFrontend({ server: `lb1=${address}` }, async (frontend) => {
        /** `again` makes the situation again, where maglevd may have ended it meanwhile. */
        const answers = async ([backend, ...answer]: Situation, again = () => {}) => {
          const explained = async () => {
            again();
            const args = ["--server", address, "explain", "backend", backend];
            const { code, stdout, stderr } = await maglevc(args, { home });
            assert.deepEqual([code, stderr], [0, ""]);
            // One line has it all, before the chain; the dashboard has the same sentence.
            const line = /^frontend web, pool \w+: (.*)$/m.exec(stdout)?.[1] ?? "";
            const sentence = await firstSentence(frontend, backend);
            return { printed: stdout.replace(/\s+/g, " "), line, same: sentence === line };
          };
          const parts = [...answer, NOT_SERVING];
          await readUntil(
            explained,
            ({ printed, line, same }) =>
              same && answer.every((part) => part.test(printed)) &&
              parts.every((part) => part.test(line)),
            { what: `maglevc and the dashboard on ${backend}`, everyMs: 100 },
          );
          if (browser === undefined) return;
          // The reason of a lost connection may be another one by now.
          const fits = async (text: string) => {
            const sentence = await firstSentence(frontend, backend);
            return text === `${backend} ${sentence}` && parts.every((part) => part.test(sentence));
          };
          await onPage(browser, { frontend, backend, fits, again });
        };
        /** One after the other, as an operator does it. */
        const all = async (situations: readonly Situation[]) => {
          for (const situation of situations) await answers(situation);
        };
        const act = { reason: "", end: undefined };
        await client.call("PauseBackend", { ...act, name: "b2", reason: "new kernel" });
        await client.call("DisableBackend", { ...act, name: "b3", reason: "broken disk" });
        const isRead = async () => (await frontend.ask("/view/api/state")).body.includes('"b7"');
        await until(isRead, { what: "the dashboard has read maglevd" });
        // A drain without flows would end.
        for (const vip of simulator.plugin.vips()) {
          for (const server of simulator.plugin.serversOf(vip)) server.flows = 3;
        }
        await drainByPage(frontend);
        await client.call("SetFrontendPoolBackendWeight", {
          ...{ frontend: "web", pool: "main", backend: "b6", weight: 0, reason: "canary" },
        });
        await servers[1]!.close();
        await daemon.transition("b1", "down");
        await all(BY_OPERATORS_AND_HEALTH);

        const server = { address: parseIp(SERVERS[0]!)!, weight: 0, flush: false };
        const byAnotherProgram = () => assert.equal(simulator.plugin.setWeight(WEB, server), 0);
        // A reading of VPP is shared for a second; the end of a drain, for one, has maglevd read the
        // VIP, and correct it.
        await until(async () => {
          byAnotherProgram();
          const { places } = await client.call("ExplainBackend", { name: "b0" });
          return places[0]?.vppWeight === 0;
        }, { what: "maglevd has read VPP" });
        await answers(BY_ANOTHER_PROGRAM, byAnotherProgram);

        const text = await Deno.readTextFile(configPath);
        await Deno.writeTextFile(
          configPath,
          text.replace("maglev:\n", CUT_OFF)
            .replace(
              "  frontends:\n",
              `    b10: { address: ${DEAD}, healthcheck: web }\n` +
                `    b11: { address: 127.0.48.97, enabled: false }\n` +
                `    b12: { address: ${SILENT}, healthcheck: slow }\n  frontends:\n`,
            )
            .replace(
              "  backends:\n",
              `    slow: { type: http, port: ${silent.addr.port}, timeout: 10m, interval: 10m,\n` +
                "      params: { path: / } }\n  backends:\n",
            )
            .replace(/^( +)(b0: \{ weight: 100 \})/m, "$1$2\n$1b10: {}\n$1b11: {}\n$1b12: {}"),
        );
        const reloaded = await client.call("ReloadConfig", { reason: "neighbours" });
        assert.equal(reloaded.ok, true, reloaded.parseError + reloaded.semanticError);
        await daemon.seen(({ msg }) => msg === "prober-isolated");
        await until(async () => {
          const { blind } = await client.call("GetBackend", { name: "b10" });
          return blind !== "";
        }, { what: "the prober is cut off" });
        await until(async () => {
          const state: State = JSON.parse((await frontend.ask("/view/api/state")).body);
          return state.maglevds[0]?.blind?.[0]?.isolated === true;
        }, { what: "the dashboard shows that the prober is cut off", everyMs: 100 });
        await all([BY_NO_VERDICT, BY_THE_PROBER, BY_THE_FILE]);

        await simulator.stop();
        await daemon.seen(({ msg }) => msg === "vpp-disconnect");
        await answers(BY_VPP);
      });
    } finally {
      client.close();
    }
  });
}

/** At most two clicks on a page that was just opened: a VIP that is closed, and the server. */
async function onPage(
  browser: Browser,
  { frontend, backend, fits, again }: {
    readonly frontend: Frontend;
    readonly backend: string;
    readonly fits: (text: string) => Promise<boolean>;
    readonly again: () => void;
  },
): Promise<void> {
  const page = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  try {
    await page.goto(`http://127.0.0.1:${frontend.port}/view/`);
    // The only VIP is open, so that one click is enough.
    await page.getByRole("button", { name: backend, exact: true }).click();
    const answer = page.getByRole("region", { name: `Why ${backend}` }).locator(".verdict");
    await readUntil(
      async () => {
        again();
        const text = (await answer.innerText()).trim();
        return { text, isRight: await fits(text) };
      },
      ({ isRight }) => isRight,
      { what: `the page on ${backend}` },
    );
    assert.deepEqual(page.misdeeds.all, []);
  } finally {
    await page.context().close();
  }
}

/** Two clicks: the VIP of a server in the state, then the server, which begins with this. */
async function firstSentence(frontend: Frontend, backend: string): Promise<string> {
  const state: State = JSON.parse((await frontend.ask("/view/api/state")).body);
  const vip = state.maglevds[0]?.frontends.find(({ pools }) =>
    pools.some(({ backends }) => backends.some(({ name }) => name === backend))
  );
  if (vip === undefined) return "";
  const answer = await frontend.ask(`/view/api/explain/lb1/backends/${backend}`);
  if (answer.status !== 200) return answer.body;
  const { places }: BackendExplanation = JSON.parse(answer.body);
  const place = places.find((place) => place.frontend === vip.name);
  return place?.answer ?? "";
}

/** Plans the drain of b4 as the dialog does, and does it; the state has it then. */
async function drainByPage(frontend: Frontend): Promise<void> {
  const post = async (path: string, body: object) => {
    const headers = { "Content-Type": "application/json", Authorization: loginOf() };
    const content = JSON.stringify(body);
    const answer = await frontend.ask(path, { method: "POST", headers, body: content });
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body);
  };
  const drain = { reason: "new rack", for_ms: 600_000, then: "pause" };
  const body = { action: "drain", backend: "b4", ...drain };
  const { vips, states, command }: PlanAnswer = await post("/admin/api/lb1/plan", body);
  assert.deepEqual(states, []);
  const server = vips[0]!.servers.find(({ backends }) => backends.includes("b4"))!;
  assert.deepEqual([server.weight_now, server.weight_then, server.flush], [100, 0, false]);
  assert.ok(vips[0]!.moved > 0);
  assert.match(command, /set backend b4 drain for 10m then pause reason 'new rack'$/);
  const { backend } = await post("/admin/api/lb1/backends/b4/drain", drain);
  assert.equal(backend.state, "up");
  assert.deepEqual([backend.intent.kind, backend.intent.then], ["drain", "pause"]);
}
