/**
 * Hostile or broken clients: the cost of one is bounded, and all other clients are served as
 * before.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { gzipSync } from "node:zlib";
import { certificates } from "../support/servers/certificates.ts";
import type { Daemon } from "../support/servers/daemon.ts";
import { type GrpcClient, part } from "../support/judges/grpc_client.ts";
import { grpcTest, onGrpcStage } from "../support/worlds/grpc_stage.ts";
import { FRAME, frame, grpcMessage, header, longName, RawH2 } from "../support/servers/raw_h2.ts";

const GET = "/maglev.Maglev/GetBackend";
const REFLECT = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/** The most memory that the daemon ever had, in MiB. */
function peakMiB(daemon: Daemon): number {
  const status = Deno.readTextFileSync(`/proc/${daemon.process.pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
}

async function answers(client: GrpcClient): Promise<void> {
  const { code, details } = await client.call("GetBackend", { name: "b0" }, { timeout: 5 });
  assert.equal(code, "OK", details);
}

grpcTest("a compressed request is refused with the reason, before it is unpacked", async () => {
  await onGrpcStage({}, async ({ client, daemon, address }) => {
    await client.connect({
      target: address,
      options: { "grpc.default_compression_algorithm": 2 },
    });
    // A message that does not shrink is sent uncompressed.
    await answers(client);
    const { code, details } = await client.call("GetBackend", { name: "x".repeat(20_000) });
    assert.equal(code, "UNIMPLEMENTED");
    assert.equal(details, 'cannot read "gzip" requests; send them uncompressed');

    const before = peakMiB(daemon);
    const bomb = grpcMessage(gzipSync(longName(250_000), { level: 9 }), true);
    const bombs = new Uint8Array(16_384);
    for (let at = 0; at + bomb.length <= bombs.length; at += bomb.length) bombs.set(bomb, at);
    for (const path of [GET, REFLECT]) {
      using raw = await RawH2.connect(address);
      for (let i = 0; i < 100; i++) {
        const stream = await raw.begin(path, { "grpc-encoding": "gzip" });
        await raw.data(stream, bombs);
      }
      await answers(client);
    }
    const grown = peakMiB(daemon) - before;
    assert.ok(grown < 150, `2800 MiB packed into 3 cost ${grown} MiB`);
  });
});

grpcTest("calls without their requests are evicted, oldest first, and closed", async () => {
  await onGrpcStage({}, async ({ client, address }) => {
    const raws: RawH2[] = [];
    try {
      // A message of 60,000 bytes, of which the last never comes.
      const body = grpcMessage(longName(60_000)).subarray(0, -1);
      for (let i = 0; i < 6; i++) {
        const raw = await RawH2.connect(address);
        raws.push(raw);
        for (let j = 0; j < 100; j++) {
          const stream = await raw.begin(GET);
          if (j === 0) await raw.data(stream, body);
        }
        // Makes the order of age clear.
        if (i < 5) await raw.settled();
      }
      await answers(client);
      const oldest = (raw: RawH2, type: number) =>
        raw.until((frame) => frame.type === type && frame.stream === 1, 3000);
      assert.ok(await oldest(raws[0]!, FRAME.headers), "the oldest is answered");
      assert.ok(await oldest(raws[0]!, FRAME.reset), "and closed");
      assert.equal(
        await raws[5]!.until(({ type }) => type === FRAME.headers || type === FRAME.reset, 200),
        undefined,
        "the newest are waited for",
      );
      await answers(client);
    } finally {
      for (const raw of raws) raw[Symbol.dispose]();
    }
  });
});

grpcTest("connections are counted before their TLS handshake", async () => {
  const { folder } = await certificates();
  const flags = [`--grpc-tls-cert=${folder}/good.pem`, `--grpc-tls-key=${folder}/good.key`];
  const target = {
    ca: `${folder}/ca.pem`,
    options: { "grpc.ssl_target_name_override": "good.test" },
  };
  await onGrpcStage({ flags, files: [folder], target }, async ({ client, address, daemon }) => {
    await answers(client);
    const [hostname, port] = address.split(":");
    const silent: Deno.Conn[] = [];
    try {
      for (let i = 0; i < 540; i++) {
        silent.push(await Deno.connect({ hostname: hostname!, port: Number(port) }));
      }
      // One place is the client's.
      const late = Promise.withResolvers<string>();
      // Well before a handshake is given up.
      const timer = setTimeout(() => late.resolve("open"), 5000);
      const read = silent[539]!.read(new Uint8Array(1)).catch(() => null);
      const ended = await Promise.race([read, late.promise]);
      clearTimeout(timer);
      assert.equal(ended, null, "what is beyond the places is closed at once");
      const descriptors = [...Deno.readDirSync(`/proc/${daemon.process.pid}/fd`)].length;
      assert.ok(descriptors < 600, `${descriptors} descriptors`);
      await answers(client);
    } finally {
      for (const conn of silent) conn.close();
    }
    await client.connect({ target: address, ...target });
    await answers(client);
  });
});

grpcTest("a deadline beyond 32 bits of milliseconds is not expired", async () => {
  await onGrpcStage({}, async ({ client }) => {
    // 30 days, and the longest that can be said.
    for (const timeout of [30 * 86_400, 99_999_999]) {
      const watch = client.stream("WatchEvents", { backend: true }, { timeout });
      await watch.seen((message) => part(message, "backend", "name") === "b2");
      const from = watch.messages.length;
      for (const method of ["PauseBackend", "ResumeBackend"]) {
        assert.equal((await client.call(method, { name: "b0" })).code, "OK");
      }
      await watch.seen((message) => part(message, "backend", "name") === "b0", from);
      assert.equal((await watch.cancel()).code, "CANCELLED");
    }
  });
});

grpcTest("streams of reflection are limited, and closed ones free their place", async () => {
  await onGrpcStage({}, async ({ client, address }) => {
    const raws: RawH2[] = [await RawH2.connect(address)];
    try {
      for (let i = 0; i < 64; i++) await raws[0]!.begin(REFLECT);
      await raws[0]!.settled();
      const asked = async (code: string) => {
        const requests = [{ listServices: "" }, { fileByFilename: "maglev.proto" }];
        // The daemon need not have seen yet what the other connection did.
        return await readUntil(
          async () => {
            const stream = client.bidi(REFLECT.slice(1), requests);
            return { ...await stream.ended, stream };
          },
          (ended) => ended.code === code,
          { what: code },
        );
      };
      const { details } = await asked("RESOURCE_EXHAUSTED");
      assert.match(details, /too many open streams/);
      raws.pop()![Symbol.dispose]();
      const again = await asked("OK");
      assert.equal(again.stream.messages.length, 2);
    } finally {
      for (const raw of raws) raw[Symbol.dispose]();
    }
  });
});

grpcTest(
  "input that is not HTTP/2, and floods of HTTP/2, cost only their connection",
  async () => {
    await onGrpcStage({}, async ({ client, address, daemon }) => {
      const [hostname, port] = address.split(":");
      const rubbish = [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01",
        "PRI * HTTP/2",
      ];
      for (const text of rubbish) {
        using conn = await Deno.connect({ hostname: hostname!, port: Number(port) });
        await conn.write(new TextEncoder().encode(text));
        await answers(client);
      }
      const flood = async (name: string, bytes: (raw: RawH2) => Promise<boolean>) => {
        using raw = await RawH2.connect(address);
        let rounds = 0;
        while (rounds < 3000 && await bytes(raw)) rounds++;
        assert.ok(await raw.closed(), `${name} are not endured for ever`);
        await answers(client);
      };
      const many = (type: number, payload: Uint8Array) => {
        const one = frame(type, { payload });
        const all = new Uint8Array(one.length * 200);
        for (let at = 0; at < all.length; at += one.length) all.set(one, at);
        return all;
      };
      const pings = many(FRAME.ping, new Uint8Array(8));
      await flood("pings", (raw) => raw.send(pings));
      const settings = many(FRAME.settings, Uint8Array.of(0, 3, 0, 0, 0, 100));
      await flood("settings", (raw) => raw.send(settings));
      await flood("resets", async (raw) => {
        const stream = await raw.begin("/maglev.Maglev/ListBackends");
        const payload = Uint8Array.of(0, 0, 0, 8);
        return await raw.send(frame(FRAME.reset, { stream, payload }));
      });
      let begun = false;
      await flood("headers", (raw) => {
        const payload = header("x-more", "y".repeat(8000));
        const type = begun ? CONTINUATION : FRAME.headers;
        begun = true;
        return raw.send(frame(type, { stream: 1, payload }));
      });
      assert.equal(daemon.process.errors, "");
    });
  },
);

const CONTINUATION = 9;
