/**
 * States of maglevds for tests of the dashboard's page: the demo's three servers, load balancers
 * with many VIPs, and names from hostile hands. The instants follow from `nowMs`, so that equal
 * arguments make equal pages.
 */
import {
  type Backend,
  type BackendStateName,
  type Frontend,
  frontendVipKey,
  type History,
  type LbVip,
  type MaglevdState,
  type State,
  STRIP,
} from "../../../src/dashboard/protocol.ts";

const SLOT_MS = 10_000;
const SLOTS = 60;
const BUCKETS = 1024;

export interface LbOptions {
  readonly name?: string;
  readonly nowMs: number;
  readonly vips: number;
  readonly backendsPerVip: number;
  /** A different one of every two VIPs has a server down; of every eight, all of its first pool. */
  readonly halfDown?: boolean;
}

/** The demo: one VIP on three servers, and a second pool of one. */
export function demoLb(nowMs: number, name = "demo"): MaglevdState {
  const servers = ["nginx0", "nginx1", "nginx2"].map((server, index) =>
    makeBackend(server, { address: `127.0.0.${11 + index}`, nowMs, state: "up" })
  );
  const standby = makeBackend("standby", { address: "127.0.0.21", nowMs, state: "up" });
  const frontend: Frontend = {
    name: "web",
    address: "192.0.2.10",
    protocol: "tcp",
    port: 80,
    description: "The demo's web servers",
    src_ip_sticky: false,
    flush_on_down: true,
    state: "up",
    active_pool: "primary",
    pools: [
      {
        name: "primary",
        backends: servers.map((backend) => ({
          name: backend.name,
          weight: 100,
          effective_weight: 100,
        })),
      },
      { name: "fallback", backends: [{ name: "standby", weight: 100, effective_weight: 0 }] },
    ],
  };
  return makeLb(name, { nowMs, frontends: [frontend], backends: [...servers, standby] });
}

/** A load balancer with as many VIPs as wanted, each with backends of its own. */
export function largeLb(options: LbOptions): MaglevdState {
  const { name = "lb1", nowMs, vips, backendsPerVip, halfDown = false } = options;
  const frontends: Frontend[] = [];
  const backends: Backend[] = [];
  const [high, low] = [(index: number) => index >> 8, (index: number) => index & 255];
  for (let vip = 0; vip < vips; vip++) {
    const label = String(vip).padStart(String(vips - 1).length, "0");
    const allDown = halfDown && vip % 8 === 1;
    const primary: string[] = [];
    for (let index = 0; index < backendsPerVip; index++) {
      const backend = `web${label}-${index}`;
      const down = allDown || (halfDown && vip % 2 === 1 && index === vip % backendsPerVip);
      const paused = halfDown && vip % 6 === 0 && index === 1;
      primary.push(backend);
      backends.push(makeBackend(backend, {
        address: `10.${high(vip)}.${low(vip)}.${index + 1}`,
        nowMs,
        state: down ? "down" : paused ? "paused" : "up",
      }));
    }
    const standby = `standby${label}`;
    backends.push(makeBackend(standby, {
      address: `10.${high(vip)}.${low(vip)}.250`,
      nowMs,
      state: allDown && vip % 16 === 9 ? "down" : "up",
    }));
    const fallback = allDown && vip % 16 !== 9;
    const dead = allDown && !fallback;
    frontends.push({
      name: `vip${label}`,
      address: `192.0.${2 + high(vip)}.${low(vip)}`,
      protocol: vip % 5 === 4 ? "udp" : "tcp",
      port: vip % 5 === 4 ? 53 : vip % 2 === 0 ? 80 : 443,
      src_ip_sticky: false,
      flush_on_down: true,
      state: dead ? "down" : "up",
      active_pool: dead ? "" : fallback ? "fallback" : "primary",
      pools: [
        {
          name: "primary",
          backends: primary.map((backend, index) => {
            const up = backends[backends.length - 1 - backendsPerVip + index]!.state === "up";
            return { name: backend, weight: 100, effective_weight: up && !allDown ? 100 : 0 };
          }),
        },
        {
          name: "fallback",
          backends: [{ name: standby, weight: 100, effective_weight: fallback ? 100 : 0 }],
        },
      ],
    });
  }
  return makeLb(name, { nowMs, frontends, backends });
}

