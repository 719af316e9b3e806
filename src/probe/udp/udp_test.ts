/** The UDP probe against servers on loopback; tests/contract has what all kinds have in common. */
import assert from "node:assert/strict";
import {
  closedUdpPort,
  type UdpHandler,
  udpServer,
} from "../../../tests/support/servers/udp_servers.ts";
import { healthcheck, UDP } from "../../../tests/support/worlds/healthcheck.ts";
import type { UdpParams } from "../../config/model.ts";
import { closeThreadShim } from "../net/thread_shim.ts";
import { Cancellation } from "../prober.ts";
import { UdpSockets } from "./sockets.ts";
import { udpProber } from "./udp.ts";

/** Far longer than an answer takes on a busy machine. */
const DEADLINE_MS = 30_000;

/** The verdict on a port, when the probe ends or is cancelled. */
async function verdictOn(
  port: number,
  changes: Partial<UdpParams>,
  cancellation = new Cancellation(),
): Promise<string> {
  const sockets = new UdpSockets();
  const timer = setTimeout(() => cancellation.cancel(), DEADLINE_MS);
  const check = healthcheck({
    port,
    timeoutMs: DEADLINE_MS,
    params: { ...UDP, ...changes },
  });
  const probe = udpProber({ address: "127.0.0.1", healthcheck: check }, sockets);
  const { code, detail } = await probe(cancellation);
  clearTimeout(timer);
  await sockets.reset("the end");
  closeThreadShim();
  return `${code} ${detail}`;
}

/** The verdict on a server that answers so. */
async function verdict(
  changes: Partial<UdpParams>,
  handle: UdpHandler,
  cancellation?: Cancellation,
): Promise<string> {
  const server = await udpServer("127.0.0.1", handle);
  try {
    return await verdictOn(server.port, changes, cancellation);
  } finally {
    await server.close();
  }
}

Deno.test("udpProber() sends its bytes, and finds those that it expects anywhere in the answer", async () => {
  const requests: string[] = [];
  const check = { send: "hex:00 ff 0a", expect: "hex:00 01" };
  const said = await verdict(check, (request, send) => {
    requests.push(request.toHex());
    send(Uint8Array.of(0, 0, 1, 255));
  });
  assert.deepEqual([said, requests], ["L7OK 4 bytes", ["00ff0a"]]);
});

Deno.test("udpProber(): the first answer decides", async () => {
  const both = (texts: readonly string[]): UdpHandler => (_, send) =>
    texts.forEach((text) => send(new TextEncoder().encode(text)));
  assert.equal(await verdict({}, both(["PONG", "no"])), "L7OK 4 bytes");
  const wrong = "L7STS the answer does not match `expect`";
  assert.equal(await verdict({}, both(["no", "PONG"])), wrong);
  assert.equal(await verdict({}, both([""])), wrong);
  assert.equal(await verdict({ expect: "" }, both([""])), "L7OK 0 bytes");
});

Deno.test("udpProber() searches the first 1,472 bytes of a long answer", async () => {
  const long = (at: number): UdpHandler => (_, send) => {
    const bytes = new Uint8Array(5000);
    bytes.set(new TextEncoder().encode("PONG"), at);
    send(bytes);
  };
  assert.equal(await verdict({}, long(1468)), "L7OK 5000 bytes");
  assert.match(await verdict({}, long(1469)), /^L7STS /);
});

Deno.test("udpProber(): silence passes or fails, but an error of the host always fails", async () => {
  /** The verdict on a server that has the request, and sends nothing until the time is up. */
  const onSilence = (changes: Partial<UdpParams>) => {
    const cancellation = new Cancellation();
    return verdict(changes, () => cancellation.cancel(), cancellation);
  };
  assert.equal(await onSilence({}), "L7TOUT no complete answer within the timeout");
  const check = { silence: "pass" } as const;
  assert.equal(await onSilence(check), "L7OK no answer, and no error");
  assert.match(await verdict(check, (_, send) => send(Uint8Array.of(1))), /^L7STS /);
  assert.equal(await verdictOn(await closedUdpPort(), check), "L4CON port unreachable");
});
