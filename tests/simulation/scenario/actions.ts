/**
 * What happens in a run: faults and operators at chosen times. The list follows from the seed alone,
 * and each action has a seed of its own, so a shorter list means the same. PURE.
 */
import { type Behaviour, BEHAVIOURS } from "../world/servers.ts";
import { policyDice, SERVERS } from "../world/configs.ts";
import { agentDice, randomReport, READY, type Report, wordsOf } from "../world/agents.ts";
import { chainDice } from "../world/chains.ts";
import { Dice } from "../world/dice.ts";
import { encapDice, randomTunnel, SOUND_TUNNEL, type Tunnel } from "../world/tunnels.ts";

/** One action, without its time. `forMs`: how long it lasts. */
export type Happening =
  | { readonly kind: "server"; readonly server: string; readonly behaviour: Behaviour }
  | { readonly kind: "lack-ports"; readonly forMs: number }
  | { readonly kind: "worker-crash" }
  | { readonly kind: "vpp-restart"; readonly downMs: number; readonly older: boolean }
  | { readonly kind: "vpp-freeze"; readonly forMs: number }
  | { readonly kind: "vpp-cut"; readonly afterBytes: number }
  | { readonly kind: "vpp-garble"; readonly offset: number; readonly after: number }
  | { readonly kind: "vpp-refuse"; readonly message: string; readonly times: number }
  | { readonly kind: "vpp-withhold"; readonly message: string }
  | { readonly kind: "vpp-slow"; readonly delayMs: number; readonly forMs: number }
  | { readonly kind: "vpp-unreachable"; readonly forMs: number }
  | {
    readonly kind: "vpp-doomed";
    readonly requests: number;
    readonly replyBytes: number | undefined;
    readonly downMs: number;
  }
  | { readonly kind: "vpp-edited"; readonly seed: number }
  | { readonly kind: "vpp-nat"; readonly seed: number }
  | { readonly kind: "stats-end"; readonly forMs: number }
  | {
    readonly kind: "disk";
    readonly fault: "full" | "slow" | "broken";
    readonly forMs: number;
  }
  | { readonly kind: "clock-set"; readonly byMs: number }
  | { readonly kind: "daemon-kill"; readonly losesPower: boolean; readonly downMs: number }
  | { readonly kind: "daemon-restart"; readonly seed: number }
  | { readonly kind: "daemon-stop"; readonly forMs: number }
  | {
    readonly kind: "daemon-stutter";
    readonly forMs: number;
    readonly seed: number;
    /** Between two stops; default: 300. */
    readonly mostApartMs?: number;
  }
  /** The host is busy: long work of the daemon takes time, and rests while other things happen. */
  | { readonly kind: "daemon-busy"; readonly forMs: number; readonly seed: number }
  | { readonly kind: "reload"; readonly seed: number }
  /** A plan, and after a while a reload that must do it or be refused. */
  | { readonly kind: "planned-reload"; readonly seed: number; readonly waitMs: number }
  | { readonly kind: "sync"; readonly seed: number }
  | {
    readonly kind: "act";
    readonly action: "pause" | "resume" | "disable" | "enable";
    readonly seed: number;
    /** It begins after so long; default: at once. */
    readonly inMs?: number;
    readonly forMs: number | undefined;
  }
  | {
    readonly kind: "weight";
    readonly seed: number;
    readonly inMs?: number;
    readonly forMs: number | undefined;
  }
  | {
    readonly kind: "drain";
    readonly seed: number;
    readonly inMs?: number;
    readonly then: "pause" | "disable";
    readonly forMs: number | undefined;
    readonly force: boolean;
  }
  /** Forgives a backend that flapped. */
  | { readonly kind: "clear"; readonly seed: number }
  /** Ends an intent, or takes back one to come. */
  | { readonly kind: "cancel"; readonly seed: number }
  | { readonly kind: "lameduck"; readonly on: boolean; readonly forMs: number | undefined }
  | { readonly kind: "cut-off"; readonly forMs: number }
  /** The agent of a server reports this; absent: it does not answer. */
  | { readonly kind: "agent"; readonly server: string; readonly report: Report | undefined }
  /** Packets of VPP meet this in a server. */
  | ({ readonly kind: "tunnel"; readonly server: string } & Tunnel)
  /** The prober's host drops what comes from VIPs. */
  | { readonly kind: "filter"; readonly forMs: number };

export type Action = Happening & { readonly atMs: number };

