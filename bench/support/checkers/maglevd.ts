/**
 * maglevd, as its launcher starts it: documented permissions and runtime settings, without VPP.
 * Its reports are the log's `backend-transition`; their time is the log's own.
 */
import { wallMsOf } from "../../../src/base/instant.ts";
import {
  LAUNCHER,
  LAUNCHER_ENVIRONMENT,
  maglevdCommand,
} from "../../../src/demo/daemon_process.ts";
import { farmAddress } from "../farm_address.ts";
import { launcherIn } from "../release.ts";
import { type Change, type Checker, groupsOf, spawn, type Task } from "./checker.ts";

/** The maglevd of the release in a folder; of this checkout, when `release` is empty. */
export function maglevdOf(release: string): Checker {
  const launcher = launcherIn(release);
  return {
    name: "maglevd",
    states: true,
    kinds: ["tcp", "http", "https", "icmp"],
    versionCommand: [...launcher ?? LAUNCHER, "maglevd", "--version"],
    start: (task, onChange) =>
      startMaglevd(task, {
        launcher,
        onRecord(record) {
          const change = changeOf(record);
          if (change !== undefined) onChange(change);
        },
      }),
  };
}

/** A line of the log, as far as it is read here. */
export interface LogRecord {
  readonly time: string;
  readonly msg: string;
  readonly backend?: string;
  readonly to?: string;
  /** Of `probe-void`: how many, when more than one are summed up. */
  readonly count?: number;
}

export interface MaglevdOptions {
  readonly onRecord: (record: LogRecord) => void;
  /** Threads that probe; default 1. */
  readonly workers?: number;
  /** Default: that of this checkout. */
  readonly launcher?: readonly string[] | undefined;
}

/** Starts maglevd for a task, with its whole log. */
export async function startMaglevd(task: Task, options: MaglevdOptions) {
  const config = `${task.folder}/maglev.yaml`;
  await Deno.writeTextFile(config, configText(task));
  const command = maglevdCommand({
    config,
    vppApiAddr: "",
    files: task.kind === "https" ? [task.caFile] : [],
    flags: [`--probe-workers=${options.workers ?? 1}`],
    launcher: options.launcher,
  });
  return spawn(command, {
    cpu: task.cpu,
    env: LAUNCHER_ENVIRONMENT,
    onLine: (line) => options.onRecord(JSON.parse(line) as LogRecord),
  });
}

/** State of a server in a line of the log, if any. */
export function changeOf(record: LogRecord): Change | undefined {
  if (record.msg !== "backend-transition" || record.backend === undefined) return undefined;
  return {
    id: Number(record.backend.slice(1)),
    up: record.to === "up",
    atMs: wallMsOf(new Date(record.time)),
  };
}

const PARAMS: Readonly<Record<string, string>> = {
  http: ", params: { host: farm, response-code: [200] }",
  udp: ", params: { send: ping }",
  dns: ", params: { name: www.example.com }",
};

/** `fast-interval` and `down-interval` are `interval` when absent: the pace is the others'. */
function configText(task: Task): string {
  const { kind, port, intervalMs, timeoutMs, rise, fall, targets, caFile } = task;
  const params = kind === "https"
    ? `, params: { host: good.test, ca-file: ${caFile}, response-code: [200] }`
    : PARAMS[kind] ?? "";
  return [
    "maglev:",
    "  vpp: { lb: { ipv4-src-address: 192.0.2.1, ipv6-src-address: '2001:db8::1' } }",
    "  healthchecks:",
    `    farm: { type: ${kind}, ${kind === "icmp" ? "" : `port: ${port}, `}rise: ${rise}, ` +
    `fall: ${fall}, interval: ${intervalMs}ms, timeout: ${timeoutMs}ms${params} }`,
    "  backends:",
    ...Array.from(
      { length: targets },
      (_, id) => `    s${id}: { address: ${farmAddress(id)}, healthcheck: farm }`,
    ),
    "  frontends:",
    ...groupsOf(task).map(({ index, ids }) =>
      `    f${index}: { address: 192.0.2.${1 + index}, protocol: tcp, port: 80, pools: ` +
      `[ { name: main, backends: { ${ids.map((id) => `s${id}: {}`).join(", ")} } } ] }`
    ),
    "",
  ].join("\n");
}
