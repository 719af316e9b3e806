/** Runs the transport contract against every implementation. */
import { SystemClock } from "../../src/system/system_clock.ts";
import { connectUnixSocket } from "../../src/vpp/transport/unix_socket.ts";
import { ApiListener, type ApiPeer } from "../support/servers/api_listener.ts";
import { FULL_TABLE, MemoryTransport } from "../support/fakes/memory_transport.ts";
import { buildStandIn, SharedMemoryPeer } from "../support/servers/shared_memory_peer.ts";
import { transportContract, type TransportHarness } from "./transport_contract.ts";

transportContract({ name: "unix socket", connect: connectSocket });
transportContract({ name: "shared memory", connect: connectShared });
transportContract({ name: "memory", connect: connectMemory });

const OPTIONS = { clientName: "contract", deadlineMs: 5000, clock: new SystemClock() };

function harnessOf(peer: ApiPeer): Omit<TransportHarness, "transport" | "dispose"> {
  return {
    table: FULL_TABLE,
    take: (count) => peer.take(count),
    give: (...messages) => peer.send(...messages),
    leave: () => peer.close(),
    closed: () => peer.ended,
  };
}

async function connectSocket(): Promise<TransportHarness> {
  const listener = new ApiListener();
  const [peer, transport] = await Promise.all([
    listener.accept(),
    connectUnixSocket(listener.path, OPTIONS),
  ]);
  return {
    ...harnessOf(peer),
    transport,
    async dispose() {
      await peer.ended;
      peer.close();
      listener.dispose();
    },
  };
}

async function connectShared(): Promise<TransportHarness> {
  await buildStandIn();
  const shared = new SharedMemoryPeer();
  const [peer, transport] = await Promise.all([shared.accept(), shared.connect(OPTIONS)]);
  return {
    ...harnessOf(peer),
    transport,
    async dispose() {
      await peer.ended;
      peer.close();
      shared.dispose();
    },
  };
}

function connectMemory(): Promise<TransportHarness> {
  const transport = new MemoryTransport();
  return Promise.resolve({
    transport,
    table: FULL_TABLE,
    take: (count: number) => Promise.resolve(transport.sent.splice(0, count)),
    give(...messages: readonly Uint8Array[]) {
      for (const message of messages) transport.receive(message);
      return Promise.resolve();
    },
    leave: () => transport.end("the test ended it"),
    closed: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
  });
}
