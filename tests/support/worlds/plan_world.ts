/**
 * Random configurations for tests of plans, and servers that answer probes only while their gate is
 * open. While it is closed, new backends stay `unknown`, so that tests can observe the state
 * immediately after a change.
 */
import type { Below } from "../fakes/fuzz.ts";

/** Addresses of servers that answer. */
const ADDRESSES = Array.from({ length: 10 }, (_, i) => `127.0.46.${i + 1}`);
/** No process listens there. */
const DEAD = "127.0.46.99";
const NAMES = Array.from({ length: 9 }, (_, i) => `b${i}`);
const PREFIXES = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];

/** TCP servers on ADDRESSES and one port, which say `HTTP/1.1 200` while the gate is open. */
export class GatedServers {
  readonly port: number;
  readonly #listeners: Deno.Listener[] = [];
  readonly #serving: Promise<void>[] = [];
  readonly #open = new Set<Deno.Conn>();
  #gate = Promise.withResolvers<void>();

  constructor() {
    const first = Deno.listen({ hostname: ADDRESSES[0]!, port: 0 });
    this.port = (first.addr as Deno.NetAddr).port;
    this.#listeners.push(
      first,
      ...ADDRESSES.slice(1).map((hostname) => Deno.listen({ hostname, port: this.port })),
    );
    this.#gate.resolve();
    for (const listener of this.#listeners) this.#serving.push(this.#serve(listener));
  }

  closeGate(): void {
    this.#gate = Promise.withResolvers();
  }

  openGate(): void {
    this.#gate.resolve();
  }

  async stop(): Promise<void> {
    this.openGate();
    for (const listener of this.#listeners) listener.close();
    for (const conn of this.#open) {
      // #answer() closes only what is in #open.
      this.#open.delete(conn);
      conn.close();
    }
    await Promise.all(this.#serving);
  }

  async #serve(listener: Deno.Listener): Promise<void> {
    const answers: Promise<void>[] = [];
    try {
      for await (const conn of listener) answers.push(this.#answer(conn));
    } finally {
      await Promise.all(answers);
    }
  }

  async #answer(conn: Deno.Conn): Promise<void> {
    this.#open.add(conn);
    try {
      await conn.read(new Uint8Array(4096));
      await this.#gate.promise;
      await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    } catch (error) {
      // The prober had enough, or stop() closed it.
      if (!(error instanceof Error)) throw error;
    }
    if (this.#open.delete(conn)) conn.close();
  }
}

/**
 * One configuration; the names and addresses of all come from the same few. What VPP fixes when it
 * adds a VIP depends on the generation alone, since a VIP is recreated at most once a minute.
 */
export function randomConfig(below: Below, port: number, generation: 0 | 1 = 0): string {
  const chance = (percent: number) => below(100) < percent;
  const length = generation === 0 ? 256 : 512;
  const lines = [
    "maglev:",
    "  vpp:",
    "    lb:",
    `      ipv4-src-address: 192.0.2.${chance(10) ? 253 : 254}`,
    "      ipv6-src-address: 2001:db8::254",
    "      startup-min-delay: 0s",
    "      startup-max-delay: 0s",
    `      new-flows-table-length: ${length}`,
    "  healthchecks:",
    check("web", port, chance(20) ? 2 : 1),
    check("api", port, 1),
    check("dead", port, 1),
    "  backends:",
    `    dead: { address: ${DEAD}, healthcheck: dead }`,
    "    still: { address: 10.9.9.9 }",
    "    six0: { address: 2001:db8:6::1 }",
    "    six1: { address: 2001:db8:6::2 }",
  ];
  const present = NAMES.filter(() => chance(80));
  for (const name of present) {
    // Mostly its own address, sometimes a shared or another one.
    const address = ADDRESSES[chance(80) ? NAMES.indexOf(name) : below(ADDRESSES.length)]!;
    const how = chance(15) ? "" : `, healthcheck: ${chance(85) ? "web" : "api"}`;
    lines.push(
      `    ${name}: { address: ${address}${how}${chance(12) ? ", enabled: false" : ""} }`,
    );
  }
  lines.push("  frontends:", ...frontend("keep", "192.0.2.9", KEEP, below));
  for (const prefix of PREFIXES) {
    // One encapsulation for each prefix, as VPP requires.
    const number = PREFIXES.indexOf(prefix);
    const names = number % 4 === generation ? ["six0", "six1"] : ["dead", ...present];
    for (const place of placesOn(below)) {
      const pools = Array.from(
        { length: 1 + below(2) },
        () => names.filter(() => chance(45)).concat(names[below(names.length)]!),
      );
      const name = `f${below(3)}-${number}-${place.replaceAll(/\W/g, "")}`;
      const sticky = (place.length + number + generation) % 6 === 0;
      lines.push(...frontend(name, prefix, { place, sticky, pools }, below));
    }
  }
  return `${lines.join("\n")}\n`;
}

function check(name: string, port: number, rise: number): string {
  return `    ${name}: { type: http, port: ${port}, interval: 60s, fast-interval: 20ms, ` +
    `down-interval: 60s, timeout: 50s, rise: ${rise}, fall: 1, params: { path: / } }`;
}

interface Shape {
  readonly place: string;
  readonly sticky: boolean;
  readonly pools: readonly (readonly string[])[];
}

const KEEP: Shape = { place: "port: 80", sticky: false, pools: [["still"]] };

/** None, all ports, or one or two of them. */
function placesOn(below: Below): string[] {
  const kind = below(5);
  if (kind === 0) return [];
  if (kind === 1) return [""];
  const places = ["protocol: tcp, port: 80", "protocol: tcp, port: 443", "protocol: udp, port: 80"];
  return places.filter(() => below(2) === 0);
}

function frontend(
  name: string,
  address: string,
  { place, sticky: isSticky, pools }: Shape,
  below: Below,
): string[] {
  const sticky = isSticky ? ", src-ip-sticky: true" : "";
  const flush = below(3) === 0 ? ", flush-on-down: false" : "";
  const where = place.startsWith("port") ? `protocol: tcp, ${place}` : place;
  const listed = pools.map((names, i) => {
    const weights = [...new Set(names)].map((backend) => {
      const weight = [0, 1, 10, 50, 100, 100][below(6)];
      return `${backend}: { weight: ${weight} }`;
    });
    return `{ name: p${i}, backends: { ${weights.join(", ")} } }`;
  });
  return [
    `    ${name}: { address: ${address}${where === "" ? "" : `, ${where}`}${sticky}${flush}, ` +
    `pools: [ ${listed.join(", ")} ] }`,
  ];
}
