/** Our own client against a live daemon: its results equal those of python's grpcio. */
import assert from "node:assert/strict";
import { MaglevClient, type RequestOf, type UnaryMethod } from "../../src/grpc/client/client.ts";
import { answerJson } from "../../src/grpc/client/json.ts";
import { WatchLoop, type WatchState } from "../../src/grpc/client/watch.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { certificates } from "../support/servers/certificates.ts";
import { clientCertificate } from "../support/servers/client_certificates.ts";
import { withFolder } from "../support/servers/daemon.ts";
import { grpcAddress, grpcTest, onGrpcStage } from "../support/worlds/grpc_stage.ts";
import { FRAME, frame } from "../support/servers/raw_h2.ts";

const clock = new SystemClock();

async function withClient(
  options: Partial<ConstructorParameters<typeof MaglevClient>[0]> & { readonly address: string },
  fn: (client: MaglevClient) => Promise<void>,
): Promise<void> {
  const client = new MaglevClient({ clock, ...options });
  try {
    await fn(client);
  } finally {
    client.close();
  }
}

grpcTest(
  "our client reads every reply as python's does, and writes it in the same JSON",
  async () => {
    await onGrpcStage({}, async ({ client: python, address }) => {
      await withClient({ address }, async (client) => {
        await client.call("PauseBackend", { name: "b2", reason: "a look", end: undefined });
        const weigh = { frontend: "web", pool: "main", backend: "b1", weight: 3 };
        await client.call("SetFrontendPoolBackendWeight", weigh);
        await client.call("DisableBackend", {
          name: "b2",
          end: { $case: "forNs", value: 3_600_000_000_000n },
        });
        const compare = async <M extends UnaryMethod>(
          method: M,
          request: Partial<RequestOf<M>>,
        ) => {
          const ours = answerJson(method, await client.call(method, request));
          const theirs = await python.call(method, JSON.parse(JSON.stringify(request)));
          assert.equal(theirs.code, "OK");
          assert.deepEqual(ours, theirs.message, method);
        };
        await compare("GetVersion", {});
        await compare("ListFrontends", { details: true });
        await compare("GetFrontend", { name: "web" });
        await compare("GetBackend", { name: "b2" });
        await compare("GetHealthCheck", { name: "web" });
        await compare("GetVPPInfo", {});
        await compare("GetVPPLBState", {});
        await compare("CheckConfig", {});
        await compare("PlanConfig", {});
        await compare("PlanBackend", { name: "b0", action: "pause" });
      });
    });
  },
);

grpcTest("our client's errors are MaglevErrors with the server's message", async () => {
  await onGrpcStage({}, async ({ address }) => {
    await withClient({ address }, async (client) => {
      await assert.rejects(client.call("GetBackend", { name: "b9" }), {
        name: "MaglevError",
        code: "not-found",
        message: 'no backend "b9"; did you mean "b0"?',
      });
      const signal = AbortSignal.abort();
      await assert.rejects(client.call("GetVersion", {}, { signal }), { code: "aborted" });
      await assert.rejects(client.call("GetVersion", {}, { deadlineMs: -1 }), {
        code: "deadline-exceeded",
      });
      const watch = client.watch({ logLevel: "loud" });
      await assert.rejects(watch.next(), { code: "invalid-argument" });
      await assert.rejects(
        client.call("ListBackends", { details: true }, { bounds: { bytes: 8 } }),
        /ListBackendsResponse: need at most 8 bytes/,
      );
      for (const bounds of [{ bytes: 8 }, { messages: 0 }]) {
        const bounded = client.watch({ backend: true }, { bounds });
        await assert.rejects(
          bounded.next(),
          /cannot read .*maglev\.Event.*(at most 8 bytes|more than 0 messages)/,
        );
      }
    });
    await withClient({ address, maxAnswerMessages: 2 }, async (client) => {
      await assert.rejects(
        client.call("ListBackends", { details: true }),
        /maglev\.ListBackendsResponse: more than 2 messages/,
      );
      await client.call("GetVersion");
    });
    assert.throws(() => new MaglevClient({ address: "nonsense", clock }), /need host:port/);
  });
});

