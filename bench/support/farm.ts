/**
 * N servers on loopback as probe targets: one address each (see farm_address.ts), all on one port.
 * Arguments: count and kind (tcp: accepts and waits for the client to close; http: answers 200).
 * Says its port as JSON, then obeys lines on standard input until that ends, answering each with
 * the time at which it was done (Unix time, milliseconds):
 *   close I   stop listening
 *   hang I    accept, and never answer (http)
 *   stall I   leave attempts to connect without an answer
 */
import { farmAddress } from "./farm_address.ts";
import { linesOf } from "./lines.ts";

const ANSWER = new TextEncoder().encode(
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n",
);

interface Server {
  listener: Deno.TcpListener | undefined;
  hangs: boolean;
  /** What fills the accept queue of a stalled one. */
  fillers: Deno.TcpConn[];
}

const count = Number(Deno.args[0]);
const http = Deno.args[1] === "http";

/** Below the range from which the system takes local ports, so that no connection has it. */
const port = 20_000 + (Deno.pid % 10_000);

function listen(index: number, tcpBacklog = 128): Deno.TcpListener {
  return Deno.listen({ hostname: farmAddress(index), port, tcpBacklog });
}

async function accept(server: Server): Promise<void> {
  try {
    for await (const connection of server.listener!) void serve(connection, server);
  } catch {
    // Closed on command.
  }
}

async function serve(connection: Deno.TcpConn, server: Server): Promise<void> {
  const buffer = new Uint8Array(1024);
  try {
    if (http && !server.hangs) {
      await connection.read(buffer);
      await connection.write(ANSWER);
    } else {
      while (await connection.read(buffer) !== null);
    }
  } catch {
    // The prober resets what it has no more use for.
  }
  connection.close();
}

function close(server: Server): void {
  server.listener?.close();
  server.listener = undefined;
  server.hangs = false;
  for (const filler of server.fillers.splice(0)) filler.close();
}

async function stall(server: Server, index: number): Promise<void> {
  close(server);
  server.listener = listen(index, 1);
  while (true) {
    const options = { hostname: farmAddress(index), port, signal: AbortSignal.timeout(20) };
    const filler = await Deno.connect(options).catch(() => undefined);
    if (filler === undefined) return;
    server.fillers.push(filler);
  }
}

function open(server: Server, index: number): void {
  server.listener = listen(index);
  void accept(server);
}

const servers: Server[] = [];
for (let index = 0; index < count; index++) {
  servers.push({ listener: undefined, hangs: false, fillers: [] });
  open(servers[index]!, index);
}
console.log(JSON.stringify({ port }));

for await (const line of linesOf(Deno.stdin.readable)) {
  const [verb, word] = line.split(" ");
  const index = Number(word);
  const server = servers[index]!;
  if (verb === "close") close(server);
  else if (verb === "stall") await stall(server, index);
  else server.hangs = verb === "hang";
  console.log(JSON.stringify({ atMs: performance.timeOrigin + performance.now() }));
}
Deno.exit(0);
