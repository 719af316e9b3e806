/**
 * Kinds of probe against real servers in a network namespace, in both families and from a source
 * address. Goal: a healthy server passes, one that is stopped or gone fails with the reason, and no
 * probe is void by a lack of the host.
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
import { type Engine, withEngine } from "../support/worlds/netns_engine.ts";
import { ADDRESSES, PROGRAMS, type Service, servicesOf } from "../support/worlds/probe_services.ts";

const SOURCES = { probeIpv4Src: parseIp(`${NET4}2`), probeIpv6Src: parseIp(`${NET6}2`) };

const MISSING = PROGRAMS.find((program) => !isThere(program));

/** Why bind9 is left out, for the test's name; empty: it is there. */
const NO_BIND = isThere("named") ? "" : " (without bind9: named is not installed)";

/** Probes a service from wherever the system chooses, and from the source addresses. */
function startAll(
  engine: Engine,
  { name, check }: Service,
  { netns }: { netns: string },
): string[] {
  return ADDRESSES.flatMap((address) => {
    const names = [`${name} ${address}`, `${name} ${address} from a source`];
    engine.start(names[0]!, address, check, netns);
    engine.start(names[1]!, address, { ...check, ...SOURCES }, netns);
    return names;
  });
}

async function drill(namespace: TestNamespace, engine: Engine, service: Service): Promise<void> {
  const run = () => service.programs.map(({ program, args }) => namespace.spawn(program, args));
  let children = run();
  const names = startAll(engine, service, { netns: namespace.name });
  const all = (verdict: RegExp) => Promise.all(names.map((name) => engine.says(name, verdict)));
  const kill = (signal: Deno.Signal) => children.forEach((child) => child.kill(signal));
  try {
    await all(new RegExp(`^${service.pass}$`));
    for (
      const [index, [params, verdict, port = service.check.port]] of (service.others ?? [])
        .entries()
    ) {
      const name = `${service.name} ${index}`;
      const check = { ...service.check, ...(port === undefined ? {} : { port }), params };
      engine.start(name, ADDRESSES[index % 2]!, check, namespace.name);
      await engine.says(name, verdict);
    }
    kill("SIGSTOP");
    await all(service.stopped);
    kill("SIGCONT");
    await all(new RegExp(`^${service.pass}$`));
    kill("SIGKILL");
    await Promise.all(children.map((child) => child.status));
    children = [];
    await all(service.gone ?? /^L4CON connection refused$/);
    children = run();
    await all(new RegExp(`^${service.pass}$`));
  } finally {
    kill("SIGKILL");
    await Promise.all(children.map((child) => child.status));
  }
}

netnsTest(
  `each kind sees a real server fall and return${
    MISSING === undefined ? NO_BIND : ` (skipped: no ${MISSING})`
  }`,
  async () => {
    if (MISSING !== undefined) return;
    await withFolder((folder) =>
      withNamespace(async (namespace) => {
        await withEngine(async (engine) => {
          const services = await servicesOf(folder, { bind: NO_BIND === "" });
          await Promise.all(services.map((service) => drill(namespace, engine, service)));
          // A busy machine makes the prober late now and then, which accuses no server.
          assert.deepEqual(engine.voids.filter(({ lack }) => lack !== undefined), []);
        });
      })
    );
  },
);
