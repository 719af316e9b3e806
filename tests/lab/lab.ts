/**
 * The lab: a client, a load balancer and two servers, each in a network namespace of its own, and
 * links between them. maglevd is in a namespace without any link, and probes through one that leads
 * to the load balancer alone (`netns`). The stories (stories.ts) are played here.
 *
 *     client ── load balancer ─┬─ nginx0
 *                   │          └─ nginx1
 *                 probes (maglevd's)
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { linesOf } from "../../bench/support/lines.ts";
import { Daemon } from "../support/servers/daemon.ts";
import { maglevc } from "../support/terminals/maglevc.ts";
import { Maglevt, type MaglevtLine } from "../support/terminals/maglevt.ts";
import { Terminator, Terminators } from "../vpp/terminators.ts";
import { Wire } from "../vpp/wire.ts";
import type { Balancer, BalancerOptions } from "./balancer.ts";

/** `failover` has nginx0, and nginx1 in reserve; `shared` has both. */
export const VIPS = { failover: "192.0.2.1", shared: "192.0.2.2" } as const;
export type Vip = keyof typeof VIPS;

const SERVERS: Readonly<Record<string, string>> = { nginx0: "10.79.0.2", nginx1: "10.79.1.2" };

const CLIENT = new URL("client.py", import.meta.url).pathname;
/** maglevt's time between two probes of a VIP. */
const PROBE_MS = 10;
/** Time before and after what is played, in which nothing happens. */
const LULL_MS = 300;
/** Connections to each VIP that are held open during a story. */
export const HELD = 16;
/** New connections to each VIP when the client asks who answers. */
const ASKED = 24;

/** The configuration that the stories begin with. VPP is changed by what happens alone. */
function configText(netns: string): string {
  return `maglev:
  healthchecker: { netns: ${netns} }
  vpp:
    lb:
      sync-interval: 1h
      ipv4-src-address: 10.77.0.1
      ipv6-src-address: fd77::1
      startup-min-delay: 500ms
      startup-max-delay: 10s
  healthchecks:
    web:
      type: http
      port: 80
      interval: 200ms
      fast-interval: 50ms
      down-interval: 100ms
      timeout: 200ms
      params: { path: /healthz }
  backends:
${
    Object.entries(SERVERS).map(([name, address]) =>
      `    ${name}: { address: ${address}, healthcheck: web }\n`
    ).join("")
  }  frontends:
    failover:
      address: ${VIPS.failover}
      protocol: tcp
      port: 80
      pools:
        - { name: main, backends: { nginx0: { weight: 100 } } }
        - { name: reserve, backends: { nginx1: { weight: 100 } } }
    shared:
      address: ${VIPS.shared}
      protocol: tcp
      port: 80
      pools:
        - { name: main, backends: { nginx0: { weight: 100 }, nginx1: { weight: 100 } } }
`;
}

/** What became of a connection that the client held open. */
export interface Held {
  readonly vip: Vip;
  readonly server: string;
  readonly answers: number;
  /** The error that ended it; null: it lives. */
  readonly broken: string | null;
  /** Longest wait for an answer. */
  readonly longest_ms: number;
}

/** What the client saw of a story. */
export interface Seen {
  /** Of maglevt: its last line. */
  readonly summary: MaglevtLine;
  readonly held: readonly Held[];
  /** maglevt's figure, in milliseconds. */
  longestOutage(vip: Vip): number;
  failed(vip: Vip): number;
}

export interface WatchOptions {
  /** Longest outage of a VIP that passes. */
  readonly maxOutageMs: number;
  /** How long a client waits for an answer on a connection that it holds open; default 30. */
  readonly patienceS?: number;
}

/** How many new connections each server answered, by VIP. */
export type Answers = Readonly<Record<Vip, Readonly<Record<string, number>>>>;

async function ip(line: string): Promise<void> {
  const args = line.split(" ");
  const { success, stderr } = await new Deno.Command("ip", { args, stdin: "null" }).output();
  assert.ok(success, `ip ${line}: ${new TextDecoder().decode(stderr)}`);
}

/** Takes precedence over other programs, where that is allowed: times are measured. */
async function hurry(): Promise<void> {
  const args = ["--priority", "-10", "--pid", `${Deno.pid}`];
  await new Deno.Command("renice", { args, stdout: "null", stderr: "null" }).output();
}

/** client.py in the client's namespace. */
class Client {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;

