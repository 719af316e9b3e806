/**
 * The machines of the documents, on loopback: servers nginx0 and nginx1, a VIP that answers, a
 * simulated VPP, a maglevd and its dashboard. Commands of the documents run in a shell in which
 * well-known addresses, ports and folders are those of the stage. `sudo`, `ssh -t nginx0 …` and
 * `systemctl reload` have stand-ins.
 */
import { FrontendProcess, LAUNCHER } from "../../../src/demo/daemon_process.ts";
import { type Simulator, startSimulator } from "../../../src/sim/api_server.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";
import { until } from "../judges/until.ts";
import { Daemon, withFolder } from "../servers/daemon.ts";
import { WebServer } from "../servers/web_server.ts";
import { freePort } from "../servers/free_port.ts";

const NGINX0 = "127.0.45.10";
const NGINX1 = "127.0.45.11";
const VIP = "127.0.45.80";

/** The configuration that the documents' examples assume. */
function configText(port: number, folder: string): string {
  return `maglev:
  announce: { file: ${folder}/state/announce.conf }
  vpp:
    lb:
      ipv4-src-address: 192.0.2.1
      ipv6-src-address: 2001:db8::1
      startup-min-delay: 0s
      startup-max-delay: 0s
  healthchecks:
    web:
      type: http
      port: ${port}
      interval: 300ms
      fast-interval: 100ms
      timeout: 300ms
      params: { path: /healthz }
  backends:
    nginx0: { address: ${NGINX0}, healthcheck: web }
    nginx1: { address: ${NGINX1}, healthcheck: web }
  frontends:
    web:
      address: ${VIP}
      protocol: tcp
      port: ${port}
      pools:
        - name: all
          backends: { nginx0: {}, nginx1: {} }
`;
}

/** What a script printed, and its exit status. */
export interface Ran {
  readonly status: number;
  readonly output: string;
}

/** Something of the documents, and what stands for it on the stage. */
type Replacement = readonly [pattern: RegExp, by: string];

export class DocumentsStage {
  readonly #folder: string;
  readonly #servers: readonly WebServer[];
  readonly #control: Deno.HttpServer<Deno.NetAddr>;
  readonly #daemon: Daemon;
  readonly #dashboard: FrontendProcess;
  readonly #replaced: readonly Replacement[];
  readonly #grpc: string;

  /** Runs `fn` on a stage, and takes everything down afterwards. */
  static async with(fn: (stage: DocumentsStage) => Promise<void>): Promise<void> {
    await withFolder(async (folder) => {
      const servers = WebServer.group([NGINX0, NGINX1, VIP]);
      const simulator = await startSimulator({
        path: `${folder}/api.sock`,
        statsPath: `${folder}/stats.sock`,
        clock: new SystemClock(),
      });
      let stage: DocumentsStage | undefined;
      try {
        stage = await DocumentsStage.#start(folder, { servers, simulator });
        await fn(stage);
      } finally {
        if (stage !== undefined) await stage.#stop();
        await simulator.stop();
        await Promise.all(servers.map((server) => server.close()));
      }
    });
  }

