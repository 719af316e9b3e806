/** Client certificates of https, tcp and grpc checks, against servers that require one. */
import assert from "node:assert/strict";
import { healthAnswer } from "../../../tests/support/servers/canned_h2.ts";
import { certificates } from "../../../tests/support/servers/certificates.ts";
import {
  type CertificateFiles,
  clientCertificate,
} from "../../../tests/support/servers/client_certificates.ts";
import { opensslServer, tlsServer } from "../../../tests/support/servers/tls_servers.ts";
import { GRPC, healthcheck, http, TCP } from "../../../tests/support/worlds/healthcheck.ts";
import { pairReader } from "../../config/load.ts";
import type { ClientCertificate, ProbeParams, TlsParams } from "../../config/model.ts";
import { Cancellation } from "../prober.ts";
import { probeOf } from "../probers.ts";

const { of, ca: pem, folder } = await certificates();
const TLS = { serverName: "good.test", insecureSkipVerify: false, ca: { path: "", pem } };
const READ_PAIR = await pairReader();
const KNOWN = clientOf(await clientCertificate("/CN=probe"));
const UNKNOWN = clientOf(await clientCertificate("/CN=probe", "other_ca"));
const EXPIRED = clientOf({ cert: `${folder}/expired.pem`, key: `${folder}/expired.key` });
const REQUIRED = "L6RSP the server requires a client certificate";

function clientOf({ cert, key }: CertificateFiles): ClientCertificate {
  const readout = READ_PAIR({ cert, key });
  assert.ok(readout.kind === "ok", JSON.stringify(readout));
  return { certPath: cert, keyPath: key, ...readout.pair };
}

function https(changes: Partial<TlsParams> = {}): ProbeParams {
  return { ...http(), type: "https", ...TLS, alpn: [], ...changes };
}

async function verdictOf(port: number, params: ProbeParams): Promise<string> {
  const check = healthcheck({ port, params });
  const probe = probeOf({ address: "127.0.0.1", healthcheck: check });
  const { code, detail, lack } = await probe(new Cancellation());
  return `${lack === undefined ? code : `void (${lack})`} ${detail}`.trim();
}

Deno.test("an https check shows its client certificate, and checks without one stay apart", async () => {
  const subjects: unknown[] = [];
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const server = await tlsServer(of("good"), (socket) => {
    subjects.push(socket.getPeerCertificate().subject?.CN);
    socket.once("data", () => socket.end(answer));
  }, { clientCa: pem });
  try {
    for (let round = 0; round < 2; round++) {
      assert.equal(await verdictOf(server.port, https({ client: KNOWN })), "L7OK status 200");
      assert.equal(await verdictOf(server.port, https()), REQUIRED);
    }
    const unverified = https({ client: KNOWN, insecureSkipVerify: true });
    assert.equal(await verdictOf(server.port, unverified), "L7OK status 200");
    assert.equal(await verdictOf(server.port, https({ insecureSkipVerify: true })), REQUIRED);
    assert.deepEqual(subjects, ["probe", "probe", "probe"]);
  } finally {
    await server.close();
  }
});

Deno.test("a check shows its client certificate in TLS 1.2 and 1.3, also one of type tcp", async () => {
  for (const version of ["-tls1_2", "-tls1_3"]) {
    const args = ["-cert", "good.pem", "-key", "good.key", version, "-Verify", "1"];
    const server = await opensslServer(folder, [
      ...args,
      "-CAfile",
      "ca.pem",
      "-verify_return_error",
    ]);
    try {
      assert.equal(await verdictOf(server.port, https({ client: KNOWN })), "L7OK status 200");
      const tcp = { ...TCP, ...TLS, ssl: true, client: KNOWN };
      assert.equal(await verdictOf(server.port, tcp), "L6OK");
      const refused = await verdictOf(server.port, https({ client: UNKNOWN }));
      assert.equal(refused, "L6RSP the server refuses the client certificate (unknown ca)");
    } finally {
      await server.close();
    }
  }
});

Deno.test("a grpc check shows its client certificate", async () => {
  const server = await tlsServer(of("good"), (socket) => {
    socket.once("data", () => socket.end(healthAnswer(1)));
  }, { clientCa: pem });
  try {
    const grpc = { ...GRPC, ...TLS, ssl: true };
    assert.equal(await verdictOf(server.port, { ...grpc, client: KNOWN }), "L7OK SERVING");
    assert.equal(await verdictOf(server.port, grpc), REQUIRED);
  } finally {
    await server.close();
  }
});

Deno.test("a refusal of a client certificate that has expired is void: this host is at fault", async () => {
  for (const version of ["-tls1_2", "-tls1_3"]) {
    const args = ["-cert", "good.pem", "-key", "good.key", version, "-Verify", "1"];
    const server = await opensslServer(folder, [
      ...args,
      "-CAfile",
      "ca.pem",
      "-verify_return_error",
    ]);
    try {
      const refused = await verdictOf(server.port, https({ client: EXPIRED }));
      assert.match(
        refused,
        /^void \(certificate\) the server refuses the client certificate \([a-z ]+\): a certificate in \S+\/expired\.pem expired on 2021-01-01; renew it and reload$/,
      );
    } finally {
      await server.close();
    }
  }
});
