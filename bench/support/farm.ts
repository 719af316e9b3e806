/**
 * N servers on loopback as probe targets: one address each (see farm_address.ts), all on one port.
 * Arguments: count and kind (tcp: accepts and waits for the client to close; http: responds with
 * 200; http2: the same over HTTP/2; grpc: responds with SERVING; agent: writes a line; dns-tcp: sends
 * the question back with the bit of an answer). Writes its port as JSON. Then it obeys lines on
 * standard input until that ends, and replies to each with the time of completion (Unix time,
 * milliseconds):
 *   close I   stop listening
 *   hang I    accept, and never respond (http)
 *   stall I   leave connection attempts unanswered
 */
import { farmAddress } from "./farm_address.ts";
import { FARM_ANSWERS } from "./farm_answers.ts";
import { FineClock } from "./fine_clock.ts";
import { linesOf } from "./lines.ts";

const clock = new FineClock();

interface Server {
  readonly listener: Deno.TcpListener;
  state: "serves" | "hangs" | "stalls";
  /** Connections that fill the accept queue of a stalled server. */
  readonly fillers: Deno.TcpConn[];
}

/** Short, so that few connections fill it. */
const ACCEPT_QUEUE = 4;

const count = Number(Deno.args[0]);
const kind = Deno.args[1] ?? "";
const answer = FARM_ANSWERS[kind];

/** Below the range from which the system takes local ports, so that no connection has it. */
const port = 20_000 + (Deno.pid % 10_000);

async function accept(server: Server): Promise<void> {
  while (true) {
    try {
      const connection = await server.listener.accept();
      if (server.state !== "stalls") void serve(connection, server);
      else return void server.fillers.push(connection);
    } catch (error) {
      // Continue after a connection that was reset before it was accepted.
      if (error instanceof Deno.errors.BadResource) return;
    }
  }
}

async function serve(connection: Deno.TcpConn, server: Server): Promise<void> {
  const buffer = new Uint8Array(1024);
  try {
    if (kind === "dns-tcp") {
      const length = await connection.read(buffer) ?? 0;
      // After the length of the message and its id.
      buffer[4]! |= 0x80;
      await connection.write(buffer.subarray(0, length));
    } else if (answer !== undefined && server.state === "serves") {
      if (kind !== "agent") await connection.read(buffer);
      await connection.write(answer);
    } else {
      while (await connection.read(buffer) !== null);
    }
  } catch {
    // The prober resets connections that it no longer needs.
  }
  connection.close();
}

async function stall(server: Server, hostname: string): Promise<void> {
  server.state = "stalls";
  while (true) {
    const signal = AbortSignal.timeout(20);
    const filler = await Deno.connect({ hostname, port, signal }).catch(() => undefined);
    if (filler === undefined) return;
    server.fillers.push(filler);
  }
}

const servers: Server[] = [];
for (let index = 0; index < count; index++) {
  const hostname = farmAddress(index);
  const listener = Deno.listen({ hostname, port, tcpBacklog: ACCEPT_QUEUE });
  const server: Server = { listener, state: "serves", fillers: [] };
  servers.push(server);
  void accept(server);
}
console.log(JSON.stringify({ port }));

for await (const line of linesOf(Deno.stdin.readable)) {
  const [verb, word] = line.split(" ");
  const index = Number(word);
  const server = servers[index]!;
  if (verb === "close") server.listener.close();
  else if (verb === "stall") await stall(server, farmAddress(index));
  else server.state = "hangs";
  console.log(JSON.stringify({ atMs: clock.wallMs() }));
}
Deno.exit(0);
