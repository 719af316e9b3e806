/**
 * Servers whose certificates are refused for reasons that the TLS library does not report. Goal: the
 * reason is true and shows what to change; an unknown reason is called unknown.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { createServer } from "node:tls";
import { certificates } from "../../../tests/support/servers/certificates.ts";
import { healthcheck, http } from "../../../tests/support/worlds/healthcheck.ts";
import { oddCertificates, type OddKind } from "../../../tests/support/servers/odd_certificates.ts";
import { until } from "../../../tests/support/judges/until.ts";
import { sockets } from "../../../tests/support/servers/sockets.ts";
import { notTls, opensslServer, tlsServer } from "../../../tests/support/servers/tls_servers.ts";
import type { ProbeParams, TlsParams } from "../../config/model.ts";
import type { Verdict } from "../outcome.ts";
import { Cancellation } from "../prober.ts";
import { probeOf } from "../probers.ts";

const ODD = await oddCertificates();
const DAY_MS = 86_400_000;
const TLS: TlsParams = {
  serverName: "good.test",
  insecureSkipVerify: false,
  alpn: ["http/1.1"],
  ca: { path: "/root.pem", pem: ODD.root },
};

function https(changes: Partial<TlsParams> = {}): ProbeParams {
  return { ...http(), ...TLS, ...changes, type: "https" };
}

async function probe(port: number, params: ProbeParams): Promise<Verdict> {
  const check = healthcheck({ port, params });
  return await probeOf({ address: "127.0.0.1", healthcheck: check })(new Cancellation());
}

function said({ code, detail }: Verdict): string {
  return `${code} ${detail}`;
}

function pairOf(kind: OddKind) {
  const read = (ending: string) => Deno.readTextFileSync(`${ODD.folder}/${kind}.${ending}`);
  return { cert: read("pem"), key: read("key") };
}

/** A server that is not of the library's own sort: it signs with anything. */
function anyServer(kind: OddKind, ...args: string[]) {
  const files = ["-cert", `${kind}.pem`, "-key", `${kind}.key`];
  return opensslServer(ODD.folder, [...files, "-cipher", "DEFAULT@SECLEVEL=0", ...args]);
}

const BEYOND = "L6RSP cannot use the server's certificate, not even with insecure-skip-verify: ";

/** Certificates that no setting lets through, with the reason. */
const UNUSABLE: readonly (readonly [kind: OddKind, reason: string])[] = [
  ["rsa1024", "its RSA key has 1024 bits; 2048 to 8192 are accepted"],
  ["criticalExtension", "it has the critical extension 1.2.3.4, unknown to the TLS library"],
  [
    "oddCurve",
    "its key is of the elliptic curve 1.3.132.0.10; P-256, P-384, P-521 are accepted",
  ],
];

for (const [kind, reason] of UNUSABLE) {
  Deno.test(`a server with a certificate of sort ${kind} fails for its true reason, verified or not`, async () => {
    const server = await anyServer(kind);
    const before = sockets();
    try {
      for (const insecureSkipVerify of [true, false]) {
        const verdict = await probe(server.port, https({ insecureSkipVerify }));
        // With a curve that was not offered the server itself finds nothing in common.
        if (kind === "oddCurve" && !verdict.detail.startsWith("certificate")) {
          assert.match(said(verdict), /^L6RSP the server refused the handshake/);
          continue;
        }
        assert.equal(said(verdict), BEYOND + reason);
        assert.equal(verdict.certificateName, "bmc", "its end is seen all the same");
        assert.ok(verdict.certificateExpiryMs! > Date.now());
      }
      await until(() => sockets() === before);
    } finally {
      await server.close();
    }
  });
}

Deno.test("a certificate that the library cannot accept and TLS 1.2 does not show has an unknown reason", async () => {
  const server = await anyServer("rsa1024", "-tls1_3");
  try {
    const verdict = await probe(server.port, https({ insecureSkipVerify: true }));
    const unknown = "reason unknown, because the server did not show its certificate " +
      "in TLS 1.2";
    assert.equal(said(verdict), BEYOND + unknown);
  } finally {
    await server.close();
  }
});

/** Chains that are not trusted, with the reason. */
const DOUBTED: readonly (readonly [kind: OddKind, reason: string])[] = [
  [
    "sha1",
    "certificate cannot be verified: it is signed with SHA-1, which is not accepted; SHA-256 or longer is",
  ],
  ["clientOnly", "certificate is not for servers: its extended key usage lacks serverAuth"],
  ["authority", "certificate is one of an authority (CA:TRUE), which is not accepted for a server"],
  [
    "cutChain",
    'certificate not trusted: issued by "Short Intermediate"; "Short Intermediate" is not in ' +
    "ca-file, nor in the chain that the server sends",
  ],
  [
    "weakChain",
    'the authority "Weak Intermediate" in the server\'s chain cannot be verified: its RSA key ' +
    "has 1024 bits; 2048 to 8192 are accepted",
  ],
];

for (const [kind, reason] of DOUBTED) {
  Deno.test(`a server with a certificate of sort ${kind} is not trusted, and the reason is its own`, async () => {
    const server = await tlsServer(pairOf(kind));
    try {
      assert.equal(said(await probe(server.port, https())), `L6RSP ${reason}`);
      const careless = await probe(server.port, https({ insecureSkipVerify: true }));
      assert.equal(said(careless), "L7OK status 200");
    } finally {
      await server.close();
    }
  });
}

