/**
 * PURE. Every event of the logs of maglevd and maglevd-frontend: levels, fields, and what to do.
 * The table of docs/running.md follows from it, and the loggers of tests check records against it.
 */
import type { LogEventName } from "../../src/base/ports.ts";
import { event, type LogEvent } from "./log_event.ts";
import { FLEET_EVENTS } from "./fleet_events.ts";
import { OPERATOR_EVENTS } from "./operator_events.ts";

const VIP = "vip protocol port";
const ISSUE = "stage rule file line column path message";
const SIZE = "frontends backends healthchecks";
const ACCESS = "tls tokens anonymous";
const RELOADED =
  "started started-names stopped stopped-names restarted restarted-names carried readdressed " +
  "readdressed-names kept ended-intents ended-intents-names lb-conf-changed moved-at-once " +
  "lost-at-once moved-settled lost-settled moved-vips moved-vips-names";

export const LOG_EVENTS: Readonly<Record<LogEventName, LogEvent>> = {
  "maglevd-start": event("info", "version commit pid config vpp state", "The process began."),
  "config-loaded": event("info", `file ${SIZE}`, "The file is in force since the start."),
  "config-error": event(
    "error",
    ISSUE,
    "The file has an error; one record for each.",
    "Correct the file; `maglevd --check` prints the same.",
  ),
  "config-warning": event(
    "warn",
    ISSUE,
    "The file or this host has something that looks wrong.",
    "Read it; it changes nothing.",
  ),
  "config-reload": event(
    "info warn",
    `file by ok errors message ${SIZE} ${RELOADED}`,
    "A reload ended; `ok=false`: nothing changed.",
    "For `ok=false`: the records `config-error` above it.",
  ),
  "vpp-connect": event("info", "version build-date pid api stats", "VPP is connected."),
  "vpp-connect-failed": event(
    "debug warn error",
    "api err",
    "VPP cannot be reached; logged once a minute.",
    "Check that VPP runs, and that maglevd's user is in the group of its socket.",
  ),
  "vpp-disconnect": event(
    "warn",
    "err",
    "The connection ended; VPP goes on with its last weights.",
    "Look at VPP's own log; maglevd reconnects by itself.",
  ),
  "vpp-no-weights": event(
    "warn",
    "version missing consequence",
    "This VPP has no weights in its lb plugin.",
    "See [releases of VPP](#releases-of-vpp).",
  ),
  "vpp-ping-failed": event(
    "warn",
    "err",
    "VPP accepts messages and does not answer.",
    "Look for a VPP whose main thread is busy.",
  ),
  "vpp-platform": event(
    "warn",
    `arch address ${VIP} needed-bytes available-bytes sticky-buckets-per-core threads message`,
    "A limit of this VPP or of its host.",
    "See [limits of VPP's plugin](config-guide.md#limits-of-vpps-plugin).",
  ),
  "vpp-lb-state": event(
    "info",
    "vips application-servers sticky-buckets-per-core flow-timeout",
    "What VPP had at the connect.",
  ),
  "vpp-lb-conf-set": event(
    "info warn",
    "ipv4-src-address ipv6-src-address sticky-buckets-per-core flow-timeout message",
    "Global settings were sent; as a warning: VPP forgot all flows.",
  ),
  "vpp-lb-conf-set-failed": event(
    "warn",
    "err",
    "VPP refused its global settings.",
    "Compare `vpp.lb` with VPP's log.",
  ),
  "vpp-lb-read-failed": event(
    "warn",
    "command err",
    "VPP's state cannot be read; it is read again later.",
    "If it repeats: `vppctl show lb vips verbose` on the host.",
  ),
  "vpp-withheld": event(
    "error",
    `setting ${VIP} kind message`,
    "A change that VPP would not survive was not sent.",
    "Change what `message` names; `show status` lists what is withheld.",
  ),
  "vpp-lbsync-vip-add": event(
    "info",
    `${VIP} encap src-ip-sticky new-flows-table-length`,
    "A VIP was added.",
  ),
  "vpp-lbsync-vip-del": event("info", VIP, "A VIP was removed."),
  "vpp-lbsync-vip-recreate": event(
    "info",
    `${VIP} message`,
    "A VIP is removed and added, because a setting cannot be changed otherwise.",
  ),
  "vpp-lbsync-as-add": event("info", `${VIP} address weight flush`, "A server was added to a VIP."),
  "vpp-lbsync-as-del": event(
    "info",
    `${VIP} address weight flush`,
    "A server was removed from a VIP.",
  ),
  "vpp-lbsync-as-weight": event(
    "info",
    `${VIP} address weight previous-weight flush`,
    "A server has another weight; `flush`: its flows were dropped.",
  ),
  "vpp-lbsync-as-flush": event("info", `${VIP} address flush`, "A server's flows were dropped."),
  "vpp-lbsync-vip-flush": event("info", `${VIP} message`, "All flows of a VIP were dropped."),
  "vpp-lbsync-error": event(
    "warn",
    `operation ${VIP} encap src-ip-sticky new-flows-table-length address weight ` +
      "previous-weight flush message err",
    "VPP refused an operation, or an operation cannot be done.",
    "`err` is VPP's error; maglevd tries again at the next full read.",
  ),
  "vpp-lbsync-drift": event(
    "warn",
    `setting ${VIP} found expected message`,
    "VPP had something else than maglevd sent; it is repaired.",
    "Find out what else changes VPP's load balancer.",
  ),
  "vpp-lbsync-done": event(
    "debug info",
    "scope trigger vip-added vip-removed as-added as-removed as-weight-updated failed duration-ms",
    "A synchronization ended; at debug when it changed nothing.",
  ),
  "vpp-counters": event("debug", "vips packets", "VPP's counters were read."),
  "vpp-counters-error": event(
    "warn",
    "stats err message",
    "VPP's counters cannot be read.",
    "Check the path of `--vpp-stats-addr` and its group.",
  ),
  "vpp-warmup-start": event("info", "min-ms max-ms", "Frontends are held back until checked."),
  "vpp-warmup-hold": event(
    "debug warn",
    "frontend frontends names message",
    "A frontend is held back; as a warning: beyond the maximum, because all its probes are void.",
    "For a warning: see `prober-blind`.",
  ),
  "vpp-warmup-release": event("info", "frontend trigger", "A frontend is sent to VPP."),
  "vpp-warmup-done": event("info", "trigger", "Nothing is held back any longer."),
  "vpp-api-send": event("debug", "message context bytes", "A message to VPP."),
  "vpp-api-recv": event("debug", "message context result", "A message from VPP."),
  "backend-transition": event(
    "info warn",
    "backend from to layer code detail message",
    "A server changed its state.",
    "For `to=down`: [result codes](healthchecks.md#result-codes).",
  ),
  "frontend-transition": event(
    "info",
    "frontend from to",
    "A VIP changed its state.",
    "For `to=down`: no server of it takes new flows.",
  ),
  "prober-isolated": event(
    "error",
    "netns err message",
    "Too few isolation targets answer: failures do not count, states and weights stay.",
    "Check the network of this host.",
  ),
  "prober-isolated-expired": event(
    "error",
    "netns err message",
    "A prober was cut off for longer than `max-hold`: failures count.",
    "Check the network of this host, and the targets.",
  ),
  "prober-isolated-ended": event(
    "info",
    "netns message",
    "The isolation targets answer again, and failures count.",
  ),
  "lameduck": event(
    "info",
    "on",
    "An operator keeps all prefixes withdrawn, or no longer; VPP is left as it is.",
  ),
  "backend-damped": event(
    "warn",
    "frontend pool backend message",
    "A server went down so often that it stays down for a while, even when its checks pass.",
    "Find out why it flaps; `set backend NAME clear` lets it back.",
  ),
  "damping-overridden": event(
    "warn",
    "frontend pool backend message",
    "No other server of the VIP is up, so servers that damping holds down count as up if they pass.",
    "Find out why the other servers fail.",
  ),
  "damping-unusable": event(
    "warn",
    "file err",
    "The penalties of servers that the last process kept cannot be used.",
    "None: they begin at 0.",
  ),
  "damping-not-stored": event(
    "error",
    "folder err",
    "Penalties of servers cannot be saved: they would not survive a restart.",
    "Check the state directory; writing is tried again each second.",
  ),
  "damping-stored": event("info", "folder", "Penalties of servers are saved again."),
  "backend-held": event(
    "warn",
    "frontend pool backend message",
    "A server is down and keeps its weight in a pool, because of the pool's `max-down`.",
    "Find out why so many servers fail; disable servers to take them out.",
  ),
  "backend-released": event(
    "warn",
    "frontend pool backend message",
    "A server is no longer held in a pool; the message has the reason.",
  ),
  "slow-start-begin": event(
    "info",
    "frontend pool backend message",
    "A server came up and gets its weight in steps (`slow-start`), or continues to.",
  ),
  "slow-start-end": event(
    "info",
    "frontend pool backend message",
    "A server no longer rises: it has its whole weight, or it left `up`.",
  ),
  "encap-failed": event(
    "warn",
    "frontend pool backend message",
    "A server fails the check through VPP's tunnel (`encap`) in a frontend.",
    "Has the server the VIP on its loopback, does it decapsulate GRE, is its rp_filter loose?",
  ),
  "encap-passed": event(
    "info",
    "frontend pool backend message",
    "A server that failed the check through VPP's tunnel passes it again.",
  ),
  "frontend-announced": event(
    "info",
    "frontend prefix message",
    "The prefix of the VIP is in the file of `maglev.announce`.",
  ),
  "frontend-withdrawn": event(
    "warn",
    "frontend prefix message",
    "The prefix of the VIP is no longer in the file of `maglev.announce`; the message has the reason.",
    "Look at the servers of the frontend.",
  ),
  "announce-failed": event(
    "error warn",
    "file err",
    "The file of `maglev.announce` cannot be written or, at the start, read; writing is tried again each second.",
    "Look at the disk and at the permissions of the folder.",
  ),
  "announce-written": event(
    "info",
    "file",
    "The file of `maglev.announce` is written again after a failure.",
  ),
  "frontend-held": event(
    "warn",
    "frontend pool backend message",
    "No server of the VIP is up, and `on-all-down: last-good` keeps weights and flows as VPP has " +
      "them.",
    "Find out whether the servers or their checks are at fault; disable servers to take them out.",
  ),
  "frontend-released": event(
    "warn",
    "frontend pool backend message",
    "VPP no longer keeps the weights of a VIP that was held; the message has the reason.",
  ),
  "probe-start": event("debug", "backend type", "A probe was sent."),
  "probe-done": event(
    "debug",
    "backend type ok layer code detail duration-ms",
    "A probe has a result.",
  ),
  "probe-void": event(
    "warn",
    "backend lateness-ms err count max-lateness-ms period-ms",
    "Probes did not count, because maglevd ran late or lacked something.",
    "See [void probes](healthchecks.md#void-probes).",
  ),
  "probe-worker": event(
    "info warn error",
    "worker netns action err restart-in-ms",
    "A probing thread began, ended or failed; a failed one is replaced.",
    "As an error: report it with the lines around it.",
  ),
  "prober-blind": event(
    "error",
    "netns lack err backends message",
    "This host lacks something, so probes are void.",
    "`message` names the cause; states and weights stay.",
  ),
  "prober-restored": event("info", "netns lack after-ms message", "Probes count again."),
  "client-certificate-expires": event(
    "warn error",
    "file message",
    "A certificate that probes show ends within two weeks, or has expired; logged once a day.",
    "Renew the file of `client-cert` and reload.",
  ),
  "agent-report": event(
    "info",
    "backend agent",
    "The agent of a server reported something else; an empty `agent` takes nothing away.",
  ),
  "agent-forgotten": event(
    "warn",
    "backend",
    "An agent was silent three times, or a reload changed it: its report no longer counts.",
    "Look at the agent on the server.",
  ),
  "agent-unknown-word": event(
    "warn",
    "backend",
    "The agent of a server sends a word that is not of the protocol; reported once.",
    "Correct the agent; docs/healthchecks.md lists the words.",
  ),
  ...OPERATOR_EVENTS,
  ...FLEET_EVENTS,
  "history-damaged": event(
    "warn",
    "file err",
    "Lines of the history are torn or damaged; the others are kept.",
  ),
  "history-not-stored": event(
    "error",
    "folder err",
    "The history is kept in memory, and would not survive a restart.",
    "Repair the state directory; maglevd retries by itself.",
  ),
  "history-stored": event("info", "folder", "It is on disk again."),
  "grpc-listen": event("info", `address ${ACCESS}`, "The API is served."),
  "grpc-reload": event(
    "info error",
    `ok err ${ACCESS}`,
    "Tokens and certificates were read again; as an error: the older ones stay.",
    "For `ok=false`: correct the file, then reload.",
  ),
  "grpc-refused": event("debug", "peer err count", "A connection was refused."),
  "grpc-error": event(
    "error",
    "method err stack",
    "A defect of maglevd ended a call.",
    "Report it with the record.",
  ),
  "metrics-listen": event("info", "address", "Metrics and readiness are served."),
  "events-dropped": event(
    "warn error",
    "where count err",
    "A reader of events or of the log was too slow, and lost records.",
    "For `where=log output`: the reader of standard output is slow.",
  ),
  "dashboard-start": event("info", "version commit pid servers", "The dashboard began."),
  "dashboard-listen": event("info", "address tls admin", "The dashboard is served."),
  "dashboard-warning": event(
    "warn",
    "message",
    "Something of the dashboard is missing or unsafe.",
    "`message` names the cure.",
  ),
  "dashboard-action": event(
    "debug info",
    "action maglevd backend frontend pool weight plan then force scope intent reason for-ms until " +
      "user peer result err",
    "An action from the page.",
  ),
  "dashboard-login-failed": event(
    "warn",
    "peer blocked-ms",
    "A wrong login of the page.",
    "Many of one peer: a guess, or an old password in a script.",
  ),
  "dashboard-error": event("error", "err", "A defect of the dashboard.", "Report it."),
  "dashboard-certificate": event("info", "path", "A renewed certificate is used."),
  shutdown: event("info", "by err", "The process stops; VPP stays as it is."),
};