  constructor(namespace: string) {
    const vips = Object.entries(VIPS).map(([name, address]) => `${name}=${address}`);
    const args = ["netns", "exec", namespace, "python3", CLIENT, ...vips];
    this.#child = new Deno.Command("ip", { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#lines = linesOf(this.#child.stdout);
  }

  async reply(): Promise<unknown> {
    const { value } = await this.#lines.next();
    return JSON.parse(value ?? "null");
  }

  async do(command: string): Promise<unknown> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${command}\n`));
    writer.releaseLock();
    return await this.reply();
  }

  async end(): Promise<void> {
    await this.#child.stdin.close();
    await this.#lines.return(undefined);
    await this.#child.status;
  }
}

export class Lab {
  readonly balancer: Balancer;
  readonly servers: Terminators;
  daemon!: Daemon;
  readonly #folder: string;
  readonly #wire: Wire;
  readonly #client: Client;

  /** Runs `fn` in a lab whose servers are up and have traffic; ends everything afterwards. */
  static async with(
    balancerOf: (options: BalancerOptions) => Promise<Balancer>,
    { gre }: { readonly gre: boolean },
    fn: (lab: Lab) => Promise<void>,
  ): Promise<void> {
    await hurry();
    const folder = await Deno.makeTempDir({ prefix: "maglev-lab-" });
    await using ends = new AsyncDisposableStack();
    ends.defer(() => Deno.remove(folder, { recursive: true }));
    const wire = ends.use(await new Wire().make());
    for (const namespace of [MANAGEMENT, PROBES]) {
      await ip(`netns add ${namespace}`);
      ends.defer(() => ip(`netns del ${namespace}`));
    }
    await ip(`-n ${wire.inside} link add mlvp0 type veth peer name eth0 netns ${PROBES}`);
    await ip(`-n ${wire.inside} link set mlvp0 up`);
    await ip(`-n ${PROBES} link set eth0 up`);
    await ip(`-n ${PROBES} addr add 10.78.0.2/24 dev eth0`);
    await ip(`-n ${PROBES} route add 10.79.0.0/16 via 10.78.0.1`);
    const vips = Object.values(VIPS);
    const servers = ends.use(
      await new Terminators().make({
        ...{ wire, count: 2, gre },
        vips: gre ? vips.map((vip) => `${vip}/32`) : [],
      }),
    );
    const prober = new Terminator(PROBES, "client", "eth0");
    ends.defer(() => prober.end());
    assert.equal(await prober.line(), "ready");
    const links = [
      { name: "mlv0", address: "10.77.0.1/24" },
      { name: "mlvp0", address: "10.78.0.1/24" },
      ...servers.links,
    ];
    const balancer = ends.use(await balancerOf({ namespace: wire.inside, links, vips, folder }));
    const client = new Client(wire.outside);
    ends.defer(() => client.end());
    assert.equal(await client.reply(), "ready");
    const lab = new Lab({ folder, wire, balancer, servers, client });
    await lab.configure((text) => text);
    ends.defer(() => lab.killDaemon());
    await lab.startDaemon();
    await lab.followed(Object.keys(SERVERS), "up");
    await fn(lab);
  }

  private constructor(parts: {
    readonly folder: string;
    readonly wire: Wire;
    readonly balancer: Balancer;
    readonly servers: Terminators;
    readonly client: Client;
  }) {
    this.#folder = parts.folder;
    this.#wire = parts.wire;
    this.balancer = parts.balancer;
    this.servers = parts.servers;
    this.#client = parts.client;
  }

  get #config(): string {
    return `${this.#folder}/maglev.yaml`;
  }

