/** Runs the contract of a kind of probe for each kind over a connection, and over UDP. */
import { closeThreadShim } from "../../src/probe/net/thread_shim.ts";
import { probeOf } from "../../src/probe/probers.ts";
import { UdpSockets } from "../../src/probe/udp/sockets.ts";
import {
  bytesOf,
  data,
  headers,
  healthAnswer,
  joined,
  SETTINGS,
} from "../support/servers/canned_h2.ts";
import { closedPort, serve } from "../support/servers/nasty_servers.ts";
import {
  closedUdpPort,
  dnsAddress,
  overStream,
  type UdpHandler,
  udpServer,
} from "../support/servers/udp_servers.ts";
import { dns, GRPC, http, TCP, UDP } from "../support/worlds/healthcheck.ts";
import { type KindCase, type KindServer, probeKindContract } from "./probe_kind_contract.ts";

type Handle = (connection: Deno.TcpConn) => Promise<void>;

/** A TCP server that remembers its clients. */
function tcpServer(hostname: string, handle: Handle): Promise<KindServer> {
  const clients: string[] = [];
  const server = serve(async (connection) => {
    clients.push(connection.remoteAddr.hostname);
    await handle(connection);
  }, hostname);
  return Promise.resolve({ port: server.port, clients, close: server.close });
}

/** Reads until the client disconnects. */
async function drain(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4096);
  while (await connection.read(buffer) !== null);
}

/** The servers of kinds over TCP. `answer` passes as answer to a request. */
function overTcp(answer: Uint8Array): Pick<
  KindCase,
  "probe" | "good" | "silent" | "saying" | "closedPort" | "refused"
> {
  const saying = (bytes: Uint8Array, hostname: string) =>
    tcpServer(hostname, async (connection) => {
      await connection.read(new Uint8Array(4096));
      await connection.write(bytes);
    });
  return {
    probe: (spec, cancellation) => probeOf(spec)(cancellation),
    good: (hostname) => saying(answer, hostname),
    silent: (hostname) => tcpServer(hostname, drain),
    saying: (bytes) => saying(bytes, "127.0.0.1"),
    closedPort: () => closedPort(),
    refused: "L4CON connection refused",
  };
}

function endless(start: Uint8Array, again: Uint8Array): KindCase["endless"] {
  const block = joined(...Array(Math.ceil(16_384 / again.length)).fill(again));
  return (hostname) =>
    tcpServer(hostname, async (connection) => {
      await connection.read(new Uint8Array(4096));
      await connection.write(start);
      while (true) await connection.write(block);
    });
}

probeKindContract({
  ...overTcp(bytesOf("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")),
  name: "http",
  params: http({ responseRegexp: "ok" }),
  endless: endless(
    bytesOf("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"),
    bytesOf("no"),
  ),
  pass: "L7OK status 200",
  timedOut: /^L7TOUT no complete answer within the timeout$/,
  tooMuch: /^L7STS status 200, but the first 65536 bytes of the body do not match/,
});

probeKindContract({
  ...overTcp(bytesOf("+PONG\r\n")),
  name: "tcp with steps",
  params: {
    ...TCP,
    steps: [{ kind: "send", text: "PING\r\n" }, { kind: "expect-regexp", text: "^\\+PONG" }],
  },
  endless: endless(bytesOf(""), bytesOf("no")),
  pass: "L7OK 2 steps",
  timedOut: /^L7TOUT step 2 of 2 \(expect-regexp\): not done within the timeout; nothing arrived$/,
  tooMuch: /^L7STS step 2 of 2 \(expect-regexp\): failed; 16384 bytes arrived, without a match$/,
});

const H2_OK = joined(SETTINGS, headers([[":status", "200"], ["x-ready", "yes"]]));

