import assert from "node:assert/strict";
import { healthAnswer } from "../../../tests/support/servers/canned_h2.ts";
import { certificates } from "../../../tests/support/servers/certificates.ts";
import { tlsServer } from "../../../tests/support/servers/tls_servers.ts";
import { GRPC, healthcheck } from "../../../tests/support/worlds/healthcheck.ts";
import { Cancellation } from "../prober.ts";
import { grpcProber } from "./grpc.ts";

Deno.test("grpcProber() calls over TLS in both families, and verifies the certificate", async () => {
  const { of, ca } = await certificates();
  for (const address of ["127.0.0.1", "::1"]) {
    const requests: string[] = [];
    const server = await tlsServer(of("good"), (socket) => {
      socket.once("data", (request) => {
        requests.push(`${request}`);
        socket.end(healthAnswer(1));
      });
    }, { hostname: address });
    const probe = async (serverName: string) => {
      const params = { ...GRPC, ssl: true, serverName, ca: { path: "", pem: ca } };
      const check = healthcheck({ port: server.port, params });
      return await grpcProber({ address, healthcheck: check })(new Cancellation());
    };
    try {
      const verdict = await probe("good.test");
      assert.deepEqual([verdict.code, verdict.detail], ["L7OK", "SERVING"]);
      assert.ok(verdict.certificateExpiryMs !== undefined, "the expiry is kept");
      assert.match(requests[0]!, /^PRI \* HTTP\/2\.0\r\n.*:scheme.https.*grpc\.health\.v1/s);
      assert.deepEqual(server.names, ["good.test"]);
      assert.equal((await probe("other.test")).code, "L6RSP");
      assert.equal(requests.length, 1, "nothing is sent to a server of another name");
    } finally {
      await server.close();
    }
  }
});

Deno.test("grpcProber() sends its timeout in whole milliseconds, rounded up", async () => {
  const requests: string[] = [];
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of server) {
      const buffer = new Uint8Array(4096);
      const size = await connection.read(buffer);
      requests.push(new TextDecoder("latin1").decode(buffer.subarray(0, size ?? 0)));
      await connection.write(healthAnswer(1));
      connection.close();
    }
  })();
  const { port } = server.addr as Deno.NetAddr;
  for (const timeoutMs of [20_000.5, 30_000]) {
    const check = healthcheck({ port, timeoutMs, params: GRPC });
    const probe = grpcProber({ address: "127.0.0.1", healthcheck: check });
    assert.equal((await probe(new Cancellation())).code, "L7OK");
  }
  server.close();
  await serving;
  assert.match(requests[0]!, /grpc-timeout.20001m/s);
  assert.match(requests[1]!, /grpc-timeout.30000m/s);
});