grpcTest(
  "our client supports TLS with certificates and unix sockets, and sends its token",
  async () => {
    const { folder: source, ca } = await certificates();
    const alice = await clientCertificate("/CN=alice");
    const flags = [
      `--grpc-tls-cert=${source}/good.pem`,
      `--grpc-tls-key=${source}/good.key`,
      `--grpc-client-ca=${source}/ca.pem`,
    ];
    const target = { ca: `${source}/ca.pem`, ...alice };
    const options = { "grpc.ssl_target_name_override": "good.test" };
    await onGrpcStage(
      { flags, files: [source], target: { ...target, options } },
      async ({ address }) => {
        const tls = {
          ca,
          cert: await Deno.readTextFile(alice.cert),
          key: await Deno.readTextFile(alice.key),
        };
        await withClient({ address, tls }, async (client) => {
          assert.equal((await client.call("PauseBackend", { name: "b0" })).state, "paused");
        });
        await withClient({ address, tls: { ...tls, serverName: "other.test" } }, async (client) => {
          await assert.rejects(client.call("GetVersion"), { code: "unavailable" });
        });
      },
    );
    await withFolder(async (folder) => {
      const tokens = `${folder}/tokens`;
      await Deno.writeTextFile(tokens, "operator sesame\n", { mode: 0o600 });
      const path = `unix:${folder}/grpc.sock`;
      await onGrpcStage({
        grpcAddr: path,
        flags: [`--grpc-tokens=${tokens}`],
        files: [tokens],
        target: { target: path },
      }, async () => {
        await withClient({ address: path, token: "sesame" }, async (client) => {
          assert.equal((await client.call("PauseBackend", { name: "b0" })).state, "paused");
        });
        await withClient({ address: path }, async (client) => {
          await assert.rejects(client.call("PauseBackend", { name: "b0" }), {
            code: "unauthenticated",
          });
        });
      });
    });
  },
);

grpcTest("a watch continues by itself after the server was down for a while", async () => {
  await onGrpcStage({}, async ({ address, daemon, start }) => {
    await withClient({ address }, async (client) => {
      const states: WatchState["kind"][] = [];
      let events = 0;
      let wakeUp = () => {};
      const until = async (done: () => boolean) => {
        while (!done()) await new Promise<void>((resolve) => wakeUp = resolve);
      };
      const loop = new WatchLoop({
        client,
        clock,
        prng: () => 0.5,
        request: { backend: true },
        onEvent: () => {
          events++;
          wakeUp();
        },
        onState: ({ kind }) => {
          states.push(kind);
          wakeUp();
        },
      });
      loop.start();
      await until(() => events === 3);
      await daemon.stop();
      await until(() => states.includes("away"));
      const second = start({ grpcAddr: address });
      assert.equal(await grpcAddress(second), address);
      await until(() => events >= 6);
      assert.equal(states[0], "watching");
      assert.equal(states.at(-1), "watching");
      assert.ok(states.slice(1, -1).every((state) => state === "away"));
      await loop.stop();
      const told = events;
      await second.stop();
      assert.equal(events, told);
      assert.equal(states.at(-1), "watching", "its own end is not reported");
    });
  });
});

/**
 * A proxy in front of a server: the first connection gets a GOAWAY immediately (ENHANCE_YOUR_CALM),
 * later ones pass.
 */
async function behindGoodbye(address: string, fn: (address: string) => Promise<void>) {
  const [hostname = "", port] = address.split(":");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  let first = true;
  const accepting = (async () => {
    for await (const client of listener) {
      open.push(client);
      if (first) {
        first = false;
        const goodbye = frame(FRAME.goaway, { payload: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 11) });
        await client.write(Uint8Array.of(...frame(FRAME.settings), ...goodbye));
        continue;
      }
      const server = await Deno.connect({ hostname, port: Number(port) });
      open.push(server);
      client.readable.pipeTo(server.writable).catch(() => {});
      server.readable.pipeTo(client.writable).catch(() => {});
    }
  })();
  try {
    await fn(`127.0.0.1:${listener.addr.port}`);
  } finally {
    listener.close();
    await accepting.catch(() => {});
    for (const connection of open) {
      try {
        connection.close();
      } catch {
        // The pipe has closed it.
      }
    }
  }
}

grpcTest("concurrent calls that meet a server's GOAWAY are all sent once more", async () => {
  await onGrpcStage({}, async ({ address }) => {
    await behindGoodbye(address, async (address) => {
      await withClient({ address }, async (client) => {
        const calls = Array.from({ length: 20 }, () => client.call("GetVersion"));
        const results = await Promise.allSettled(calls);
        const failed = results.filter(({ status }) => status === "rejected");
        assert.deepEqual(failed, []);
      });
    });
  });
});

Deno.test({
  name: "our client reports a missing server",
  // The library keeps its timer for the next attempt for a while after its client was closed.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withClient({ address: "127.0.0.1:1" }, async (client) => {
      await assert.rejects(client.call("GetVersion", {}, { deadlineMs: 2000 }), {
        code: "unavailable",
      });
    }),
});