/** The daemon runs undisturbed before the first and after the last action. */
const FIRST_MS = 3000;
/** Bounds of the length of the part in which things happen. */
const SHORTEST_MS = 15_000;
const LONGEST_MS = 90_000;

const OPERATIONS = ["lb_add_del_vip_v2", "lb_add_del_as_v2", "lb_as_set_weight", "lb_flush_vip"];

type Maker = (dice: Dice) => Happening;

const SERVER: Maker = (dice) => ({
  kind: "server",
  server: dice.pick(SERVERS),
  behaviour: dice.oneIn(2) ? "ok" : dice.pick(BEHAVIOURS),
});

const OPERATORS: readonly (readonly [number, Maker])[] = [
  [3, (dice) => ({ kind: "reload", seed: dice.seed() })],
  [1, (dice) => ({ kind: "sync", seed: dice.seed() })],
  [6, (dice) => ({
    kind: "act",
    action: dice.pick(["pause", "resume", "disable", "disable", "enable"] as const),
    seed: dice.seed(),
    forMs: dice.oneIn(4) ? dice.integer(1000, 20_000) : undefined,
  })],
  [3, (dice) => ({
    kind: "weight",
    seed: dice.seed(),
    forMs: dice.oneIn(4) ? dice.integer(1000, 20_000) : undefined,
  })],
];

const VPP: readonly (readonly [number, Maker])[] = [
  [3, (dice) => ({
    kind: "vpp-restart",
    downMs: dice.pick([0, 10, 700, 5000]),
    older: dice.oneIn(6),
  })],
  [2, (dice) => ({ kind: "vpp-freeze", forMs: dice.pick([50, 1000, 4000, 9000]) })],
  [3, (dice) => ({ kind: "vpp-cut", afterBytes: dice.integer(0, 600) })],
  [1, (dice) => ({ kind: "vpp-garble", offset: dice.integer(0, 60), after: dice.integer(0, 20) })],
  [2, (dice) => ({
    kind: "vpp-refuse",
    message: dice.pick(OPERATIONS),
    times: dice.integer(1, 3),
  })],
  [1, (dice) => ({ kind: "vpp-withhold", message: dice.pick(OPERATIONS) })],
  [2, (dice) => ({
    kind: "vpp-slow",
    delayMs: dice.pick([3, 100, 1500]),
    forMs: dice.integer(1000, 8000),
  })],
  [1, (dice) => ({ kind: "vpp-unreachable", forMs: dice.integer(100, 8000) })],
  [2, (dice) => ({
    kind: "vpp-doomed",
    requests: dice.integer(0, 12),
    replyBytes: dice.oneIn(2) ? dice.integer(0, 25) : undefined,
    downMs: dice.pick([0, 10, 700, 3000]),
  })],
  [3, (dice) => ({ kind: "vpp-edited", seed: dice.seed() })],
  [1, (dice) => ({ kind: "stats-end", forMs: dice.integer(0, 5000) })],
];

const HOST: readonly (readonly [number, Maker])[] = [
  [2, (dice) => ({
    kind: "daemon-kill",
    losesPower: dice.oneIn(3),
    downMs: dice.pick([10, 1000, 3000]),
  })],
  [1, (dice) => ({ kind: "daemon-restart", seed: dice.seed() })],
  [2, (dice) => ({ kind: "daemon-stop", forMs: dice.pick([60, 150, 300, 1000, 3000, 8000]) })],
  [2, (dice) => ({
    kind: "daemon-stutter",
    forMs: dice.integer(500, 6000),
    seed: dice.seed(),
  })],
  [1, () => ({ kind: "worker-crash" })],
  [1, (dice) => ({ kind: "lack-ports", forMs: dice.integer(500, 8000) })],
  [3, (dice) => ({
    kind: "disk",
    fault: dice.pick(["full", "slow", "broken"] as const),
    forMs: dice.integer(500, 12_000),
  })],
  [1, (dice) => ({ kind: "clock-set", byMs: dice.pick([-1, 1]) * dice.integer(500, 3_600_000) })],
];

/** Which of the makers a run has: some have few kinds, so that each has long quiet times. */
const MIXES: readonly (readonly (readonly [number, Maker])[])[] = [
  [[20, SERVER], ...OPERATORS],
  [[20, SERVER], ...OPERATORS, ...VPP],
  [[20, SERVER], ...OPERATORS, ...HOST],
  [[25, SERVER], ...OPERATORS, ...VPP, ...HOST],
];

/**
 * Several things within milliseconds, while VPP does not answer: an operator's sync reads VPP, and
 * operators change it meanwhile.
 */
