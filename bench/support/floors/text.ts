/**
 * Serves a page of metrics over HTTP/1.1 that has as many series as maglevd's with 10,000 backends.
 * Each series is one concatenation of a ready text with a number; nothing is looked up, sorted or
 * escaped. Chunks of 64 KiB are encoded and written. Ends with its standard input.
 */
const SERIES = 262_735;
const CHUNK = 65_536;

const heads = Array.from(
  { length: SERIES },
  (_, i) =>
    `maglev_probe_duration_seconds_bucket{backend="backend${i % 10_000}",type="tcp",le="${
      i % 12
    }"} `,
);
const encoder = new TextEncoder();
const head = encoder.encode("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
const request = new Uint8Array(4096);
const buffer = new Uint8Array(2 * CHUNK);

using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(JSON.stringify({ event: "listening", port: listener.addr.port }));
for (let page = 0;; page++) {
  using connection = await listener.accept();
  await connection.read(request);
  await write(connection, head);
  let text = "";
  for (let i = 0; i < SERIES; i++) {
    text += heads[i]! + (page + i) + "\n";
    if (text.length < CHUNK && i < SERIES - 1) continue;
    const { written } = encoder.encodeInto(text, buffer);
    await write(connection, buffer.subarray(0, written));
    text = "";
  }
}

async function write(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