  static async #start(
    folder: string,
    { servers, simulator }: {
      readonly servers: readonly WebServer[];
      readonly simulator: Simulator;
    },
  ): Promise<DocumentsStage> {
    for (const name of ["etc", "bin", "home", "work"]) await Deno.mkdir(`${folder}/${name}`);
    const { port } = servers[0]!;
    const config = `${folder}/etc/maglev.yaml`;
    await Deno.writeTextFile(config, configText(port, folder));
    await Deno.writeTextFile(`${folder}/work/maglev.yaml`, configText(port, folder));
    const daemon = new Daemon({
      config,
      vppApiAddr: simulator.path,
      vppStatsAddr: simulator.statsPath!,
      metricsAddr: "127.0.0.1:0",
      grpcAddr: "127.0.0.1:0",
      stateDir: `${folder}/state`,
    });
    const [grpc, metrics] = await Promise.all(
      ["grpc-listen", "metrics-listen"].map(async (event) =>
        String((await daemon.seen(({ msg }) => msg === event)).address)
      ),
    );
    await Promise.all(["nginx0", "nginx1"].map((name) => daemon.transition(name, "up")));
    const listening = Promise.withResolvers<string>();
    const dashboard = new FrontendProcess({
      server: `lb1=${grpc}`,
      onLine: ({ msg, address }) => {
        if (msg === "dashboard-listen") listening.resolve(String(address));
      },
    });
    const page = await listening.promise;
    await until(async () =>
      (await (await fetch(`http://${page}/view/api/problems`)).json()).length === 0
    );
    const stage = new DocumentsStage({ folder, servers, daemon, dashboard, grpc: grpc! }, [
      [/\/etc\/vpp-maglev\b/g, `${folder}/etc`],
      [/10\.0\.0\.10\b/g, NGINX0],
      [/10\.0\.0\.11\b/g, NGINX1],
      [/192\.0\.2\.10\b/g, VIP],
      // A drill need not last in a test.
      [/--duration \d+s\b/g, "--duration 1s"],
      [/\bport: 80\b/g, `port: ${port}`],
      [/\b127\.0\.0\.1:9091\b/g, metrics!],
      [/\b127\.0\.0\.1:8080\b/g, page],
      [/(?<=\b(?:127\.0\.0\.1|localhost):)9190\b/g, String(freePort())],
      [/\blb1\.example\.net(?=[, ])/g, grpc!],
      [/\blb2\.example\.net(?=[, ])/g, grpc!.replace("127.0.0.1", "localhost")],
    ]);
    await stage.#writePrograms();
    return stage;
  }

  private constructor(
    parts: {
      readonly folder: string;
      readonly servers: readonly WebServer[];
      readonly daemon: Daemon;
      readonly dashboard: FrontendProcess;
      readonly grpc: string;
    },
    replaced: readonly Replacement[],
  ) {
    this.#folder = parts.folder;
    this.#servers = parts.servers;
    this.#daemon = parts.daemon;
    this.#dashboard = parts.dashboard;
    this.#grpc = parts.grpc;
    this.#replaced = replaced;
    this.#control = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#obey(new URL(request.url).pathname),
    );
  }

  /** Runs blocks of a document, one after the other, in one shell; the first failure ends it. */
  async run(blocks: readonly { readonly line: number; readonly text: string }[]): Promise<Ran> {
    const script = blocks.map(({ line, text }) =>
      `echo "--- line ${line}"\n${
        this.#replaced.reduce((t, [from, to]) => t.replace(from, to), text)
      }`
    ).join("\n");
    const folder = this.#folder;
    const child = new Deno.Command("bash", {
      args: ["-eo", "pipefail", "-c", `exec 2>&1\n${script}`],
      cwd: `${folder}/work`,
      env: {
        PATH: `${folder}/bin:${Deno.env.get("PATH")}`,
        HOME: `${folder}/home`,
        DENO_DIR: denoFolder(),
        MAGLEV_DENO: Deno.execPath(),
        MAGLEV_CONFIG: `${folder}/etc/maglev.yaml`,
        MAGLEV_SERVER: this.#grpc,
        // Of the file of announced prefixes.
        MAGLEV_WRITE_PATHS: `${folder}/state`,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      signal: AbortSignal.timeout(120_000),
    }).spawn();
    const [output, { code }] = await Promise.all([new Response(child.stdout).text(), child.status]);
    return { status: code, output };
  }

  async #obey(path: string): Promise<Response> {
    const [, action, name] = path.split("/");
    if (action === "reload") {
      const mark = this.#daemon.mark;
      this.#daemon.process.signal("SIGHUP");
      await this.#daemon.seen(({ msg }) => msg === "config-reload", { from: mark });
    } else {
      const server = this.#servers[name === "nginx0" ? 0 : 1]!;
      if (action === "stop") await server.close();
      else server.open();
    }
    return new Response("done\n");
  }

  /** The programs of the packages, and stand-ins for those that need root or other machines. */
  async #writePrograms(): Promise<void> {
    const control = `http://127.0.0.1:${this.#control.addr.port}`;
    const launcher = LAUNCHER.map((word) => `'${word}'`).join(" ");
    const programs: Record<string, string> = {
      sudo: 'exec "$@"',
      systemctl: `[ "$*" = "reload vpp-maglev" ] && exec curl -sf ${control}/reload`,
      ssh: `[ "$1 $3 $4 $6" = "-t sudo systemctl nginx" ] && exec curl -sf ${control}/$5/$2`,
      deno: `[ "$1" = task ] && shift && exec ${launcher} "$@"`,
    };
    for (const name of ["maglevd", "maglevc", "maglevt", "maglevd-frontend"]) {
      programs[name] = `exec ${launcher} ${name} "$@"`;
    }
    for (const [name, text] of Object.entries(programs)) {
      await Deno.writeTextFile(`${this.#folder}/bin/${name}`, `#!/bin/sh\n${text}\n`, {
        mode: 0o755,
      });
    }
  }

  async #stop(): Promise<void> {
    await Promise.all([this.#dashboard.stop(), this.#daemon.stop(), this.#control.shutdown()]);
  }
}

/** Deno's cache, which another HOME would move. */
function denoFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  return Deno.env.get("DENO_DIR") ?? `${cache}/deno`;
}
