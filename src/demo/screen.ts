/** The output of the demo: plain lines with the time since the start. */
import type { MonotonicMs } from "../base/instant.ts";
import { SystemClock } from "../system/system_clock.ts";
import type { LogLine } from "./daemon_process.ts";
import { type Dashboard, DEMO_LOGIN } from "./dashboard.ts";
import type { DemoServer } from "./servers.ts";
import type { SeenServer } from "./scenario.ts";

const CLOCK = new SystemClock();

export class Screen {
  readonly #startMs = CLOCK.monotonicMs();
  readonly #task: string;

  /** When the line that is being shown came; undefined: now. */
  #atMs: MonotonicMs | undefined;
  /** Lines that came before the introduction. */
  #early: { readonly line: LogLine; readonly atMs: MonotonicMs }[] | undefined = [];

  /** `task` is the command that starts a task of the checkout. */
  constructor({ task }: { readonly task: string }) {
    this.#task = task;
  }

  /** Prints the address of the dashboard first, then the rest, then the lines that came before. */
  intro(parts: {
    readonly dashboard: Dashboard;
    readonly servers: readonly DemoServer[];
    readonly port: number;
    readonly config: string;
    readonly socket: string;
    readonly vip: { readonly address: string; readonly port: number };
  }): void {
    const { servers, port, vip } = parts;
    const url = (server: DemoServer) => `http://${server.address}:${port}`;
    console.log(`${dashboardLines(parts.dashboard)}

maglevd demo: three web servers, a simulated VPP, and maglevd between them

  VIP        ${vip.address}:${vip.port} (tcp), one pool: ${
      servers.map(({ name }) => name).join(", ")
    }
  servers    ${servers.map((server) => `${server.name} ${url(server)}`).join("\n             ")}
  config     ${parts.config}   (edit it, then: kill -HUP the maglevd below)
  VPP        simulated, API socket ${parts.socket}

Try in another terminal:
  curl ${url(servers[1]!)}/fail       ${
      servers[1]!.name
    } fails its health check: watch its weight go to 0
  curl ${url(servers[1]!)}/recover    and come back
Ctrl-C ends everything.
`);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const { line, atMs } of early) this.logLine(line, atMs);
  }

  /** A log line of maglevd, or of its dashboard, that is shown. */
  logLine(line: LogLine, atMs = CLOCK.monotonicMs()): void {
    if (this.#early !== undefined) return void this.#early.push({ line, atMs });
    this.#atMs = atMs;
    this.#show(line);
    this.#atMs = undefined;
  }

  #show(line: LogLine): void {
    switch (line.msg) {
      case "maglevd-start":
        return this.#say("maglevd", `version ${line.version} started, pid ${line.pid}`);
      case "metrics-listen":
        return this.#say("maglevd", `metrics: http://${line.address}/metrics, /healthz, /readyz`);
      case "grpc-listen":
        this.#say("maglevd", `gRPC: ${line.address}; in another terminal:`);
        this.#say("", `  ${this.#task} maglevc --server ${line.address} show frontends`);
        return this.#say("", "  (and without a command for its shell)");
      case "vpp-connect":
        return this.#say("maglevd", `connected to VPP ${line.version} (pid ${line.pid})`);
      case "backend-transition":
        return this.#say(
          "health",
          `${line.backend}: ${line.from} → ${line.to}  ${line.code}${
            line.detail === "" ? "" : ` (${line.detail})`
          }`,
        );
      case "frontend-transition":
        return this.#say("health", `frontend ${line.frontend}: ${line.from} → ${line.to}`);
      case "vpp-lbsync-vip-add":
        return this.#say("maglevd", `VPP: VIP ${line.vip} port ${line.port} added`);
      case "vpp-lbsync-as-weight":
        return this.#say(
          "maglevd",
          `VPP: server ${line.address} weight ${line.weight}${
            line.flush === true ? ", flows flushed" : ""
          }`,
        );
      case "dashboard-action":
        return this.#say(
          "browser",
          `${line.user}: ${line.action} ${line.backend ?? line.frontend ?? ""}: ${line.result}`,
        );
      case "dashboard-warning":
        // The introduction has it.
        return;
      case "config-warning":
        // The servers of the demo are on loopback, and its VPP is simulated.
        return line.rule === "loopback" ? undefined : this.#say("warning", String(line.message));
      case "config-reload":
        return this.#say(
          "maglevd",
          `configuration reloaded: ${line.ok === true ? "ok" : "refused"}`,
        );
      default:
        if (line.level === "WARN" || line.level === "ERROR") {
          this.#say(line.level, `${line.msg} ${JSON.stringify(line)}`);
        } else if (line.msg === "") {
          this.#say("maglevd", String(line.text));
        }
    }
  }

  /** The servers that VPP has now. */
  weights(seen: readonly SeenServer[]): void {
    const total = seen.reduce((sum, { buckets }) => sum + buckets, 0);
    const cells = seen.map(({ name, weight, buckets }) =>
      weight === undefined
        ? `${name} –`
        : `${name} weight ${weight} (${
          total === 0 ? 0 : Math.round((100 * buckets) / total)
        } % of new flows)`
    );
    this.#say("VPP has", cells.join("  |  "));
  }

  /** A line of the play itself. */
  act(text: string): void {
    this.#say("demo", text);
  }

  outro(code: number): void {
    this.#say("maglevd", `stopped (exit ${code}); VPP keeps what it has`);
  }

  #say(who: string, text: string): void {
    const atMs = this.#atMs ?? CLOCK.monotonicMs();
    const seconds = ((atMs - this.#startMs) / 1000).toFixed(1).padStart(5);
    console.log(`${seconds}s  ${who.padEnd(8)} ${text}`);
  }
}

function dashboardLines(dashboard: Dashboard): string {
  if (dashboard.kind === "absent") return `No dashboard: ${dashboard.reason}`;
  const { url } = dashboard;
  return `dashboard    ${url}
with actions ${url}admin/   (user ${DEMO_LOGIN.user}, password ${DEMO_LOGIN.password})`;
}