/** A load balancer whose every text is what an attacker or a joker would put there. */
export function hostileLb(nowMs: number): MaglevdState {
  const script = `<script>document.title='owned'</script>`;
  const image = `"><img src=x onerror="document.title='owned'">`;
  const turned = "\u202eevil\u202c";
  const long = "x".repeat(128);
  const names = [script, image, turned, long, "a/b", "100%", "__proto__", "constructor"];
  const backends = names.map((name, index): Backend => ({
    ...makeBackend(name, { address: `10.9.0.${index + 1}`, nowMs, state: "down" }),
    last_result: { ok: false, code: "L7RSP", detail: image, duration_ms: 3 },
    intent: { kind: "pause", reason: script, by: turned, since_ms: nowMs - 60_000 },
    certificate_name: script,
    certificate_expiry_ms: nowMs + 86_400_000,
    blind: index === 3 ? image : undefined!,
  })).map(({ blind, ...backend }) => blind === undefined ? backend : { ...backend, blind });
  const frontends = names.map((name, index): Frontend => ({
    name,
    address: `192.0.2.${index + 1}`,
    protocol: "tcp",
    port: 80,
    description: `${image}${script}`,
    src_ip_sticky: false,
    flush_on_down: false,
    state: "down",
    active_pool: "",
    pools: [{ name, backends: [{ name, weight: 100, effective_weight: 0 }] }],
  }));
  return {
    ...makeLb("lb1", { nowMs, frontends, backends }),
    error: script,
    withheld: [script, turned],
    config_on_disk: "invalid",
    config_file: image,
    blind: [{ netns: script, reason: image }],
    vpp: { state: "connected", version: `${script}${turned}`, since_ms: nowMs - 5000 },
  };
}

/** What no text on the page may contain, or become. */
export const HOSTILE = `<img src=x onerror="document.title='owned'">\u202e\u2028\u0007`;

/** Values that the dashboard's server takes from lists of its own. */
const LISTED: ReadonlySet<string> = new Set([
  ...["state", "from", "to", "role", "warmup", "config_on_disk", "announced", "then"],
  ...["epoch", "type", "level", "strip"],
]);

/** Fields that hold intents. */
const INTENTS: ReadonlySet<string> = new Set(["intent", "scheduled", "lameduck"]);

/** A copy in which every text that comes from outside ends in HOSTILE, also the names. */
export function spoiled<T>(value: T, key = ""): T {
  if (typeof value === "string") {
    return (value.endsWith(HOSTILE) ? value : `${value}${HOSTILE}`) as T;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => spoiled(each, key)) as T;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      const isListed = LISTED.has(name) || (INTENTS.has(key) && name === "kind");
      return [name, isListed && typeof each === "string" ? each : spoiled(each, name)];
    }),
  ) as T;
}

function makeBackend(
  name: string,
  { address, nowMs, state }: {
    readonly address: string;
    readonly nowMs: number;
    readonly state: BackendStateName;
  },
): Backend {
  const up = state === "up";
  return {
    name,
    address,
    state,
    healthcheck: "http",
    since_ms: nowMs - (up ? 93_784_000 : 192_000),
    counter: up ? 4 : 0,
    rise: 2,
    fall: 3,
    ...(state === "paused" || state === "disabled"
      ? {
        intent: {
          kind: state === "paused" ? "pause" as const : "disable" as const,
          reason: "kernel upgrade",
          since_ms: nowMs - 192_000,
          until_ms: nowMs + 3_408_000,
        },
      }
      : {}),
    last_result: up
      ? { ok: true, code: "L7OK", detail: "200", duration_ms: 1.2 }
      : { ok: false, code: "L4CON", detail: "connection refused", duration_ms: 0.3 },
    carried: false,
    flaps: up ? 0 : 1,
  };
}

