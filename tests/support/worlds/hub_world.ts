/** A hub with maglevds in memory and a clock that stands still, and what its subscribers get. */
import { createHub } from "../../../src/dashboard/hub/hub.ts";
import type { Audience, Hub, SentEvent } from "../../../src/dashboard/ports.ts";
import type { DashboardEvent } from "../../../src/dashboard/protocol.ts";
import { FakeClock, settle } from "../fakes/fake_clock.ts";
import { fakeBackend, fakeFrontend, FakeMaglevd } from "../fakes/fake_maglevd.ts";
import { mulberry32 } from "../fakes/mulberry32.ts";

export interface HubWorld {
  readonly hub: Hub;
  readonly clock: FakeClock;
  readonly maglevds: Readonly<Record<string, FakeMaglevd>>;
  /** Events for operators, since the start or the last take(). */
  take(): readonly DashboardEvent[];
  /** The same, of one type. */
  takeOf<T extends DashboardEvent["type"]>(type: T): readonly (DashboardEvent & { type: T })[];
  /** Everything that was sent to an audience. */
  readonly sent: Readonly<Record<Audience, readonly SentEvent[]>>;
}

/** web: b0 and b1, in reserve b2. */
export function smallMaglevd(): FakeMaglevd {
  const maglevd = new FakeMaglevd();
  maglevd.backends = ["b0", "b1", "b2"].map((name, at) =>
    fakeBackend(name, { address: `10.0.0.${at}` })
  );
  maglevd.frontends = [fakeFrontend("web", { main: { b0: 100, b1: 50 }, spare: { b2: 0 } })];
  return maglevd;
}

/** Runs `fn` with a started hub and stops it; nothing may be left of it. */
export async function onHub(
  maglevds: Readonly<Record<string, FakeMaglevd>>,
  fn: (world: HubWorld) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const hub = createHub({
    servers: Object.keys(maglevds).map((name) => ({ name, address: `${name}:9090` })),
    connect: ({ name }) => maglevds[name]!.connect(),
    security: { tls: false, token: false },
    version: "1.0 (c)",
    clock,
    prng: mulberry32(1),
  });
  const sent: Record<Audience, SentEvent[]> = { viewer: [], operator: [] };
  for (const audience of ["viewer", "operator"] as const) {
    hub.subscribe({ audience, listener: (event) => sent[audience].push(event) });
  }
  let taken = 0;
  const take = () => {
    const events = sent.operator.slice(taken).map(({ event }) => event);
    taken = sent.operator.length;
    return events;
  };
  hub.start();
  await settle();
  try {
    await fn({
      hub,
      clock,
      maglevds,
      sent,
      take,
      takeOf: <T extends DashboardEvent["type"]>(type: T) =>
        take().filter((event): event is DashboardEvent & { type: T } => event.type === type),
    });
  } finally {
    const stopping = hub.stop();
    await clock.advanceAsync(0);
    await stopping;
  }
  if (clock.timers > 0) throw new Error(`${clock.timers} timers are left`);
  for (const [name, { connections }] of Object.entries(maglevds)) {
    if (connections > 0) throw new Error(`${connections} connections to ${name} are left`);
  }
}
