/**
 * keepalived's checkers. Its reports come through a FIFO; their time is that of reading it. It has
 * no `rise` (one pass is up) and does not verify certificates; `fall` is its `retry`. On a kernel
 * without IPVS a library of ../shared handles its calls.
 */
import { wallMsOf } from "../../../src/base/instant.ts";
import { farmAddress } from "../farm_address.ts";
import { linesOf } from "../lines.ts";
import { neededProgram } from "../shared_program.ts";
import { type Change, type Checker, groupsOf, spawn, type Task } from "./checker.ts";

export const KEEPALIVED: Checker = {
  name: "keepalived",
  states: true,
  kinds: ["tcp", "http", "https", "icmp"],
  versionCommand: ["keepalived", "--version"],
  async start(task, onChange) {
    const { folder } = task;
    const fifo = `${folder}/keepalived.fifo`;
    await new Deno.Command("mkfifo", { args: [fifo] }).output();
    // Also for writing, so that opening does not wait for keepalived, and stop() can end the read.
    const reports = await Deno.open(fifo, { read: true, write: true });
    const reading = report(reports.readable, onChange);
    const config = `${folder}/keepalived.conf`;
    await Deno.writeTextFile(config, configText(task, fifo));
    const files = ["-p", `${folder}/keepalived.pid`, "-c", `${folder}/checkers.pid`];
    const process = spawn(["keepalived", "-n", "-C", "-f", config, ...files], {
      cpu: task.cpu,
      env: await hasIpvs() ? {} : { LD_PRELOAD: await neededProgram("fakeipvs") },
    });
    return {
      ...process,
      async stop() {
        await process.stop();
        // Another handle, because a handle that is being read blocks writes.
        await Deno.writeTextFile(fifo, END);
        await reading;
      },
    };
  },
};

const END = "end\n";

async function report(
  reports: ReadableStream<Uint8Array>,
  onChange: (change: Change) => void,
): Promise<void> {
  for await (const line of linesOf(reports)) {
    if (line === END.trim()) return;
    const match = /^RS \[127\.1\.(\d+)\.(\d+)\]:\S+ \S+ (UP|DOWN)/.exec(line);
    if (match === null) continue;
    const id = 250 * Number(match[1]) + Number(match[2]) - 1;
    onChange({ id, up: match[3] === "UP", atMs: wallMsOf(new Date()) });
  }
}

async function hasIpvs(): Promise<boolean> {
  return await Deno.stat("/proc/net/ip_vs").then(() => true, () => false);
}

function checkText(kind: string): readonly string[] {
  if (kind === "tcp") return ["TCP_CHECK {"];
  if (kind === "icmp") return ["PING_CHECK {"];
  const url = ["   http_protocol 1.1C", "   url {", "    path /", "    status_code 200", "   }"];
  if (kind === "http") return ["HTTP_GET {", ...url];
  return ["SSL_GET {", "   enable_sni", "   virtualhost good.test", ...url];
}

function configText(task: Task, fifo: string): string {
  const { kind, port, intervalMs, timeoutMs, fall } = task;
  return [
    "global_defs {",
    "  router_id bench",
    `  lvs_notify_fifo ${fifo}`,
    "}",
    ...groupsOf(task).flatMap(({ index, ids }) => [
      `virtual_server 127.9.${Math.floor(index / 250)}.${(index % 250) + 1} 80 {`,
      ` delay_loop ${intervalMs / 1000}`,
      " lvs_sched rr",
      " protocol TCP",
      " alpha",
      ...ids.flatMap((id) => [
        ` real_server ${farmAddress(id)} ${port} {`,
        "  weight 1",
        ...checkText(kind).map((line, at) => at === 0 ? `  ${line}` : line),
        `   connect_timeout ${timeoutMs / 1000}`,
        `   retry ${fall - 1}`,
        `   delay_before_retry ${intervalMs / 1000}`,
        "  }",
        " }",
      ]),
      "}",
    ]),
    "",
  ].join("\n");
}
