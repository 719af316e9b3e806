/** A machine of its own for packages: a container of podman and runc with systemd, without a network. */
import { output, type Ran, run, unpackBase } from "./support.ts";

/** Limits are set, because raising them needs a capability that containers of CI lack. */
const CONTAINERS_CONF = `[containers]
default_ulimits = ["nofile=20000:20000","nproc=4096:4096"]
`;

/** Programs that a Machine needs. */
export const MACHINE_NEEDS: readonly string[] = ["podman", "runc", "debootstrap"];

/** podman with a storage of its own within `place`. */
export class Podman {
  readonly #place: string;

  constructor(place: string) {
    this.#place = place;
  }

  async run(...args: readonly string[]): Promise<Ran> {
    return await run(this.#command(args), { env: this.#environment() });
  }

  /**
   * Starts a container in the background; returns its id. Its monitor keeps the standard streams
   * open, so they are not ours.
   */
  async start(...args: readonly string[]): Promise<string> {
    const idFile = await Deno.makeTempFile({ dir: this.#place });
    await Deno.remove(idFile);
    const [program, ...rest] = this.#command(["run", "--detach", "--cidfile", idFile, ...args]);
    const { code } = await new Deno.Command(program!, {
      args: rest,
      env: this.#environment(),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    if (code !== 0) throw new Error(`podman run ${args.join(" ")}: exit status ${code}`);
    return (await Deno.readTextFile(idFile)).trim();
  }

  #command(args: readonly string[]): readonly string[] {
    return [
      ...["podman", "--root", `${this.#place}/storage`, "--runroot", `${this.#place}/run`],
      ...["--storage-driver", "overlay", "--runtime", "runc", ...args],
    ];
  }

  #environment(): Readonly<Record<string, string>> {
    const path = `${this.#place}/containers.conf`;
    Deno.writeTextFileSync(path, CONTAINERS_CONF);
    return { CONTAINERS_CONF: path };
  }

  async output(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code === 0) return stdout.replace(/\n$/, "");
    throw new Error(`podman ${args.join(" ")}: exit status ${code}\n${stdout}\n${stderr}`);
  }
}

/** A booted machine. */
export class Machine implements AsyncDisposable {
  /** Its file system, seen from outside. */
  readonly root: string;
  readonly #podman: Podman;
  readonly #id: string;

  private constructor(root: string, podman: Podman, id: string) {
    this.root = root;
    this.#podman = podman;
    this.#id = id;
  }

  /** Boots one in folder `place`; `shared` is a folder that it sees as /srv/shared. */
  static async boot(place: string, shared: string): Promise<Machine> {
    const root = `${place}/root`;
    await unpackBase(root);
    const podman = new Podman(place);
    const id = await podman.start(
      ...["--systemd=always", "--privileged", "--network", "none"],
      ...["--volume", `${shared}:/srv/shared`, "--rootfs", root, "/sbin/init"],
    );
    const machine = new Machine(root, podman, id);
    await machine.until(
      "systemctl is-system-running",
      ({ stdout }) => /running|degraded/.test(stdout),
    );
    // As on a real machine: what systemd mounts for a unit, such as its credentials, is seen by it.
    await machine.sh("mount --make-rshared /");
    return machine;
  }

  /** Runs a line of shell. */
  async run(line: string): Promise<Ran> {
    return await this.#podman.run("exec", this.#id, "timeout", "900", "sh", "-c", line);
  }

  /** Its output; throws when it fails. */
  async sh(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(line);
    if (code === 0) return stdout.replace(/\n$/, "");
    const log = await this.run("journalctl --no-pager -n 30 -o cat");
    throw new Error(`${line}: exit status ${code}\n${stdout}\n${stderr}\n${log.stdout}`);
  }

  /** Repeats a line until its result fits, for at most `deadlineMs`. */
  async until(line: string, fits: (ran: Ran) => boolean, deadlineMs = 120_000): Promise<Ran> {
    const endMs = performance.now() + deadlineMs;
    while (true) {
      const ran = await this.run(line);
      if (fits(ran)) return ran;
      if (performance.now() > endMs) {
        const log = await this.run("journalctl --no-pager -n 30 -o cat");
        throw new Error(`not in time: ${line}\n${ran.stdout}\n${ran.stderr}\n${log.stdout}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** The process that it knows as `pid`, as this host knows it. */
  async hostPid(pid: string): Promise<number> {
    const init = await this.#podman.output("inspect", "--format", "{{.State.Pid}}", this.#id);
    const space = await Deno.readLink(`/proc/${init}/ns/pid`);
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const status = await Deno.readTextFile(`/proc/${name}/status`);
        if (!new RegExp(`^NSpid:.*\\t${pid}$`, "m").test(status)) continue;
        if (await Deno.readLink(`/proc/${name}/ns/pid`) === space) return Number(name);
      } catch (error) {
        // It has ended.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    throw new Error(`no process ${pid} in the machine`);
  }

  /** Puts a file into it. */
  async write(path: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.root}${path}`, text);
  }

  /** All its files that a package or a unit may leave. */
  async files(): Promise<readonly string[]> {
    const ignored = ["/proc", "/sys", "/dev", "/run", "/tmp", "/srv", "/var/lib/dpkg", "/var/log"]
      .flatMap((path) => ["-path", path, "-prune", "-o"]);
    const found = await output(["chroot", this.root, "find", "/", ...ignored, "-print"]);
    return found.split("\n").sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#podman.run("rm", "--force", "--time", "5", this.#id);
  }
}
