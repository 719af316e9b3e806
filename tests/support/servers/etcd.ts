/**
 * etcd for tests: servers of a cluster on loopback, in a folder of the test's own, and faults by
 * signal. Debian's programs are extracted from its packages (debian_programs.ts).
 */
import { type DebianPrograms, fetchPrograms, findProgram } from "./debian_programs.ts";
import { freePort } from "./free_port.ts";
import { until } from "../judges/until.ts";

const ETCD: DebianPrograms = {
  name: "etcd",
  packages: ["etcd-server", "etcd-client"],
  programs: ["etcd", "etcdctl"],
};

/** Fetches etcd where that is possible and needed. */
export function fetchEtcd(): Promise<void> {
  return fetchPrograms(ETCD);
}

/** Programs of etcd, or undefined. */
export function findEtcd(): { readonly server: string; readonly client: string } | undefined {
  const server = findProgram(ETCD, "etcd");
  const client = findProgram(ETCD, "etcdctl");
  return server === undefined || client === undefined ? undefined : { server, client };
}

/** Registers a test that needs etcd; without it the test is skipped with a sentence. */
export function etcdTest(
  name: string,
  body: () => Promise<void>,
  options: Pick<Deno.TestDefinition, "sanitizeOps" | "sanitizeResources"> = {},
): void {
  Deno.test({
    name,
    ...options,
    fn: async () => {
      await fetchEtcd();
      if (findEtcd() === undefined) {
        console.error(
          "skipped: etcd is not installed, and cannot be taken out of Debian's package",
        );
        return;
      }
      await body();
    },
  });
}

/** Certificates of servers that want clients' certificates: paths of PEM files. */
export interface EtcdTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** In memory where that is possible: etcd waits for the disk at each write, and tests share it. */
function memoryFolder(): { readonly dir?: string } {
  try {
    return Deno.statSync("/dev/shm").isDirectory ? { dir: "/dev/shm" } : {};
  } catch {
    return {};
  }
}

interface Node {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
  process: Deno.ChildProcess | undefined;
}

/** A running cluster. */
export class EtcdCluster {
  readonly #folder: string;
  readonly #tls: EtcdTls | undefined;
  readonly #flags: readonly string[];
  readonly #nodes: Node[] = [];

  private constructor(
    folder: string,
    { tls, flags = [] }: { readonly tls?: EtcdTls; readonly flags?: readonly string[] },
  ) {
    this.#folder = folder;
    this.#tls = tls;
    this.#flags = flags;
  }

