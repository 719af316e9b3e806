/**
 * HAProxy on one thread. Its reports are its log, on standard output with its own time stamps. It
 * begins with all servers up, so the first check that passed counts as the report of up.
 *
 * Over TLS each check makes a new session (`no-ssl-reuse`), as maglevd's do.
 */
import { wallMsOf } from "../../../src/base/instant.ts";
import { farmAddress } from "../farm_address.ts";
import { type Change, type Checker, groupsOf, spawn, type Task } from "./checker.ts";

export const HAPROXY: Checker = {
  name: "haproxy",
  states: true,
  kinds: ["tcp", "http", "https"],
  versionCommand: ["haproxy", "-v"],
  async start(task, onChange) {
    const config = `${task.folder}/haproxy.cfg`;
    await Deno.writeTextFile(config, configText(task));
    const seen = new Set<number>();
    return spawn(["haproxy", "-db", "-f", config], {
      cpu: task.cpu,
      onLine(line) {
        const change = changeOf(line, seen);
        if (change !== undefined) onChange(change);
      },
    });
  },
};

// Not every message ends with a newline, so the time need not be at the start of a line.
const STATE = /(\d{4}-\S+) Server b\d+\/s(\d+) is (UP|DOWN)/;
const FIRST = /(\d{4}-\S+) Health check for server b\d+\/s(\d+) succeeded.* UP\./;

function changeOf(line: string, seen: Set<number>): Change | undefined {
  const state = STATE.exec(line);
  const match = state ?? FIRST.exec(line);
  if (match === null) return undefined;
  const id = Number(match[2]);
  if (state === null && seen.has(id)) return undefined;
  seen.add(id);
  return { id, up: state === null || state[3] === "UP", atMs: wallMsOf(new Date(match[1]!)) };
}

function configText(task: Task): string {
  const { kind, port, intervalMs, timeoutMs, rise, fall, folder, caFile } = task;
  const tls = kind === "https"
    ? ` check-ssl check-sni good.test verify required verifyhost good.test ca-file ${caFile} no-ssl-reuse`
    : "";
  const check = kind === "tcp" ? [] : [
    "  option httpchk",
    `  http-check send meth GET uri / ver HTTP/1.1 hdr Host ${tls === "" ? "farm" : "good.test"}`,
    "  http-check expect status 200",
  ];
  return [
    "global",
    "  nbthread 1",
    "  maxconn 100",
    "  log stdout format iso local0",
    "defaults",
    `  mode ${kind === "tcp" ? "tcp" : "http"}`,
    `  timeout connect ${timeoutMs}ms`,
    `  timeout check ${timeoutMs}ms`,
    "  timeout client 5s",
    "  timeout server 5s",
    "  log global",
    "  option log-health-checks",
    `  default-server check inter ${intervalMs}ms rise ${rise} fall ${fall}${tls}`,
    "frontend dummy",
    `  bind unix@${folder}/haproxy.sock`,
    ...groupsOf(task).flatMap(({ index, ids }) => [
      `backend b${index}`,
      ...check,
      ...ids.map((id) => `  server s${id} ${farmAddress(id)}:${port}`),
    ]),
    "",
  ].join("\n");
}
