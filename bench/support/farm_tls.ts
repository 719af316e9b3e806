/**
 * N HTTPS servers on loopback as probe targets, one address each, all on one port and with one
 * certificate. Arguments: count, folder with good.pem and good.key. Speaks like farm.ts, but for
 * `stall`.
 */
import { createServer } from "node:tls";
import { farmAddress } from "./farm_address.ts";
import { linesOf } from "./lines.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n" +
  "Connection: close\r\n\r\nok\n";

const count = Number(Deno.args[0]);
const folder = Deno.args[1]!;
const pair = {
  cert: Deno.readTextFileSync(`${folder}/good.pem`),
  key: Deno.readTextFileSync(`${folder}/good.key`),
};
/** As in farm.ts: below the range of local ports. */
const port = 20_000 + (Deno.pid % 10_000);
const hanging = new Set<number>();

const servers = await Promise.all(Array.from({ length: count }, (_, index) => {
  const server = createServer(pair, (socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      if (!hanging.has(index)) socket.end(ANSWER);
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
  if (verb === "close") servers[Number(word)]!.close();
  else hanging.add(Number(word));
  console.log(JSON.stringify({ atMs: performance.timeOrigin + performance.now() }));
}
Deno.exit(0);
