/**
 * Network namespaces of a test's own, with addresses that exist nowhere else: in the namespace the
 * tests run in, the same addresses have an unreachable route, so that a probe that is answered was
 * made inside.
 */
import { linesOf } from "../../../bench/support/lines.ts";

const RESPONDER = new URL("icmp_responder.py", import.meta.url).pathname;

/** Addresses inside: the last number selects the responder's behaviour (icmp_responder.py). */
export const NET4 = "198.18.77.";
export const NET6 = "fd77:198:18:77::";
const BEHAVIOURS = 14;

/** The responder's HTTP port. */
export const HTTP_PORT = 18077;

/** The responder's port for HTTPS, if it has certificates. */
export const TLS_PORT = 18078;

/** Why namespaces cannot be made here; undefined when they can. */
export const NO_NETNS: string | undefined = await whyNot();

async function whyNot(): Promise<string | undefined> {
  if (Deno.uid() !== 0) return "making network namespaces needs root";
  for (const program of ["ip", "python3"]) {
    if (!await succeeds(program, ["--version"]) && !await succeeds(program, ["-V"])) {
      return `${program} is not installed`;
    }
  }
  const name = `mlv-try-${Deno.pid}`;
  if (!await succeeds("ip", ["netns", "add", name])) {
    return "network namespaces cannot be made here";
  }
  await ip(`netns del ${name}`);
  return undefined;
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    const options = { args, stdin: "null", stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(program, options).output()).success;
  } catch {
    return false;
  }
}

