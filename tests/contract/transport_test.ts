/** Runs the transport contract against every implementation. */
import { SystemClock } from "../../src/system/system_clock.ts";
import { connectUnixSocket } from "../../src/vpp/transport/unix_socket.ts";
import { ApiListener } from "../support/api_listener.ts";
import { FULL_TABLE, MemoryTransport } from "../support/memory_transport.ts";
import { transportContract, type TransportHarness } from "./transport_contract.ts";

transportContract({ name: "unix socket", connect: connectSocket });
transportContract({ name: "memory", connect: connectMemory });

async function connectSocket(): Promise<TransportHarness> {
  const listener = new ApiListener();
  const accepted = listener.accept();
  const clock = new SystemClock();
  const options = { clientName: "contract", deadlineMs: 5000, clock };
  const transport = await connectUnixSocket(listener.path, options);
  const peer = await accepted;
  return {
    transport,
    table: FULL_TABLE,
    clientIndex: 0x8000_0001,
    take: (count) => peer.take(count),
    give: (...messages) => peer.send(...messages),
    leave: () => peer.close(),
    closed: () => peer.ended,
    async dispose() {
      await peer.ended;
      peer.close();
      listener.dispose();
    },
  };
}

function connectMemory(): Promise<TransportHarness> {
  const transport = new MemoryTransport();
  return Promise.resolve({
    transport,
    table: FULL_TABLE,
    clientIndex: 0x8000_0001,
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