function makeLb(
  name: string,
  { nowMs, frontends, backends }: {
    readonly nowMs: number;
    readonly frontends: readonly Frontend[];
    readonly backends: readonly Backend[];
  },
): MaglevdState {
  const addressOf = new Map(backends.map((backend) => [backend.name, backend.address]));
  return {
    name,
    address: "127.0.0.1:9090",
    connected: true,
    connection_since_ms: nowMs - 93_784_000,
    role: "operator",
    version: "0.1.0",
    started_ms: nowMs - 93_784_000,
    clock_skew_ms: 0,
    refreshed_ms: nowMs - 4000,
    ready: true,
    warmup: "done",
    config_file: "/etc/vpp-maglev/maglev.yaml",
    config_loaded_ms: nowMs - 93_784_000,
    config_hash: "9f86d081884c7d65",
    config_on_disk: "same",
    frontends,
    backends,
    healthchecks: [{
      name: "http",
      type: "http",
      port: 80,
      interval_ms: 1000,
      fast_interval_ms: 500,
      down_interval_ms: 1000,
      timeout_ms: 900,
      rise: 2,
      fall: 3,
      request: "GET example.net/healthz",
      response_code: "200",
    }],
    vpp: {
      state: "connected",
      since_ms: nowMs - 93_784_000,
      version: "26.10-release",
      pid: 4242,
      boottime_ms: nowMs - 193_784_000,
      weights: true,
      calls_per_s: 0,
    },
    lb: {
      read_ms: nowMs - 1000,
      vips: frontends.map((frontend) => lbVipOf(frontend, addressOf)),
    },
  };
}

/** VPP's view of a frontend, as maglevd gives it. */
export function lbVipOf(frontend: Frontend, addressOf: ReadonlyMap<string, string>): LbVip {
  const entries = frontend.pools.flatMap(({ backends }) => backends);
  const total = entries.reduce((sum, entry) => sum + entry.effective_weight, 0);
  const [prefix, protocol, port] = frontendVipKey(frontend).split(" ");
  return {
    prefix: prefix!,
    protocol: protocol!,
    port: Number(port),
    encap: "gre4",
    servers: entries.map((entry) => ({
      address: addressOf.get(entry.name) ?? "0.0.0.0",
      weight: entry.effective_weight,
      in_use: true,
      buckets: total === 0 ? 0 : Math.round(BUCKETS * entry.effective_weight / total),
      flows: entry.effective_weight,
    })),
  };
}

/** A whole state of these load balancers. */
export function stateOf(nowMs: number, maglevds: readonly MaglevdState[]): State {
  return { epoch: "e1", seq: 0, now_ms: nowMs, version: "0.1.0 (abcdef0)", maglevds };
}

/** Ten minutes in which a backend that is down now went down, and one that is up once failed. */
export function historyOf(lb: MaglevdState, nowMs: number): History {
  const endMs = Math.ceil(nowMs / SLOT_MS) * SLOT_MS;
  const points = 120;
  return {
    end_ms: endMs,
    slot_ms: SLOT_MS,
    backends: Object.fromEntries(lb.backends.map((backend, index) => {
      const now = backend.state === "down"
        ? STRIP.down
        : backend.state === "paused"
        ? STRIP.paused
        : STRIP.up;
      let strip = STRIP.up.repeat(SLOTS - 19) + now.repeat(19);
      if (index % 7 === 2 && now === STRIP.up) {
        strip = STRIP.none.repeat(12) + STRIP.up.repeat(10) + STRIP.failing + STRIP.down.repeat(3) +
          STRIP.up.repeat(SLOTS - 26);
      }
      return [backend.name, { strip, results: [] }];
    })),
    vips: Object.fromEntries(lb.frontends.map((frontend, index) => {
      const at_ms = Array.from({ length: points }, (_, i) => nowMs - (points - 1 - i) * 5000);
      const wave = (i: number) => 1 + 0.3 * Math.sin(i / 9 + index) + 0.08 * Math.sin(i * 2.7);
      const size = frontend.state === "down" ? 0 : 3000 * (1 + index % 4);
      return [frontendVipKey(frontend), {
        at_ms,
        first: at_ms.map((_, i) => Math.round(size * 0.06 * wave(i))),
        next: at_ms.map((_, i) => i > 40 && i < 44 ? null : Math.round(size * wave(i))),
        dropped: at_ms.map(() => frontend.state === "down" ? 41 : 0),
      }];
    })),
  };
}
