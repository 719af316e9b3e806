/**
 * The simulator's controls as lines of text, for a person at a terminal and for tests that run it
 * as a process: each line is a command, each answer one line or more.
 */
import { parseIp } from "../base/address.ts";
import type { Simulator } from "./api_server.ts";
import { showVipsVerbose } from "./plugin/show.ts";
import { RELEASES, WEIGHT_MESSAGES } from "./plugin/release.ts";
import { STATS_FAULTS } from "./stats_faults.ts";
import { countTraffic, TRAFFIC_KINDS } from "./plugin/traffic.ts";

interface Command {
  /** Names of its arguments; those in brackets may be left out. */
  readonly args: string;
  readonly help: string;
  /** Returns the answer, or undefined when the arguments are wrong. */
  run(args: readonly string[], simulator: Simulator): string | undefined | Promise<string>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  state: {
    args: "",
    help: "the plugin's state, as `show lb vips verbose` prints it",
    run: (_args, simulator) => {
      const { pid, clients, plugin } = simulator;
      return `pid ${pid}, clients ${clients}\n${showVipsVerbose(plugin)}`.trimEnd();
    },
  },
  restart: {
    args: "[MS]",
    help: "die as by kill -9 and come back empty after MS (default 0)",
    run: (args, simulator) => {
      const [downMs] = numbers(args, { least: 0, most: 1 }) ?? [-1];
      if (downMs === -1) return undefined;
      return simulator.restart({ downMs: downMs ?? 0 }).then(() =>
        `restarted, pid ${simulator.pid}`
      );
    },
  },
  release: {
    args: RELEASES.join("|"),
    help: "restart as another release of VPP; 26.06 has no weights and faults of its own",
    run: (args, simulator) => {
      const release = RELEASES.find((release) => release === args[0]);
      if (release === undefined || args.length > 1) return undefined;
      return simulator.restart({ release }).then(() => `release ${release}, pid ${simulator.pid}`);
    },
  },
  freeze: {
    args: "",
    help: "accept everything and answer nothing",
    run: (_args, { faults }) => {
      faults.frozen = true;
      return "frozen";
    },
  },
  thaw: {
    args: "",
    help: "answer again, first the requests that came meanwhile",
    run: (_args, { faults }) => {
      faults.frozen = false;
      return "thawed";
    },
  },
  close: {
    args: "",
    help: "refuse new connections",
    run: (_args, { faults }) => {
      faults.refuseConnections = true;
      return "closed";
    },
  },
  open: {
    args: "",
    help: "take new connections again",
    run: (_args, { faults }) => {
      faults.refuseConnections = false;
      return "open";
    },
  },
  delay: {
    args: "MS",
    help: "every reply comes MS late",
    run: (args, { faults }) => {
      const [ms] = numbers(args, { least: 1, most: 1 }) ?? [];
      if (ms === undefined) return undefined;
      faults.delayMs = ms;
      return `delay ${ms} ms`;
    },
  },
  cut: {
    args: "[BYTES]",
    help: "cut the connection after BYTES more bytes of output (default 20)",
    run: (args, { faults }) => {
      const [bytes = 20] = numbers(args, { least: 0, most: 1 }) ?? [NaN];
      if (Number.isNaN(bytes)) return undefined;
      faults.cutAfterBytes = bytes;
      return `cut after ${bytes} bytes`;
    },
  },
  garble: {
    args: "[FRAMES] [OFFSET] [AFTER]",
    help: "flip a byte (default the 18th: of the message id) of FRAMES frames (1) after AFTER (0)",
    run: (args, { faults }) => {
      const given = numbers(args, { least: 0, most: 3 });
      if (given === undefined) return undefined;
      const [frames = 1, offset = 17, after = 0] = given;
      faults.garble({ frames, offset, after });
      return `garble ${frames} frames at ${offset} after ${after}`;
    },
  },
  refuse: {
    args: "MESSAGE RETVAL [TIMES]",
    help: "refuse the next TIMES (default 1) requests of that name: refuse lb_add_del_as_v2 -81",
    run: ([message, ...args], { faults }) => {
      const [retval, times = 1] = numbers(args, { least: 1, most: 2 }) ?? [];
      if (message === undefined || retval === undefined) return undefined;
      faults.refuse({ message, retval, times });
      return `refuse ${message} with ${retval}, ${times} times`;
    },
  },
  withhold: {
    args: "MESSAGE [TIMES]",
    help: "carry out the next TIMES (default 1) requests of that name and do not answer them",
    run: ([message, ...args], { faults }) => {
      const [times = 1] = numbers(args, { least: 0, most: 1 }) ?? [NaN];
      if (message === undefined || Number.isNaN(times)) return undefined;
      faults.withhold({ message, times });
      return `withhold answers to ${message}, ${times} times`;
    },
  },
  omit: {
    args: "[MESSAGE…|weights]",
    help:
      "new connections do not find these messages; `weights`: those 26.06 lacks; none: all there",
    run: (args, { faults }) => {
      faults.omit = new Set(args.flatMap((arg) => arg === "weights" ? WEIGHT_MESSAGES : [arg]));
      return `omit ${[...faults.omit].join(" ") || "nothing"}`;
    },
  },
  traffic: {
    args: "ADDRESS PORT PACKETS [BYTES] [next|first|untracked|no-server]",
    help: "count packets to a VIP (default 64 bytes each, next: of flows that have a server)",
    run: ([address = "", ...args], { plugin }) => {
      const kinds = TRAFFIC_KINDS.filter((kind) => kind === args.at(-1));
      const ip = parseIp(address);
      const counts = numbers(kinds.length > 0 ? args.slice(0, -1) : args, { least: 2, most: 3 });
      if (ip === undefined || counts === undefined) return undefined;
      const [port = 0, packets = 0, bytes = 64 * packets] = counts;
      const traffic = { address: ip, port, packets, bytes, kind: kinds[0] ?? "next" as const };
      return countTraffic(plugin, traffic)
        ? `${packets} packets, ${bytes} bytes`
        : `no VIP ${ip.text} port ${port}`;
    },
  },
  stats: {
    args: STATS_FAULTS.join("|"),
    help: "the fault of the stats segment",
    run: ([how], { faults }) => {
      const known = STATS_FAULTS.find((name) => name === how);
      if (known === undefined) return undefined;
      faults.stats = known;
      return `stats ${known}`;
    },
  },
  keepalive: {
    args: "",
    help: "send memclnt_keepalive to every client",
    run: (_args, simulator) => {
      simulator.sendKeepalive();
      return "sent";
    },
  },
  reset: {
    args: "",
    help: "behave again",
    run: (_args, { faults }) => {
      faults.reset();
      return "behaves";
    },
  },
  help: { args: "", help: "this list", run: () => controlHelp() },
};

/** Executes one line; returns the action done, or the problem with the line. */
export async function control(line: string, simulator: Simulator): Promise<string> {
  const [name = "", ...args] = line.trim().split(/\s+/);
  if (name === "") return "";
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return `unknown: ${name}\n${controlHelp()}`;
  return await command.run(args, simulator) ?? `usage: ${name} ${command.args}`;
}

/** One line per command. */
export function controlHelp(): string {
  return Object.entries(COMMANDS)
    .map(([name, { args, help }]) => `${`${name} ${args}`.padEnd(32)} ${help}`).join("\n");
}

/** `args` as numbers when there are between `least` and `most` of them and all are whole. */
function numbers(
  args: readonly string[],
  count: { readonly least: number; readonly most: number },
): number[] | undefined {
  if (args.length < count.least || args.length > count.most) return undefined;
  const values = args.map(Number);
  return values.every(Number.isInteger) ? values : undefined;
}