Deno.test("an intermediate that has expired is named, with its day", async () => {
  const server = await tlsServer(pairOf("expiredChain"));
  try {
    const verdict = await probe(server.port, https());
    const words =
      /^L6RSP the authority "Old Intermediate" in the server's chain expired on 2\d{3}-\d\d-\d\dT/;
    assert.match(said(verdict), words);
    assert.equal(verdict.certificateName, "authority Old Intermediate");
    assert.ok(verdict.certificateExpiryMs! < Date.now());
  } finally {
    await server.close();
  }
});

Deno.test("the expiry is the first of the chain that the server sends, by the name of that certificate", async () => {
  const server = await tlsServer(pairOf("shortChain"));
  try {
    const check = healthcheck({ port: server.port, params: https({ insecureSkipVerify: true }) });
    const run = probeOf({ address: "127.0.0.1", healthcheck: check });
    const { ok, certificateExpiryMs, certificateName } = await run(new Cancellation());
    assert.equal(ok, true);
    assert.equal(certificateName, "authority Short Intermediate");
    const days = (certificateExpiryMs! - Date.now()) / DAY_MS;
    assert.ok(days > 6 && days < 7.1, `${days} days`);
    // The same certificate without the intermediate is another chain to the same probe.
    const { cert, key } = pairOf("shortChain");
    server.show({ cert: cert.slice(0, cert.indexOf("-----BEGIN", 1)), key });
    const cut = await run(new Cancellation());
    assert.equal(cut.certificateName, "good.test");
    assert.ok((cut.certificateExpiryMs! - Date.now()) / DAY_MS > 29);
  } finally {
    await server.close();
  }
});

Deno.test("an authority that is not in ca-file is named, at the end of the server's chain", async () => {
  const pem = (await certificates()).ca;
  const server = await tlsServer(pairOf("shortChain"));
  try {
    const verdict = await probe(server.port, https({ ca: { path: "", pem } }));
    const words = 'certificate not trusted: issued by "Short Intermediate", and that by ' +
      '"Odd Root"; "Odd Root" is not in ca-file, nor in the chain that the server sends';
    assert.equal(said(verdict), `L6RSP ${words}`);
  } finally {
    await server.close();
  }
});

/** A server of TLS that takes one protocol only (ALPN), and what it was offered. */
async function choosy(protocol: string) {
  const { of } = await certificates();
  const offered: string[][] = [];
  const server = createServer({
    ...of("good"),
    ALPNCallback: ({ protocols }) => {
      offered.push(protocols);
      return protocols.find((name) => name === protocol);
    },
  }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    offered,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

Deno.test("ALPN: the configured protocols are offered, and a server that selects another is reported", async () => {
  const server = await choosy("http/1.1");
  const insecureSkipVerify = true;
  try {
    const tcp = (alpn: readonly string[]): ProbeParams => ({
      type: "tcp",
      ssl: true,
      ...TLS,
      insecureSkipVerify,
      alpn,
    });
    assert.equal(said(await probe(server.port, https({ insecureSkipVerify }))), "L7OK status 200");
    assert.equal((await probe(server.port, tcp(["h2", "http/1.1"]))).code, "L6OK");
    assert.equal((await probe(server.port, tcp([]))).code, "L6OK", "none: nothing is negotiated");
    assert.deepEqual(server.offered, [["http/1.1"], ["h2", "http/1.1"]]);
  } finally {
    await server.close();
  }
});

Deno.test("a server that supports none of the offered protocols (ALPN) is reported as such", async () => {
  const { folder } = await certificates();
  const args = ["-cert", "good.pem", "-key", "good.key", "-alpn", "smtp"];
  const server = await opensslServer(folder, args);
  const insecureSkipVerify = true;
  try {
    assert.equal(
      said(await probe(server.port, https({ insecureSkipVerify }))),
      "L6RSP the server supports none of the offered protocols (alpn: http/1.1)",
    );
    const smtp = https({ insecureSkipVerify, alpn: ["h2", "smtp"] });
    assert.equal((await probe(server.port, smtp)).code, "L7OK");
    assert.equal((await probe(server.port, https({ insecureSkipVerify, alpn: [] }))).code, "L7OK");
  } finally {
    await server.close();
  }
});

Deno.test("a server that hangs at the second handshake costs the timeout, and no socket", async () => {
  const server = await anyServer("rsa1024");
  let count = 0;
  // The first connection goes on to the server, the second is never answered.
  const between = await notTls((socket) => {
    if (count++ > 0) return;
    const onward = connect(server.port, "127.0.0.1");
    socket.pipe(onward).pipe(socket);
    onward.on("error", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  });
  const before = sockets();
  try {
    const cancellation = new Cancellation();
    const check = healthcheck({ port: between.port, params: https({ insecureSkipVerify: true }) });
    const verdict = probeOf({ address: "127.0.0.1", healthcheck: check })(cancellation);
    await until(() => count === 2);
    const fromMs = performance.now();
    cancellation.cancel();
    assert.match(said(await verdict), /^L6RSP cannot use the server's certificate.*reason unknown/);
    assert.ok(performance.now() - fromMs < 50);
    await until(() => sockets() === before);
  } finally {
    await between.close();
    await server.close();
  }
});
