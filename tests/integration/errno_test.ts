/**
 * Every relevant errno of every call of a probe, through the real Deno. Goal: a lack of this host
 * never fails a server, and an error of a server or the network is still a failure. Method: a
 * process with injected errors of system calls runs probes of every kind against good servers. Deno
 * loses or changes some codes on the way, which a table alone would not show.
 */
import assert from "node:assert/strict";
import { linesOf } from "../../bench/support/lines.ts";
import type { Lack } from "../../src/probe/lack.ts";
import type { Verdict } from "../../src/probe/outcome.ts";
import { certificates } from "../support/servers/certificates.ts";
import { withFolder } from "../support/servers/daemon.ts";
import { FailingCalls, NO_FAULTS } from "../support/servers/failing_calls.ts";
import { ICMP_SKIPPED } from "../support/servers/icmp_test_case.ts";
import { notTls, tlsServer } from "../support/servers/tls_servers.ts";
import { dnsAnswer, udpServer } from "../support/servers/udp_servers.ts";

const PROCESS = new URL("../support/servers/probing_process.ts", import.meta.url).pathname;
const OK = "HTTP/1.1 200 OK\r\n\r\n";

/** Kinds of probes that a call belongs to. */
type Kinds = "all" | "tcp" | "source" | "datagram";

/** `undefined`: a failure of the server. */
const CASES: readonly [
  call: string,
  errno: number,
  name: string,
  kinds: Kinds,
  Lack | undefined,
][] = [
  ["socket", 24, "EMFILE", "all", "descriptors"],
  ["socket", 23, "ENFILE", "all", "descriptors"],
  ["socket", 105, "ENOBUFS", "all", "memory"],
  ["socket", 12, "ENOMEM", "all", "memory"],
  ["socket", 97, "EAFNOSUPPORT", "all", "family"],
  ["socket", 93, "EPROTONOSUPPORT", "all", "family"],
  ["socket", 1, "EPERM", "all", "permission"],
  ["socket", 13, "EACCES", "all", "permission"],
  ["bind", 99, "EADDRNOTAVAIL", "source", "source-address"],
  ["bind", 98, "EADDRINUSE", "source", "ports"],
  ["bind", 12, "ENOMEM", "source", "memory"],
  ["bind", 13, "EACCES", "source", "permission"],
  ["bind", 19, "ENODEV", "source", "interface"],
  ["epoll_ctl", 28, "ENOSPC", "tcp", "memory"],
  ["connect", 99, "EADDRNOTAVAIL", "tcp", "ports"],
  ["connect", 98, "EADDRINUSE", "tcp", "ports"],
  ["connect", 11, "EAGAIN", "tcp", "ports"],
  ["connect", 12, "ENOMEM", "tcp", "memory"],
  ["connect", 105, "ENOBUFS", "tcp", "memory"],
  ["connect", 1, "EPERM", "tcp", "permission"],
  ["connect", 13, "EACCES", "tcp", "permission"],
  ["connect", 97, "EAFNOSUPPORT", "tcp", "family"],
  ["connect", 19, "ENODEV", "tcp", "interface"],
  ["connect", 4, "EINTR", "tcp", "prober"],
  ["connect", 127, "an errno that is not in the table", "tcp", "prober"],
  ["connect", 111, "ECONNREFUSED", "tcp", undefined],
  ["connect", 104, "ECONNRESET", "tcp", undefined],
  ["connect", 110, "ETIMEDOUT", "tcp", undefined],
  ["connect", 113, "EHOSTUNREACH", "tcp", undefined],
  ["connect", 112, "EHOSTDOWN", "tcp", undefined],
  ["connect", 101, "ENETUNREACH", "tcp", undefined],
  ["connect", 100, "ENETDOWN", "tcp", undefined],
  ["connect", 92, "ENOPROTOOPT", "tcp", undefined],
  ["connect", 71, "EPROTO", "tcp", undefined],
  ["send", 105, "ENOBUFS", "datagram", "memory"],
  ["send", 11, "EAGAIN", "datagram", "memory"],
  ["send", 1, "EPERM", "datagram", "permission"],
  ["send", 101, "ENETUNREACH", "datagram", undefined],
  ["send", 113, "EHOSTUNREACH", "datagram", undefined],
  ["send", 100, "ENETDOWN", "datagram", undefined],
];

function concerns(kinds: Kinds, kind: string): boolean {
  if (kind.startsWith("icmp") && ICMP_SKIPPED !== "") return false;
  if (kinds === "all") return true;
  const datagram = /^(icmp|udp|dns)/.test(kind);
  if (kinds === "datagram") return datagram;
  return !datagram && (kinds === "tcp" || kind.endsWith("source"));
}

/** A reset, unlike a refusal, follows the handshake, which is enough for a check of `tcp`. */
function hadConnection(errno: string, kind: string): boolean {
  return errno === "ECONNRESET" && kind.split(" ")[0] === "tcp";
}

const SKIPPED = NO_FAULTS === undefined ? "" : ` (skipped: ${NO_FAULTS})`;

Deno.test({
  name:
    `an errno of this host makes a probe of any kind void, one of the server fails it${SKIPPED}`,
  ignore: SKIPPED !== "",
  async fn() {
    const plain = await notTls((socket) => socket.once("data", () => socket.end(OK)));
    const secure = await tlsServer((await certificates()).of("good"));
    const udp = await udpServer("127.0.0.1", (request, send) => send(dnsAnswer(request)));
    try {
      await withFolder((folder) => tryAll(folder, [plain.port, secure.port, udp.port]));
    } finally {
      await plain.close();
      await secure.close();
      await udp.close();
    }
  },
});

async function tryAll(folder: string, ports: readonly number[]): Promise<void> {
  const faults = await FailingCalls.build(folder);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROCESS, ...ports.map(String)],
    env: faults.env,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const lines = linesOf(child.stdout);
  const probe = async (kinds: Kinds): Promise<Record<string, Verdict>> => {
    await input.write(new TextEncoder().encode(`${kinds}\n`));
    const { value, done } = await lines.next();
    assert.ok(!done, "the process ended");
    return JSON.parse(value);
  };
  try {
    for (const [kind, { ok, detail }] of Object.entries(await probe("all"))) {
      if (concerns("all", kind)) assert.ok(ok, `${kind} without a fault: ${detail}`);
    }
    for (const [call, errno, name, kinds, lack] of CASES) {
      await faults.fail(call, errno);
      for (const [kind, verdict] of Object.entries(await probe(kinds))) {
        if (!concerns(kinds, kind)) continue;
        const what = `${kind}: ${call} ${name}: ${JSON.stringify(verdict)}`;
        assert.deepEqual([verdict.ok, verdict.inconclusive, verdict.lack], [
          hadConnection(name, kind),
          lack !== undefined,
          lack,
        ], what);
        assert.doesNotMatch(verdict.detail, /os error|E[A-Z]{4,}/, what);
      }
    }
    await faults.heal();
    for (const [kind, { ok, detail }] of Object.entries(await probe("all"))) {
      if (concerns("all", kind)) assert.ok(ok, `${kind} after all faults: ${detail}`);
    }
  } finally {
    await input.write(new TextEncoder().encode("end\n"));
    await input.close();
    while (!(await lines.next()).done);
    await child.status;
  }
}