/** Runs `ip` with the words of `line`, and `last` as they are; fails with its output. */
async function ip(line: string, ...last: string[]): Promise<void> {
  const args = [...line.split(" "), ...last];
  const { success, stderr } = await new Deno.Command("ip", { args, stdin: "null" }).output();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Runs lines of `ip` in a namespace, in one process. */
async function batch(name: string, lines: readonly string[]): Promise<void> {
  const options = { stdin: "piped", stdout: "null", stderr: "piped" } as const;
  const child = new Deno.Command("ip", { args: ["-n", name, "-batch", "-"], ...options }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
  await writer.close();
  const { success, stderr } = await child.output();
  if (!success) throw new Error(`ip -batch in ${name}: ${new TextDecoder().decode(stderr)}`);
}

/** A namespace with all the addresses on its loopback. */
export class TestNamespace {
  readonly name: string;
  #responder: Responder | undefined;

  private constructor(name: string) {
    this.name = name;
  }

  static async make(name = `mlv-${Deno.pid}`): Promise<TestNamespace> {
    await ip(`netns add ${name}`);
    const numbers = Array.from({ length: BEHAVIOURS }, (_, i) => i + 1);
    await batch(name, [
      "link set lo up",
      ...numbers.map((i) => `address add ${NET4}${i}/32 dev lo`),
      ...numbers.map((i) => `address add ${NET6}${i.toString(16)}/128 dev lo nodad`),
    ]);
    return new TestNamespace(name);
  }

  /**
   * Starts the responder inside; late answers come after `lateMs`. With the folder of
   * certificates.ts it also serves HTTPS.
   */
  async respond(options: { lateMs?: number; certificates?: string } = {}): Promise<void> {
    const { lateMs = 250, certificates } = options;
    await this.sysctl("net.ipv4.icmp_echo_ignore_all=1");
    await this.sysctl("net.ipv6.icmp.echo_ignore_all=1");
    const args = ["netns", "exec", this.name, "python3", RESPONDER, `${HTTP_PORT}`];
    args.push(`${lateMs / 1000}`);
    if (certificates !== undefined) args.push(`${TLS_PORT}`, certificates);
    this.#responder = await Responder.start(args);
  }

  /** Runs `ip` with these words inside. */
  async ip(line: string): Promise<void> {
    await ip(`-n ${this.name} ${line}`);
  }

  /** Starts a program inside. */
  spawn(program: string, args: readonly string[]): Deno.ChildProcess {
    return new Deno.Command("ip", {
      args: ["netns", "exec", this.name, program, ...args],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Removes the name; processes inside live on. */
  async hide(): Promise<void> {
    await ip(`netns del ${this.name}`);
  }

  /** Gives the name back to the namespace of a process. */
  async unhide(pid: number): Promise<void> {
    await ip(`netns attach ${this.name} ${pid}`);
  }

  async sysctl(setting: string): Promise<void> {
    await ip(`netns exec ${this.name} sysctl -qw`, setting);
  }

  /** Removes the name, and ends the responder, which would keep the namespace alive. */
  async remove(): Promise<void> {
    await this.#responder?.stop();
    this.#responder = undefined;
    await ip(`netns del ${this.name}`).catch(() => {});
  }
}

class Responder {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  static async start(args: string[]): Promise<Responder> {
    const child = new Deno.Command("ip", { args, stdin: "piped", stdout: "piped" }).spawn();
    const lines = linesOf(child.stdout);
    const { value } = await lines.next();
    if (value !== "ready") throw new Error(`the responder sent ${value}`);
    await lines.return(undefined);
    return new Responder(child);
  }

  async stop(): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}

/** Held by the test that has the addresses: files of tests run beside each other. */
const LOCK = "/tmp/maglev-test-addresses.lock";

/** Runs `fn` with the addresses unreachable outside, and a namespace that has them. */
export async function withNamespace(
  fn: (namespace: TestNamespace) => Promise<void>,
): Promise<void> {
  using lock = await Deno.open(LOCK, { write: true, create: true });
  await lock.lock(true);
  await ip(`route replace unreachable ${NET4}0/24`);
  await ip(`-6 route replace unreachable ${NET6}/64`);
  const namespace = await TestNamespace.make();
  try {
    await fn(namespace);
  } finally {
    await namespace.remove();
    await ip(`route del unreachable ${NET4}0/24`);
    await ip(`-6 route del unreachable ${NET6}/64`);
  }
}

/** The result of withPair(). */
export interface Pair {
  /** From where probes are made; the interface to the other one is PAIR_LINK. */
  readonly prober: TestNamespace;
  readonly server: TestNamespace;
  /** Names of the link's ends: the prober's, and the server's. */
  readonly link: string;
  readonly other: string;
}

/** Name of the link in the prober's namespace; no other namespace has one of that name. */
export const PAIR_LINK = `mlv-a${Deno.pid % 10_000}`;

/** Addresses on the link: the server's, and the prober's. */
export const PAIR_SERVER = "fe80::77:1";
export const PAIR_PROBER = ["fe80::77:2", "fe80::77:3"] as const;

/** The same in IPv4. */
export const PAIR_SERVER4 = "198.18.78.1";
export const PAIR_PROBER4 = "198.18.78.2";

/** Runs `fn` with two namespaces that a link joins, and nothing else. */
export async function withPair(fn: (pair: Pair) => Promise<void>): Promise<void> {
  const prober = await TestNamespace.make(`mlv-${Deno.pid}-a`);
  const server = await TestNamespace.make(`mlv-${Deno.pid}-b`);
  try {
    const other = `${PAIR_LINK}x`;
    await ip(
      `-n ${prober.name} link add ${PAIR_LINK} type veth peer ${other} netns ${server.name}`,
    );
    const up = (link: string) => [`link set ${link} addrgenmode none`, `link set ${link} up`];
    await batch(server.name, [
      ...up(other),
      `address add ${PAIR_SERVER}/64 dev ${other} nodad`,
      `address add ${PAIR_SERVER4}/30 dev ${other}`,
    ]);
    await batch(prober.name, [
      ...up(PAIR_LINK),
      `address add ${PAIR_PROBER4}/30 dev ${PAIR_LINK}`,
      ...PAIR_PROBER.map((address) => `address add ${address}/64 dev ${PAIR_LINK} nodad`),
    ]);
    await fn({ prober, server, link: PAIR_LINK, other });
  } finally {
    await server.remove();
    await prober.remove();
  }
}

/** Deno.test, skipped with the reason where namespaces are not available. */
export function netnsTest(name: string, fn: () => Promise<void>): void {
  const ignore = NO_NETNS !== undefined;
  Deno.test({ name: ignore ? `${name} (skipped: ${NO_NETNS})` : name, ignore, fn });
}
