/**
 * Calls over one connection, with a fixed number in flight. For each line `SECONDS IN_FLIGHT` on
 * its standard input it writes the number of successful calls and their durations. Ends with its
 * standard input. Arguments: address; `bare` for a client that costs almost nothing
 * (grpc_connection.ts), `own` for maglevc's (src/grpc/client/client.ts); the backend's name.
 */
import { MaglevClient } from "../../src/grpc/client/client.ts";
import { GetBackendRequest } from "../../src/grpc/gen/maglev.ts";
import { encode } from "../../src/grpc/messages/codec.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { GrpcConnection } from "./grpc_connection.ts";
import { linesOf } from "./lines.ts";

const [address, kind, name] = Deno.args as [string, "bare" | "own", string];

/** Calls GetBackend once; true: the response is about that backend. */
type Caller = () => Promise<boolean>;

async function callerOf(): Promise<{ readonly call: Caller; readonly close: () => unknown }> {
  if (kind === "own") {
    const client = new MaglevClient({ address, clock: new SystemClock() });
    return {
      call: async () => (await client.call("GetBackend", { name })).name === name,
      close: () => client.close(),
    };
  }
  const connection = await GrpcConnection.open(address);
  const request = encode(GetBackendRequest, { name });
  return {
    async call() {
      const answer = await connection.ask("/maglev.Maglev/GetBackend", request);
      // Both messages begin with the name, as their field 1.
      return answer.length > request.length && request.every((byte, i) => byte === answer[i]);
    },
    close: () => connection.close(),
  };
}

const { call, close } = await callerOf();
for await (const line of linesOf(Deno.stdin.readable)) {
  const [seconds, inFlight] = line.split(" ").map(Number) as [number, number];
  const ms: number[] = [];
  let failed = 0;
  const fromMs = performance.now();
  const endMs = fromMs + 1000 * seconds;
  const one = async () => {
    while (performance.now() < endMs) {
      const startMs = performance.now();
      const good = await call().catch(() => false);
      if (good) ms.push(performance.now() - startMs);
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  const elapsedMs = performance.now() - fromMs;
  ms.sort((a, b) => a - b);
  const at = (share: number) => ms[Math.min(ms.length - 1, Math.floor(share * ms.length))];
  const latencyMs = { p50: at(0.5), p99: at(0.99), max: at(1) };
  console.log(JSON.stringify({ event: "calls", good: ms.length, failed, elapsedMs, latencyMs }));
}
await close();