  /** Writes the configuration with `edit` done to that of the beginning. */
  async configure(edit: (text: string) => string): Promise<void> {
    await Deno.writeTextFile(this.#config, edit(configText(PROBES)));
  }

  /** Reloads the file, which has to succeed; the place of this in maglevd's log. */
  async reload(): Promise<number> {
    const { mark } = this.daemon;
    this.daemon.process.signal("SIGHUP");
    const { ok } = await this.daemon.seen(({ msg }) => msg === "config-reload", { from: mark });
    assert.equal(ok, true);
    return mark;
  }

  /** Starts maglevd, and waits until it changes VPP by what it sees. */
  async startDaemon(): Promise<void> {
    this.daemon = new Daemon({
      config: this.#config,
      vppApiAddr: this.balancer.apiAddress,
      vppStatsAddr: this.balancer.statsAddress,
      grpcAddr: `unix:${this.#socket}`,
      stateDir: `${this.#folder}/state`,
      prefix: ["ip", "netns", "exec", MANAGEMENT],
    });
    await this.daemon.seen(({ msg }) => msg === "vpp-warmup-done", { deadlineMs: 20_000 });
  }

  /** Waits until maglevd has changed VPP, after line `from` of its log. */
  async synced(from = 0): Promise<void> {
    await this.daemon.seen(({ msg }) => msg === "vpp-lbsync-done", { from, deadlineMs: 20_000 });
  }

  /** Waits until each of the servers becomes `state` after line `from`, and has its weight in VPP. */
  async followed(names: readonly string[], state: string, from = 0): Promise<void> {
    const { daemon } = this;
    const weight = state === "up" ? 100 : 0;
    const vip = `${VIPS.shared}/32`;
    for (const name of names) {
      const became = await daemon.transition(name, state, from);
      const set = await daemon.seen(
        (line) => line.vip === vip && line.address === SERVERS[name] && line.weight === weight,
        { from: daemon.lines.indexOf(became), deadlineMs: 20_000 },
      );
      await this.synced(daemon.lines.indexOf(set));
    }
  }

  /** Ends maglevd as by kill -9. */
  async killDaemon(): Promise<void> {
    this.daemon?.process.signal("SIGKILL");
    await this.daemon?.process.ended;
  }

  get #socket(): string {
    return `${this.#folder}/grpc.sock`;
  }

  /** Runs a line of maglevc, which has to succeed. */
  async operator(line: string): Promise<void> {
    const args = ["--server", `unix:${this.#socket}`, ...line.split(" ")];
    const { code, stderr } = await maglevc(args, { home: this.#folder });
    assert.equal(code, 0, `${line}: ${stderr}`);
  }

  /** Opens new connections to each VIP; which server answered them. */
  async ask(): Promise<Answers> {
    return await this.#client.do(`ask ${ASKED}`) as Answers;
  }

  /**
   * Plays something while maglevt probes the VIPs and connections to them are held open. Fails when
   * maglevt reports that a VIP was away for longer than `maxOutageMs`.
   */
  async watch(
    name: string,
    { maxOutageMs, patienceS = 30 }: WatchOptions,
    play: () => Promise<void>,
  ): Promise<Seen> {
    await this.#client.do(`hold ${HELD} ${patienceS}`);
    const maglevt = new Maglevt(
      [
        ...["--config", this.#config, "--output", "json", "--interval", `${PROBE_MS}ms`],
        ...["--timeout", "500ms", "--uri", "/healthz", "--max-outage", `${maxOutageMs}ms`],
      ],
      { folder: this.#folder, prefix: ["ip", "netns", "exec", this.#wire.outside] },
    );
    await maglevt.began;
    await sleep(LULL_MS);
    await play();
    await sleep(LULL_MS);
    const held = await this.#client.do("release") as Held[];
    maglevt.kill("SIGTERM");
    const { code, lines, stderr } = await maglevt.ended();
    const summary = lines.at(-1)!;
    assert.equal(summary?.type, "summary", stderr);
    const of = (vip: Vip) => summary.vips.find((one: MaglevtLine) => one.vip === vip);
    for (const vip of Object.keys(VIPS) as Vip[]) {
      const { longest_outage_ms, sent, failed, blind_count } = of(vip);
      const own = held.filter((one) => one.vip === vip);
      const errors = own.flatMap(({ server, broken }) =>
        broken === null ? [] : `${server} ${broken}`
      );
      console.log(
        `${name}, ${vip}: longest outage ${longest_outage_ms} ms, ${failed} of ${sent} probes ` +
          `failed, ${errors.length} of ${own.length} ` +
          `connections broke${
            errors.length > 0 ? ` (${[...new Set(errors)].join("; ")})` : ""
          }, longest wait ${Math.max(...own.map((one) => one.longest_ms))} ms` +
          (blind_count > 0 ? `, ${blind_count} blind spans` : ""),
      );
      assert.ok(sent > 20, `${vip}: ${sent} probes`);
    }
    assert.equal(code, 0, `${name}: ${stderr}`);
    return {
      summary,
      held,
      longestOutage: (vip) => of(vip).longest_outage_ms,
      failed: (vip) => of(vip).failed,
    };
  }
}

const MANAGEMENT = `mlv-mgt-${Deno.pid}`;
const PROBES = `mlv-prb-${Deno.pid}`;