function rush(dice: Dice): readonly Happening[] {
  const operators: readonly (readonly [number, Maker])[] = OPERATORS.slice(1);
  return [
    { kind: "vpp-freeze", forMs: dice.pick([1, 5, 30, 200]) },
    ...Array.from({ length: dice.integer(2, 6) }, () => dice.weighted(operators)(dice)),
  ];
}

/** Something that takes several actions, each so long after the first. */
type Story = readonly (Happening & { readonly afterMs?: number })[];

/** What happens in addition in a seed with policies. */
const STORIES: readonly (readonly [number, (dice: Dice) => Story])[] = [
  [3, outage],
  [1, stopAtStart],
  [2, (dice) => [{
    kind: "planned-reload",
    seed: dice.seed(),
    waitMs: dice.pick([0, 1, 100, 3000]),
  }]],
  [1, (dice) => [{
    kind: "daemon-stutter",
    forMs: dice.integer(500, 6000),
    seed: dice.seed(),
    mostApartMs: dice.pick([1, 5, 20]),
  }]],
  [3, drained],
  [3, flapping],
  [3, (dice) => [scheduled(dice), ...(dice.oneIn(3) ? [scheduled(dice)] : [])]],
  [1, (dice) => [{ kind: "clear", seed: dice.seed() }]],
  [1, (dice) => [{ kind: "cancel", seed: dice.seed() }]],
  [1, (dice) => [{
    kind: "lameduck",
    on: !dice.oneIn(3),
    forMs: dice.oneIn(2) ? dice.integer(1000, 20_000) : undefined,
  }]],
  [2, (dice) => [{ kind: "cut-off", forMs: dice.pick([300, 1500, 4000, 9000, 15_000]) }]],
];

/** Most servers change together, for the better or the worse. */
function outage(dice: Dice): Story {
  const behaviour = dice.pick(["refuse", "hang", "ok"] as const);
  return dice.shuffled(SERVERS).slice(0, dice.integer(3, SERVERS.length))
    .map((server) => ({ kind: "server", server, behaviour }));
}

/** A drain; the daemon does not run from soon after the begin of some until after their ends. */
function drained(dice: Dice): Story {
  const drain = {
    kind: "drain",
    seed: dice.seed(),
    then: dice.pick(["pause", "disable"] as const),
    forMs: dice.oneIn(2) ? dice.integer(1000, 20_000) : undefined,
    force: dice.oneIn(3),
  } as const;
  const { forMs, seed } = drain;
  // No dice, because they would change what follows.
  if (forMs === undefined || seed % 8 !== 6) return [drain];
  return [
    { ...drain, force: true },
    { kind: "daemon-kill", losesPower: seed % 3 === 0, downMs: forMs, afterMs: 500 },
  ];
}

/** A server goes up and down, at times faster than it is probed. */
function flapping(dice: Dice): Story {
  const server = dice.pick(SERVERS);
  const bad = dice.pick(["refuse", "hang"] as const);
  const periodMs = dice.pick([90, 400, 1500, 4000]);
  return Array.from({ length: 2 * dice.integer(2, 6) }, (_, i) => ({
    kind: "server",
    server,
    behaviour: i % 2 === 0 ? bad : "ok",
    afterMs: i * periodMs * dice.between(0.7, 1.3),
  }));
}

/** Something that an operator requests for later. */
function scheduled(dice: Dice): Happening {
  const times = {
    inMs: dice.integer(200, 12_000),
    forMs: dice.oneIn(3) ? undefined : dice.integer(1000, 20_000),
  };
  const seed = dice.seed();
  switch (dice.integer(0, 2)) {
    case 0:
      return { kind: "act", action: dice.pick(["pause", "disable"] as const), seed, ...times };
    case 1:
      return { kind: "weight", seed, ...times };
    default: {
      const then = dice.pick(["pause", "disable"] as const);
      return { kind: "drain", seed, then, force: dice.oneIn(3), ...times };
    }
  }
}

/** A new daemon is stopped while it reads what it has stored. */
function stopAtStart(dice: Dice): Story {
  const downMs = dice.pick([10, 1000]);
  return [
    { kind: "daemon-kill", losesPower: false, downMs },
    {
      kind: "daemon-stop",
      forMs: dice.pick([3000, 8000]),
      afterMs: downMs + dice.between(0.01, 4),
    },
  ];
}

