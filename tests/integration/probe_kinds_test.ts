/**
 * Kinds of probe against real servers in a network namespace, in both families and from a source
 * address. Goal: a healthy server always passes, one that is stopped or gone fails with the reason,
 * and no probe is void by a lack of the host. Method: every outcome is judged, not only the newest.
 */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import { isThere } from "../../tools/debian.ts";
import { withFolder } from "../support/servers/daemon.ts";
import {
  NET4,
  NET6,
  netnsTest,
  type TestNamespace,
  withNamespace,
} from "../support/servers/netns.ts";
import { readUntil } from "../support/judges/until.ts";
import { type Engine, withEngine } from "../support/worlds/netns_engine.ts";
import { ADDRESSES, PROGRAMS, type Service, servicesOf } from "../support/worlds/probe_services.ts";

const SOURCES = { probeIpv4Src: parseIp(`${NET4}2`), probeIpv6Src: parseIp(`${NET6}2`) };

const MISSING = PROGRAMS.find((program) => !isThere(program));

/** Why bind9 is left out, for the test's name; empty: it is there. */
const NO_BIND = isThere("named") ? "" : " (without bind9: named is not installed)";

/** The same for grpcio, which `deno task setup` installs with protoc. */
const NO_GRPCIO = isThere("protoc") ? "" : " (without gRPC in Python: protoc is not installed)";

/**
 * Far longer than an answer takes on a busy machine: each outcome is judged, so a server that is slow
 * for once must not fail.
 */
const TIMEOUT_MS = 5000;
/** Outcomes of a phase that must all be alike. */
const STEADY = 10;
/** The same, for a phase in which each takes the whole timeout. */
const SLOW_STEADY = 2;

/** Longest time for one change of a server, and for the outcomes after it. */
const PHASE_MS = 120_000;

/** Follows the outcomes of a target from one phase of its server to the next, and judges each. */
class Follower {
  readonly #engine: Engine;
  readonly #name: string;
  /** Outcomes that were judged. */
  #judged = 0;

  constructor(engine: Engine, name: string) {
    this.#engine = engine;
    this.#name = name;
  }

