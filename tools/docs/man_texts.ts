/** PURE. The texts of the man pages that no table holds. */
import { MAGLEVC_FLAGS } from "../../src/cli/flags.ts";
import { MAGLEVD_FLAGS } from "../../src/daemon/flags.ts";
import { FRONTEND_FLAGS, PASSWORD_VARIABLE } from "../../src/dashboard/flags.ts";
import { FRONTEND, MAGLEVC, MAGLEVD, MAGLEVT } from "../../src/system/launch/permissions.ts";
import { MAGLEVT_FLAGS } from "../../src/tester/flags.ts";
import type { ManPage, Row } from "./man_page.ts";

const CONFIG_FILE: Row = ["/etc/vpp-maglev/maglev.yaml", "The configuration."];
const DEFAULTS: Row = [
  "/etc/default/vpp-maglev",
  "Environment of the units: flags of the services go there as variables.",
];
const DOCUMENTS =
  "the documents in /usr/share/doc/vpp\\-maglevd: user\\-guide.md, running.md, config\\-guide.md";
const SHIM: Row = ["MAGLEV_SHIM", "Path of the C library for ICMP, network namespaces and VPP."];
const NO_COLOR: Row = ["NO_COLOR", "Switches colour off, when it is not empty."];

export const MAN_PAGES: readonly ManPage[] = [
  {
    name: "maglevd",
    section: 8,
    program: MAGLEVD,
    flags: MAGLEVD_FLAGS,
    purpose: "health-checks servers and programs VPP's load balancer",
    synopsis: ["[`--config` PATH] [flags]", "`--check` [`--config` PATH]"],
    description: [
      "Probes servers with ICMP, TCP, UDP, HTTP, HTTPS, gRPC or DNS, and asks agents on them. It " +
      "decides which may take traffic, and sets their weights in the `lb` plugin of VPP. It is " +
      "controlled with `maglevc`, over gRPC.",
      "When it stops, VPP stays as it is. A start holds changes back until the servers were " +
      "checked, so that a restart moves no flow.",
      "ICMP probes need CAP_NET_RAW, or a group in the sysctl net.ipv4.ping_group_range. " +
      "Network namespaces need CAP_SYS_ADMIN. VPP's sockets need its group, `vpp`.",
    ],
    environment: [
      SHIM,
      [
        "MAGLEV_VPPAPICLIENT",
        "Path of VPP's library for its shared memory (`--vpp-api-addr` shm:).",
      ],
    ],
    files: [
      CONFIG_FILE,
      DEFAULTS,
      [
        "/var/lib/vpp-maglev/intents.json",
        "Pauses, disables and weights of operators (`--state-dir`).",
      ],
      ["/run/vpp/api.sock, /run/vpp/stats.sock", "VPP's sockets."],
      ["/run/netns", "Named network namespaces (`netns` in the configuration)."],
    ],
    signals: [
      [
        "SIGHUP",
        "Reads the configuration, tokens and certificates again. A file with errors changes nothing.",
      ],
      ["SIGTERM, SIGINT", "Stops within 2 s. A second one stops immediately."],
    ],
    examples: [
      ["maglevd --check --config /etc/vpp-maglev/maglev.yaml", "Check a file before a reload:"],
      [
        "maglevd --config maglev.yaml --vpp-api-addr '' --log-format pretty",
        "Probe servers without a VPP, to try checks out:",
      ],
    ],
    seeAlso: ["maglevc(1)", "maglevt(1)", "maglevd-frontend(8)", DOCUMENTS],
  },
  {
    name: "maglevd-frontend",
    section: 8,
    program: FRONTEND,
    flags: FRONTEND_FLAGS,
    purpose: "web dashboard of one or several maglevds",
    synopsis: ["`--server` [NAME=]ADDR[,...] [flags]"],
    description: [
      "Follows maglevds over gRPC and serves a page with VIPs, servers, their health and their " +
      "share of traffic. `/view/` needs no login and changes nothing.",
      "`/admin/` has actions. It exists while a user and a password are set. The password is " +
      `in the file of \`--password-file\`, or in the variable \`${PASSWORD_VARIABLE}\`.`,
    ],
    environment: [[PASSWORD_VARIABLE, "The password of /admin/, in place of a file."]],
    files: [DEFAULTS],
    signals: [
      ["SIGHUP", "Ignored."],
      ["SIGTERM, SIGINT", "Stops. A second one stops immediately."],
    ],
    examples: [
      [
        "maglevd-frontend --server lb1=10.0.0.1,lb2=10.0.0.2 --listen 127.0.0.1:8080",
        "Two maglevds, for browsers on this host or a proxy:",
      ],
    ],
    seeAlso: ["maglevd(8)", "maglevc(1)", DOCUMENTS],
  },
  {
    name: "maglevc",
    section: 1,
    program: MAGLEVC,
    flags: MAGLEVC_FLAGS,
    purpose: "shell and commands to inspect and control maglevd",
    synopsis: ["[flags]", "[flags] COMMAND..."],
    description: [
      "Without a command it is a shell with completion (TAB) and help (?). With a command it " +
      "runs that and ends. Words may be shortened while they are unique.",
      "With several servers it compares their replies. In a pipe its tables have a fixed form; " +
      "`--output` json prints the whole reply.",
    ],
    commands: true,
    environment: [
      NO_COLOR,
      ["XDG_STATE_HOME", "Folder of the history; ~/.local/state when it is not set."],
      ["SUDO_USER, USER, LOGNAME", "Name of the caller that maglevd logs, without proof."],
    ],
    files: [["~/.local/state/maglevc/history", "Lines of earlier shells."]],
    signals: [["SIGINT", "Ends a command. In the shell it clears the line."]],
    examples: [
      ["maglevc show backends", "The servers and their state:"],
      ['maglevc set backend nginx0 pause reason "new kernel" for 2h', "Take a server out:"],
      [
        "maglevc --output json show backends | jq -r '.backends[].name'",
        "Names for a script:",
      ],
    ],
    seeAlso: ["maglevd(8)", "maglevt(1)", DOCUMENTS],
  },
  {
    name: "maglevt",
    section: 1,
    program: MAGLEVT,
    flags: MAGLEVT_FLAGS,
    purpose: "probes VIPs from outside and measures their outages",
    synopsis: ["[`--config` PATH[,...]] [flags]"],
    description: [
      "Reads the VIPs from a configuration of `maglevd`, and probes them at a fixed pace. On a " +
      "terminal it shows a screen, otherwise it writes a line of JSON each second.",
      "`--max-outage`, `--max-p99` and `--min-ok` are rules for scripts: a broken one is status 3.",
    ],
    environment: [NO_COLOR],
    files: [CONFIG_FILE],
    signals: [
      ["SIGUSR1", "Writes a mark with the time into the events and the lines."],
      ["SIGINT, SIGTERM", "Ends the run, with its summary."],
    ],
    examples: [
      [
        "maglevt --config maglev.yaml --output json --duration 60s --max-outage 500ms",
        "A drill that fails when a VIP is away for longer than half a second:",
      ],
    ],
    seeAlso: ["maglevd(8)", "maglevc(1)", DOCUMENTS],
  },
];