/**
 * Times on a busy host: the daemon reads VPP, and operators change it before the reading is taken
 * over. A fifth of the seeds has them. Their own dice leave the others as they are.
 */
function busyTimes(dice: Dice, endMs: number): readonly Action[] {
  if (!dice.oneIn(5)) return [];
  const operators: readonly (readonly [number, Maker])[] = OPERATORS.slice(2);
  return Array.from({ length: dice.integer(2, 6) }, (): readonly Action[] => {
    const atMs = dice.between(FIRST_MS, endMs);
    const forMs = dice.pick([30, 100, 400]);
    return [
      { atMs, kind: "daemon-busy", forMs, seed: dice.seed() },
      { atMs, kind: "sync", seed: dice.seed() },
      ...Array.from({ length: dice.integer(2, 6) }, (): Action => ({
        atMs: atMs + dice.between(0, 30),
        ...dice.weighted(operators)(dice),
      })),
    ];
  }).flat();
}

function storiesOf(dice: Dice, endMs: number): readonly Action[] {
  return Array.from({ length: dice.integer(2, 10) }, () => {
    const atMs = dice.between(FIRST_MS, endMs);
    return dice.weighted(STORIES)(dice).map(({ afterMs = 0, ...happening }) => ({
      atMs: atMs + afterMs,
      ...happening,
    }));
  }).flat();
}

/** The actions of a seed, in order of time; `plain`: without those for the sake of policies. */
export function actionsOf(seed: number, plain = false): readonly Action[] {
  const dice = new Dice(seed);
  const mix = dice.pick(MIXES);
  const hasVpp = mix.some((maker) => maker === VPP[0]);
  const endMs = dice.between(SHORTEST_MS, LONGEST_MS);
  const actions: Action[] = [];
  const count = dice.integer(10, 45);
  for (let i = 0; i < count; i++) {
    // Some come together, within milliseconds.
    const last = actions.at(-1);
    const near = () => dice.pick([0, 0.1, 0.3, 1, 5]);
    let atMs = last !== undefined && dice.oneIn(4)
      ? last.atMs + near()
      : dice.between(FIRST_MS, endMs);
    if (hasVpp && dice.oneIn(20)) {
      for (const happening of rush(dice)) actions.push({ atMs: atMs += near(), ...happening });
    } else {
      actions.push({ atMs, ...dice.weighted(mix)(dice) });
    }
  }
  if (!plain && policyDice(seed) !== undefined) {
    actions.push(...storiesOf(new Dice(seed ^ 0xd4a1), endMs));
  }
  if (!plain && chainDice(seed) !== undefined) {
    const own = new Dice(seed ^ 0x11c5);
    actions.push(...Array.from({ length: own.integer(3, 9) }, (): Action => ({
      atMs: own.between(FIRST_MS, endMs),
      ...(own.oneIn(8)
        ? { kind: "vpp-nat" as const, seed: own.seed() }
        : { kind: "reload" as const, seed: own.seed() }),
    })));
  }
  if (!plain && agentDice(seed) !== undefined) {
    const own = new Dice(seed ^ 0xa6e5);
    actions.push(...Array.from({ length: own.integer(4, 14) }, (): Action => ({
      atMs: own.between(FIRST_MS, endMs),
      kind: "agent",
      server: own.pick(SERVERS),
      report: own.oneIn(3) ? READY : randomReport(own),
    })));
  }
  if (!plain && encapDice(seed) !== undefined) {
    const own = new Dice(seed ^ 0x6e7e2);
    actions.push(...Array.from({ length: own.integer(3, 12) }, (): Action => ({
      atMs: own.between(FIRST_MS, endMs),
      ...(own.oneIn(8) ? { kind: "filter" as const, forMs: own.pick([500, 4000, 12_000]) } : {
        kind: "tunnel" as const,
        server: own.pick(SERVERS),
        ...(own.oneIn(3) ? SOUND_TUNNEL : randomTunnel(own)),
      }),
    })));
  }
  if (!plain) actions.push(...busyTimes(new Dice(seed ^ 0xb0571), endMs));
  return actions.sort((a, b) => a.atMs - b.atMs);
}

/** One line for people, without the seed. */
export function actionText({ atMs, kind, ...rest }: Action): string {
  const fields = Object.entries(rest)
    .filter(([name, value]) => value !== undefined && name !== "seed")
    .map(([name, value]) => `${name}=${typeof value === "object" ? wordsOf(value) : value}`);
  return [`${(atMs / 1000).toFixed(4)} s`, kind, ...fields].join(" ");
}
