/**
 * N HTTPS servers on loopback as probe targets, one address each, all on one port and with one
 * certificate. Arguments: count, folder with good.pem, good.key and ca.pem, and `client` when clients
 * must show a certificate of that authority. Same protocol as farm.ts, without `stall`, and with:
 *   open I    serve again
 *   served    replies with the requests served and the own CPU time (ms) since the last time
 */
import process from "node:process";
import { createServer } from "node:tls";
import { type WallMs, wallMsOf } from "../../src/base/instant.ts";
import { farmAddress } from "./farm_address.ts";
import { linesOf } from "./lines.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n" +
  "Connection: close\r\n\r\nok\n";

const count = Number(Deno.args[0]);
const folder = Deno.args[1]!;
const options = {
  cert: Deno.readTextFileSync(`${folder}/good.pem`),
  key: Deno.readTextFileSync(`${folder}/good.key`),
  ...Deno.args[2] === "client"
    ? { requestCert: true, rejectUnauthorized: true, ca: Deno.readTextFileSync(`${folder}/ca.pem`) }
    : {},
};
/** As in farm.ts: below the range of local ports. */
const port = 20_000 + (Deno.pid % 10_000);
const hanging = new Set<number>();
let served = 0;
let usage = process.cpuUsage();

const servers = await Promise.all(Array.from({ length: count }, (_, index) => {
  const server = createServer(options, (socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      if (hanging.has(index)) return;
      served++;
      socket.end(ANSWER);
    });
  });
  server.on("tlsClientError", () => {});
  return new Promise<typeof server>((resolve) =>
    server.listen(port, farmAddress(index), () => resolve(server))
  );
}));
console.log(JSON.stringify({ port }));

for await (const line of linesOf(Deno.stdin.readable)) {
  const [verb, word] = line.split(" ");
  console.log(JSON.stringify(verb === "served" ? takeServed() : act(verb!, Number(word))));
}
Deno.exit(0);

function act(verb: string, index: number): { readonly atMs: WallMs } {
  const server = servers[index]!;
  if (verb === "close") server.close();
  else if (verb === "hang") hanging.add(index);
  else {
    hanging.delete(index);
    if (!server.listening) server.listen(port, farmAddress(index));
  }
  return { atMs: wallMsOf(new Date()) };
}

function takeServed(): { readonly served: number; readonly cpuMs: number } {
  const { user, system } = process.cpuUsage(usage);
  usage = process.cpuUsage();
  const count = served;
  served = 0;
  return { served: count, cpuMs: (user + system) / 1000 };
}
