/**
 * Two BIRDs with a BGP session over loopback addresses. The speaker includes maglevd's file and reads
 * it again when it changes, as the path unit of the documentation makes it do. It exports the static
 * routes that the file lists; the neighbour only listens.
 */
import assert from "node:assert/strict";
import type { Bird } from "../judges/bird.ts";
import { readUntil, type UntilOptions } from "../judges/until.ts";

type Role = "neighbour" | "speaker";

export interface BirdPairOptions {
  /** For configurations and sockets. */
  readonly folder: string;
  /** maglevd's file of prefixes, which exists. */
  readonly file: string;
  /** The static routes of the speaker. */
  readonly prefixes: readonly string[];
}

export class BirdPair implements AsyncDisposable {
  /** How often the speaker has read the file since it was started. */
  reads = 0;
  readonly #bird: Bird;
  readonly #folder: string;
  readonly #children: Deno.ChildProcess[] = [];
  #watch: ReturnType<typeof setInterval> | undefined;
  #reading = Promise.resolve();

  private constructor(bird: Bird, folder: string) {
    this.#bird = bird;
    this.#folder = folder;
  }

  static async start(bird: Bird, options: BirdPairOptions): Promise<BirdPair> {
    const { folder, file } = options;
    const pair = new BirdPair(bird, folder);
    const port = freePort();
    for (const role of ["neighbour", "speaker"] as const) {
      await Deno.writeTextFile(`${folder}/${role}.conf`, birdFile(role, { ...options, port }));
      const args = ["-f", "-c", `${folder}/${role}.conf`, "-s", pair.#socketOf(role)];
      const { folder: programs, env } = bird;
      const command = new Deno.Command(`${programs}/bird`, {
        args,
        env,
        stdout: "null",
        stderr: "null",
      });
      pair.#children.push(command.spawn());
    }
    let last = await Deno.readTextFile(file);
    pair.#watch = setInterval(() => {
      pair.#reading = pair.#reading.then(async () => {
        const text = await Deno.readTextFile(file);
        if (text === last) return;
        last = text;
        pair.reads++;
        assert.match(await pair.#ask("speaker", "configure"), /Reconfigured/);
      });
    }, 20);
    return pair;
  }

  /** The neighbour's routes to the documentation's network. */
  async routes(): Promise<readonly string[]> {
    const text = await this.#ask("neighbour", "show", "route");
    return [...text.matchAll(/192\.0\.2\.\d+\/32/g)].map(([prefix]) => prefix).sort();
  }

  async untilRoutes(wanted: readonly string[], options: UntilOptions = {}): Promise<void> {
    const what = `the neighbour has [${wanted}]`;
    await readUntil(() => this.routes(), (seen) => seen.join() === wanted.join(), {
      what,
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    await this.#reading.catch(() => {});
    for (const child of this.#children) child.kill("SIGTERM");
    await Promise.all(this.#children.map(({ status }) => status));
  }

  async #ask(role: Role, ...words: string[]): Promise<string> {
    const { folder, env } = this.#bird;
    const { stdout, stderr } = await new Deno.Command(`${folder}/birdc`, {
      args: ["-s", this.#socketOf(role), ...words],
      env,
      stdin: "null",
    }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  }

  #socketOf(role: Role): string {
    return `${this.#folder}/${role}.ctl`;
  }
}

function birdFile(
  role: Role,
  { file, port, prefixes }: BirdPairOptions & { readonly port: number },
): string {
  const [own, other] = role === "speaker" ? [1, 2] : [2, 1];
  const isSpeaker = role === "speaker";
  const filter = isSpeaker ? "if net ~ MAGLEV_IPV4 then accept; reject;" : "reject;";
  const routes = prefixes.map((prefix) => `route ${prefix} blackhole;`).join(" ");
  return `router id 127.0.0.${own};
${isSpeaker ? `include "${file}";` : ""}
protocol device {}
${isSpeaker ? `protocol static { ipv4; ${routes} }` : ""}
protocol bgp peer {
  local 127.0.0.${own} port ${port} as 6500${own};
  neighbor 127.0.0.${other} port ${port} as 6500${other};
  multihop 2;
  strict bind on;
  connect delay time 1; connect retry time 1; error wait time 1, 2;
  ipv4 { import all; export filter { ${filter} }; next hop self; };
}
`;
}

/** A free port of all loopback addresses. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