probeKindContract({
  ...overTcp(joined(H2_OK, data(bytesOf("ok"), { end: true }))),
  name: "http over HTTP/2",
  params: http({
    http2: true,
    responseRegexp: "ok",
    responseHeader: { name: "X-Ready", regexp: "^yes$" },
  }),
  endless: endless(H2_OK, data(new Uint8Array(1000))),
  pass: "L7OK status 200",
  timedOut: /^L7TOUT no complete answer within the timeout$/,
  tooMuch: /^L7STS status 200, but the first 65536 bytes of the body do not match/,
});

probeKindContract({
  ...overTcp(healthAnswer(1)),
  name: "grpc",
  params: GRPC,
  endless: endless(
    joined(SETTINGS, headers([[":status", "200"]])),
    data(new Uint8Array(1000)),
  ),
  pass: "L7OK SERVING",
  timedOut: /^L7TOUT no complete answer within the timeout$/,
  tooMuch: /^L7RSP the answer is not of gRPC, because it has no grpc-status$/,
});

const WORDS = bytesOf("up ".repeat(1000));

probeKindContract({
  ...overTcp(new Uint8Array(0)),
  name: "agent",
  params: { type: "agent" },
  good: (hostname) =>
    tcpServer(hostname, async (connection) => {
      await connection.write(bytesOf("up 75%\n"));
    }),
  endless: (hostname) =>
    tcpServer(hostname, async (connection) => {
      while (true) await connection.write(WORDS);
    }),
  saying: (bytes) =>
    tcpServer("127.0.0.1", async (connection) => {
      if (bytes.length > 0) await connection.write(bytes);
    }),
  ignoresWords: true,
  pass: "L7OK up 75%",
  timedOut: /^L7TOUT no complete answer within the timeout$/,
  tooMuch: /^L7RSP the agent sent no line with words$/,
});

/** The servers of kinds over UDP. */
function overUdp(answer: UdpHandler): Pick<
  KindCase,
  "probe" | "good" | "silent" | "endless" | "saying" | "closedPort" | "refused"
> {
  return {
    async probe(spec, cancellation) {
      const udp = new UdpSockets();
      const verdict = await probeOf(spec, { udp })(cancellation);
      await udp.reset("the end");
      closeThreadShim();
      return verdict;
    },
    good: (hostname) => udpServer(hostname, answer),
    silent: (hostname) => udpServer(hostname, () => {}),
    endless: (hostname) =>
      udpServer(hostname, (_, send) => {
        for (let i = 0; i < 500; i++) send(bytesOf("no".repeat(600)));
      }),
    saying: (bytes) => udpServer("127.0.0.1", (_, send) => send(bytes)),
    closedPort: closedUdpPort,
    refused: "L4CON port unreachable",
  };
}

probeKindContract({
  ...overUdp((_, send) => send(bytesOf("+PONG"))),
  name: "udp",
  params: UDP,
  pass: "L7OK 5 bytes",
  timedOut: /^L7TOUT no complete answer within the timeout$/,
  tooMuch: /^L7STS the answer does not match `expect`$/,
});

probeKindContract({
  ...overUdp((question, send) => send(dnsAddress(question, [192, 0, 2, 1]))),
  name: "dns",
  params: dns({ answer: "^A 192\\.0\\.2\\.1$" }),
  pass: "L7OK NOERROR, 1 record",
  timedOut: /^L7TOUT no complete answer within the timeout$/,
  // None of them answers the question.
  tooMuch: /^L7TOUT no complete answer within the timeout$/,
});

probeKindContract({
  ...overTcp(new Uint8Array(0)),
  probe: overUdp(() => {}).probe,
  name: "dns over TCP",
  params: dns({ transport: "tcp" }),
  good: (hostname) =>
    tcpServer(hostname, async (connection) => {
      const question = new Uint8Array(4096);
      const length = await connection.read(question) ?? 0;
      const answer = dnsAddress(question.subarray(2, length), [192, 0, 2, 1]);
      await connection.write(overStream(answer));
    }),
  endless: endless(bytesOf("\xff\xff"), bytesOf("no")),
  pass: "L7OK NOERROR, 1 record",
  timedOut: /^L7TOUT no complete answer within the timeout$/,
  tooMuch: /^L7RSP the answer does not belong to the question$/,
});