  /**
   * Waits for `verdict` that many times in a row. Before the first one all outcomes must fit
   * `meanwhile`, and after it none may differ.
   */
  async turns(
    verdict: RegExp,
    { meanwhile, times = STEADY }: { readonly meanwhile: RegExp; readonly times?: number },
  ): Promise<void> {
    const seen = () => this.#engine.verdictsInOrder(this.#name, this.#judged);
    const enough = (texts: readonly string[]) => {
      const first = texts.findIndex((text) => verdict.test(text));
      return first >= 0 && texts.length >= first + times;
    };
    const texts = await readUntil(
      seen,
      (texts) => enough(texts) || !fits(texts, verdict, meanwhile),
      {
        what: `${this.#name}: ${verdict}`,
        deadlineMs: PHASE_MS,
      },
    );
    assert.ok(fits(texts, verdict, meanwhile), this.#problem(texts, verdict));
    this.#judged += texts.length;
  }

  /** Judges the outcomes since turns(), which must be like those before. */
  ends(verdict: RegExp): void {
    const texts = this.#engine.verdictsInOrder(this.#name, this.#judged);
    assert.ok(texts.every((text) => verdict.test(text)), this.#problem(texts, verdict));
    this.#judged += texts.length;
  }

  #problem(texts: readonly string[], verdict: RegExp): string {
    return `${this.#name}: expected ${verdict}, seen ${JSON.stringify(texts)}`;
  }
}

/** True when `meanwhile` fits all before the first `verdict`, and from that on all are such. */
function fits(texts: readonly string[], verdict: RegExp, meanwhile: RegExp): boolean {
  const first = texts.findIndex((text) => verdict.test(text));
  const change = first < 0 ? texts.length : first;
  return texts.slice(0, change).every((text) => meanwhile.test(text)) &&
    texts.slice(change).every((text) => verdict.test(text));
}

/** Any verdict: a server that starts or ends fails in many ways. */
const ANYTHING = /^/;
/** No verdict. */
const NOTHING = /^\b$/;

/** Probes a service from wherever the system chooses, and from the source addresses. */
function startAll(
  engine: Engine,
  { name, check }: Service,
  { netns }: { netns: string },
): Follower[] {
  return ADDRESSES.flatMap((address) => {
    const names = [`${name} ${address}`, `${name} ${address} from a source`];
    const timed = { ...check, timeoutMs: TIMEOUT_MS };
    engine.start(names[0]!, address, timed, netns);
    engine.start(names[1]!, address, { ...timed, ...SOURCES }, netns);
    return names.map((name) => new Follower(engine, name));
  });
}

/** Other checks of the same server, each with the verdict that it must always have. */
function startOthers(
  engine: Engine,
  { name, check, others = [] }: Service,
  { netns }: { netns: string },
): (readonly [Follower, RegExp])[] {
  return others.map(([params, verdict, port = check.port], index) => {
    const other = `${name} ${index}`;
    const changed = { ...check, ...(port === undefined ? {} : { port }), params };
    engine.start(other, ADDRESSES[index % 2]!, { ...changed, timeoutMs: TIMEOUT_MS }, netns);
    return [new Follower(engine, other), verdict];
  });
}

async function drill(namespace: TestNamespace, engine: Engine, service: Service): Promise<void> {
  const run = () => service.programs.map(({ program, args }) => namespace.spawn(program, args));
  let children = run();
  const followers = startAll(engine, service, { netns: namespace.name });
  const passes = new RegExp(`^${service.pass}$`);
  const { stopped, gone = /^L4CON connection refused$/ } = service;
  // The stop may come at any step of a probe.
  const underWay = new RegExp(`${passes.source}|^L[467]TOUT `);
  const all = (verdict: RegExp, options: Parameters<Follower["turns"]>[1]) =>
    Promise.all(followers.map((follower) => follower.turns(verdict, options)));
  const allEnd = (verdict: RegExp) => followers.forEach((follower) => follower.ends(verdict));
  const kill = (signal: Deno.Signal) => children.forEach((child) => child.kill(signal));
  try {
    await all(passes, { meanwhile: ANYTHING });
    const others = startOthers(engine, service, { netns: namespace.name });
    await Promise.all(
      others.map(([follower, verdict]) => follower.turns(verdict, { meanwhile: NOTHING })),
    );
    others.forEach(([follower, verdict]) => follower.ends(verdict));
    allEnd(passes);
    kill("SIGSTOP");
    await all(stopped, { meanwhile: underWay, times: SLOW_STEADY });
    allEnd(stopped);
    kill("SIGCONT");
    await all(passes, { meanwhile: underWay });
    allEnd(passes);
    kill("SIGKILL");
    await Promise.all(children.map((child) => child.status));
    children = [];
    // A connection that the end of the server cut fails with other words.
    await all(gone, { meanwhile: ANYTHING });
    allEnd(gone);
    children = run();
    await all(passes, { meanwhile: ANYTHING });
    allEnd(passes);
  } finally {
    kill("SIGKILL");
    await Promise.all(children.map((child) => child.status));
  }
}

netnsTest(
  `each kind sees a real server fall and return${
    MISSING === undefined ? NO_BIND + NO_GRPCIO : ` (skipped: no ${MISSING})`
  }`,
  async () => {
    if (MISSING !== undefined) return;
    await withFolder((folder) =>
      withNamespace(async (namespace) => {
        await withEngine(async (engine) => {
          const services = await servicesOf(folder, {
            bind: NO_BIND === "",
            grpcio: NO_GRPCIO === "",
          });
          await Promise.all(services.map((service) => drill(namespace, engine, service)));
          // A busy machine makes the prober late now and then, which accuses no server.
          assert.deepEqual(engine.voids.filter(({ lack }) => lack !== undefined), []);
        });
      })
    );
  },
);