  /** Starts `size` servers, and waits until they answer. */
  static async start(
    size: number,
    options: { readonly tls?: EtcdTls; readonly flags?: readonly string[] } = {},
  ): Promise<EtcdCluster> {
    const folder = await Deno.makeTempDir({ prefix: "maglev-etcd-", ...memoryFolder() });
    const cluster = new EtcdCluster(folder, options);
    for (let at = 0; at < size; at++) {
      cluster.#nodes.push({
        name: `n${at}`,
        clientPort: freePort(),
        peerPort: freePort(),
        process: undefined,
      });
    }
    await cluster.startAll();
    return cluster;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let at = 0; at < this.#nodes.length; at++) await this.kill(at);
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** `host:port` of each server. */
  get servers(): string[] {
    return this.#nodes.map(({ clientPort }) => `127.0.0.1:${clientPort}`);
  }

  /** Starts those that do not run, and waits until the cluster answers. */
  async startAll(): Promise<void> {
    for (let at = 0; at < this.#nodes.length; at++) this.launch(at);
    await this.healthy();
  }

  /** Starts one server, without waiting. */
  launch(at: number): void {
    const node = this.#nodes[at]!;
    if (node.process !== undefined) return;
    const scheme = this.#tls === undefined ? "http" : "https";
    const client = `${scheme}://127.0.0.1:${node.clientPort}`;
    const peer = `http://127.0.0.1:${node.peerPort}`;
    const initial = this.#nodes.map(({ name, peerPort }) => `${name}=http://127.0.0.1:${peerPort}`);
    const tls = this.#tls === undefined ? [] : [
      `--cert-file=${this.#tls.cert}`,
      `--key-file=${this.#tls.key}`,
      `--trusted-ca-file=${this.#tls.ca}`,
      "--client-cert-auth",
    ];
    node.process = new Deno.Command(findEtcd()!.server, {
      args: [
        `--name=${node.name}`,
        `--data-dir=${this.#folder}/${node.name}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=${initial.join(",")}`,
        "--initial-cluster-token=test",
        "--log-level=error",
        "--logger=zap",
        ...tls,
        ...this.#flags,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Waits until a linearizable read succeeds. */
  async healthy(): Promise<void> {
    await until(async () => (await this.tryCtl("get", "health")).success, {
      deadlineMs: 60_000,
      everyMs: 100,
    });
  }

  /** Kills one server (SIGKILL), and waits for its end. */
  async kill(at: number): Promise<void> {
    const node = this.#nodes[at]!;
    const { process } = node;
    if (process === undefined) return;
    node.process = undefined;
    process.kill("SIGKILL");
    await process.status;
  }

  freeze(at: number): void {
    this.#nodes[at]!.process!.kill("SIGSTOP");
  }

  thaw(at: number): void {
    this.#nodes[at]!.process!.kill("SIGCONT");
  }

  /** Kills all servers, removes their data, and starts them again with the same token. */
  async wipe(): Promise<void> {
    for (const at of this.#nodes.keys()) await this.kill(at);
    for (const { name } of this.#nodes) {
      await Deno.remove(`${this.#folder}/${name}`, { recursive: true });
    }
    await this.startAll();
  }

  /** Stores a backup of the only server in its folder. */
  async backUp(name: string): Promise<void> {
    await this.ctl("snapshot", "save", `${this.#folder}/${name}`);
  }

  /** Kills the only server, and starts it with a backup. */
  async restore(name: string): Promise<void> {
    const node = this.#nodes[0]!;
    const data = `${this.#folder}/${node.name}`;
    await this.kill(0);
    await Deno.remove(data, { recursive: true });
    const peer = `http://127.0.0.1:${node.peerPort}`;
    const { success, stderr } = await new Deno.Command(findEtcd()!.client, {
      args: [
        ...["snapshot", "restore", `${this.#folder}/${name}`, `--name=${node.name}`],
        ...[`--data-dir=${data}`, `--initial-cluster=${node.name}=${peer}`],
        ...[`--initial-advertise-peer-urls=${peer}`, "--initial-cluster-token=test"],
      ],
      env: { ETCDCTL_API: "3" },
      stdin: "null",
    }).output();
    if (!success) throw new Error(`restore: ${new TextDecoder().decode(stderr)}`);
    await this.startAll();
  }

  /** Place of the leader. */
  async leader(): Promise<number> {
    const text = await this.ctl("endpoint", "status", "-w", "json");
    const statuses: {
      Endpoint: string;
      Status: { leader: number; header: { member_id: number } };
    }[] = JSON.parse(text);
    const found = statuses.find(({ Status }) => Status.leader === Status.header.member_id);
    return this.servers.findIndex((server) => found?.Endpoint.endsWith(server));
  }

  /** Output of etcdctl. @throws {Error} it fails */
  async ctl(...args: string[]): Promise<string> {
    // A busy machine may take long, above all for a password; the last of two flags counts.
    const { success, stdout, stderr } = await this.tryCtl("--command-timeout=30s", ...args);
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (!success) throw new Error(`etcdctl ${args.join(" ")}: ${text(stderr)}`);
    return text(stdout);
  }

  /** Arguments of all further calls of etcdctl. */
  credentials: readonly string[] = [];

  async tryCtl(...args: string[]): Promise<Deno.CommandOutput> {
    const tls = this.#tls;
    const scheme = tls === undefined ? "http" : "https";
    return await new Deno.Command(findEtcd()!.client, {
      args: [
        `--endpoints=${this.servers.map((server) => `${scheme}://${server}`).join(",")}`,
        "--command-timeout=3s",
        ...(tls === undefined ? [] : [
          `--cacert=${tls.ca}`,
          `--cert=${tls.cert}`,
          `--key=${tls.key}`,
        ]),
        ...this.credentials,
        ...args,
      ],
      env: { ETCDCTL_API: "3" },
      stdin: "null",
    }).output();
  }
}
