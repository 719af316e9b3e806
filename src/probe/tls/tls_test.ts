/**
 * TLS and HTTPS probes against real servers on loopback, with certificates of every sort. Goal: the
 * kinds of failure are distinguished, the expiry is read for any result of the probe, checks do not
 * affect each other, and nothing stays open.
 */
import assert from "node:assert/strict";
import { type CertificateKind, certificates } from "../../../tests/support/servers/certificates.ts";
import { healthcheck, http } from "../../../tests/support/worlds/healthcheck.ts";
import {
  closedPort,
  type NastyServer,
  stall,
} from "../../../tests/support/servers/nasty_servers.ts";
import { until } from "../../../tests/support/judges/until.ts";
import { sockets } from "../../../tests/support/servers/sockets.ts";
import { notTls, opensslServer, tlsServer } from "../../../tests/support/servers/tls_servers.ts";
import type { HttpParams, ProbeParams, TlsParams } from "../../config/model.ts";
import type { Verdict } from "../outcome.ts";
import { Cancellation } from "../prober.ts";
import { probeOf } from "../probers.ts";

const CERTIFICATES = await certificates();
const CA = { path: "/ca.pem", pem: CERTIFICATES.ca };
const TLS: TlsParams = { serverName: "good.test", insecureSkipVerify: false, alpn: [], ca: CA };
const EXPIRY = Date.UTC(2047, 0, 1);

function ssl(changes: Partial<TlsParams> = {}): ProbeParams {
  return { type: "tcp", ssl: true, ...TLS, ...changes };
}

function https(changes: Partial<TlsParams & HttpParams> = {}): ProbeParams {
  return { ...http(), ...TLS, ...changes, type: "https" };
}

interface Run {
  readonly port: number;
  readonly params: ProbeParams;
  readonly address?: string;
  /** Cancel after this long; default: never. */
  readonly cancelAfterMs?: number;
}

async function probe({ port, params, address = "127.0.0.1", cancelAfterMs }: Run) {
  const cancellation = new Cancellation();
  const timer = cancelAfterMs === undefined
    ? undefined
    : setTimeout(() => cancellation.cancel(), cancelAfterMs);
  const check = healthcheck({ port, params });
  const verdict = await probeOf({ address, healthcheck: check })(cancellation);
  clearTimeout(timer);
  return verdict;
}

function said({ code, detail }: Verdict): string {
  return detail === "" ? code : `${code} ${detail}`;
}

/** An authority of the right name did not sign it. */
const ANOTHER_KEY = 'certificate not trusted: issued by "Test Authority"; the authority of that ' +
  "name in ca-file has another key";

/** A server's certificate, how it is checked, and the verdicts of both kinds of probe. */
const CHECKED: {
  readonly kind: CertificateKind;
  readonly tls?: Partial<TlsParams>;
  readonly problem: string;
}[] = [
  { kind: "good", problem: "" },
  { kind: "good", tls: { serverName: "" }, problem: "" },
  { kind: "good", tls: { serverName: "www.good.test." }, problem: "" },
  { kind: "expired", problem: "certificate expired on 2021-01-01T00:00:00Z" },
  {
    kind: "notYetValid",
    problem: "certificate not yet valid, only from 2045-01-01T00:00:00Z on",
  },
  { kind: "wrongName", problem: "certificate is for other.test, b.other.test, not for good.test" },
  {
    kind: "wrongName",
    tls: { serverName: "" },
    problem: "certificate is for other.test, b.other.test, not for 127.0.0.1",
  },
  { kind: "selfSigned", problem: "certificate is self-signed and not trusted" },
  {
    kind: "selfSigned",
    tls: { ca: { path: "", pem: CERTIFICATES.of("selfSigned").cert } },
    problem: "",
  },
  { kind: "foreign", problem: ANOTHER_KEY },
  {
    kind: "foreignVersion1",
    problem: "certificate of an X.509 version before 3, which cannot be verified",
  },
  {
    kind: "good",
    tls: { ca: { path: "", pem: CERTIFICATES.otherCa } },
    problem: ANOTHER_KEY,
  },
];
const KINDS = [...new Set(CHECKED.map(({ kind }) => kind))];

for (const { kind, tls = {}, problem } of CHECKED) {
  const how = JSON.stringify({ ...tls, ...(tls.ca === undefined ? {} : { ca: "another" }) });
  Deno.test(`a ${kind} certificate checked with ${how}: ${problem || "passes"}`, async () => {
    const server = await tlsServer(CERTIFICATES.of(kind));
    try {
      for (const [params, pass] of [[ssl(tls), "L6OK"], [https(tls), "L7OK status 200"]] as const) {
        const verdict = await probe({ port: server.port, params });
        assert.equal(said(verdict), problem === "" ? pass : `L6RSP ${problem}`);
        assert.equal(verdict.ok, problem === "");
        assert.ok(verdict.certificateExpiryMs !== undefined, "the expiry is kept in any case");
      }
    } finally {
      await server.close();
    }
  });
}

Deno.test("insecure-skip-verify accepts every certificate and still reports its expiry", async () => {
  for (const kind of KINDS) {
    const server = await tlsServer(CERTIFICATES.of(kind));
    try {
      const verdict = await probe({
        port: server.port,
        params: https({ insecureSkipVerify: true }),
      });
      assert.equal(said(verdict), "L7OK status 200", kind);
      if (kind === "expired") assert.equal(verdict.certificateExpiryMs, Date.UTC(2021, 0, 1));
      else assert.ok(verdict.certificateExpiryMs! > Date.now(), kind);
    } finally {
      await server.close();
    }
  }
});

Deno.test("without a ca-file the system's authorities are used, and no session is resumed", async () => {
  const server = await opensslServer(CERTIFICATES.folder, [
    "-cert",
    "good.pem",
    "-key",
    "good.key",
  ]);
  const { ca: _, ...system } = TLS;
  try {
    for (let i = 0; i < 3; i++) {
      // Reads an answer, and so gets the tickets with which a session could be resumed.
      const careless: ProbeParams = {
        ...http(),
        ...system,
        type: "https",
        insecureSkipVerify: true,
      };
      assert.equal((await probe({ port: server.port, params: careless })).code, "L7OK");
      const params: ProbeParams = { type: "tcp", ssl: true, ...system };
      const verdict = await probe({ port: server.port, params });
      assert.equal(said(verdict), 'L6RSP certificate not trusted: issued by "Test Authority"');
    }
  } finally {
    await server.close();
  }
});

Deno.test("SNI is the server name, and nothing for an address", async () => {
  const server = await tlsServer(CERTIFICATES.of("good"));
  try {
    for (const serverName of ["good.test", "", "www.good.test", ""]) {
      await probe({ port: server.port, params: https({ serverName }) });
    }
    assert.deepEqual(server.names, ["good.test", false, "www.good.test", false]);
  } finally {
    await server.close();
  }
});

Deno.test("checks of one server with different settings stay separate at any timing", async () => {
  const requests: string[] = [];
  const server = await tlsServer(
    CERTIFICATES.of("good"),
    (socket) =>
      socket.once("data", (data: Uint8Array) => {
        const name = (socket as { servername?: string | false }).servername || "none";
        requests.push(`${name} ${/Host: (.*)\r/.exec(new TextDecoder().decode(data))?.[1]}`);
        socket.end("HTTP/1.1 200 OK\r\n\r\n");
      }),
  );
  const checks: [params: ProbeParams, said: string][] = [
    [https({ host: "one.test", serverName: "good.test" }), "L7OK status 200"],
    [https({ host: "two.test", serverName: "www.good.test" }), "L7OK status 200"],
    [https({ host: "three.test", serverName: "" }), "L7OK status 200"],
    [
      https({ serverName: "bad.test" }),
      "L6RSP certificate is for good.test, www.good.test, " +
      "127.0.0.1, ::1, not for bad.test",
    ],
    [
      https({ host: "five.test", serverName: "bad.test", insecureSkipVerify: true }),
      "L7OK status 200",
    ],
    [
      https({ ca: { path: "", pem: CERTIFICATES.otherCa } }),
      `L6RSP ${ANOTHER_KEY}`,
    ],
  ];
  try {
    const rounds = 5;
    const runs = Array.from({ length: rounds }, () => checks).flat();
    const verdicts = await Promise.all(
      runs.map(([params]) => probe({ port: server.port, params })),
    );
    assert.deepEqual(verdicts.map(said), runs.map(([, text]) => text));
    const wanted = [
      ...["bad.test five.test", "good.test one.test", "none three.test"],
      "www.good.test two.test",
    ];
    assert.deepEqual([...new Set(requests)].sort(), wanted);
    assert.equal(requests.length, rounds * wanted.length);
    assert.ok(!server.resumed.includes(true));
  } finally {
    await server.close();
  }
});

Deno.test("the next probe sees a changed certificate", async () => {
  const server = await tlsServer(CERTIFICATES.of("good"));
  try {
    const expiry = async () =>
      (await probe({ port: server.port, params: ssl() })).certificateExpiryMs;
    assert.equal(await expiry(), EXPIRY);
    assert.equal(await expiry(), EXPIRY);
    server.show(CERTIFICATES.of("renewed"));
    assert.equal(await expiry(), Date.UTC(2048, 0, 1));
  } finally {
    await server.close();
  }
});

Deno.test("a server name that the library refuses is a failure, and does not end the thread", async () => {
  const server = await tlsServer(CERTIFICATES.of("good"));
  try {
    for (const serverName of ["127.0.0.1", "a b", "-", "x".repeat(300)]) {
      const { ok, code, detail } = await probe({ port: server.port, params: ssl({ serverName }) });
      assert.deepEqual([ok, code], [false, "L6RSP"], `${serverName}: ${detail}`);
    }
    await until(() => server.open() === 0);
  } finally {
    await server.close();
  }
});

Deno.test("one probe, run again and again, judges each certificate that the server shows it", async () => {
  const server = await tlsServer(CERTIFICATES.of("good"));
  const check = healthcheck({ port: server.port, params: ssl() });
  const run = probeOf({ address: "127.0.0.1", healthcheck: check });
  const shown: [kind: CertificateKind, verdict: string][] = [
    ["good", "L6OK"],
    ["good", "L6OK"],
    ["wrongName", "L6RSP certificate is for other.test, b.other.test, not for good.test"],
    ["wrongName", "L6RSP certificate is for other.test, b.other.test, not for good.test"],
    ["foreign", `L6RSP ${ANOTHER_KEY}`],
    ["foreign", `L6RSP ${ANOTHER_KEY}`],
    ["renewed", "L6OK"],
    ["expired", "L6RSP certificate expired on 2021-01-01T00:00:00Z"],
    ["good", "L6OK"],
  ];
  const expiries: Partial<Record<CertificateKind, number>> = {
    good: EXPIRY,
    renewed: Date.UTC(2048, 0, 1),
    expired: Date.UTC(2021, 0, 1),
  };
  try {
    for (const [kind, text] of shown) {
      server.show(CERTIFICATES.of(kind));
      const verdict = await run(new Cancellation());
      assert.equal(said(verdict), text);
      const expiry = expiries[kind];
      if (expiry !== undefined) assert.equal(verdict.certificateExpiryMs, expiry);
    }
  } finally {
    await server.close();
  }
});

/** Servers that break the handshake, and the verdicts of both kinds of probe. */
const BROKEN: {
  readonly name: string;
  readonly server: () => Promise<{ port: number; open?: () => number; close(): Promise<void> }>;
  readonly verdict: string;
  readonly cancelAfterMs?: number;
}[] = [
  {
    name: "says nothing",
    server: () => notTls(() => {}),
    verdict: "L6TOUT no complete TLS handshake within the timeout",
    cancelAfterMs: 50,
  },
  {
    name: "sends one byte at a time",
    server: () =>
      notTls((socket) => {
        const timer = setInterval(() => socket.write(Uint8Array.of(0x16)), 10);
        socket.on("close", () => clearInterval(timer));
      }),
    verdict: "L6RSP the server's answer is not TLS",
    cancelAfterMs: 2000,
  },
  {
    name: "sends a handshake record slowly",
    server: () =>
      notTls((socket) => {
        const bytes = [0x16, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc, 3, 3];
        const timer = setInterval(() => socket.write(Uint8Array.of(bytes.shift() ?? 0)), 10);
        socket.on("close", () => clearInterval(timer));
      }),
    verdict: "L6TOUT no complete TLS handshake within the timeout",
    cancelAfterMs: 300,
  },
  {
    name: "sends a record without end",
    server: () =>
      notTls((socket) => {
        const block = new Uint8Array(16 * 1024 + 5);
        block.set([0x16, 3, 3, 0x40, 0]);
        const more = () => {
          while (!socket.destroyed && socket.write(block));
        };
        socket.on("drain", more);
        more();
      }),
    verdict: "L6RSP ",
  },
  {
    name: "speaks plain HTTP",
    server: () =>
      notTls((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad\r\n\r\n"))),
    verdict: "L6RSP the server's answer is not TLS",
  },
  {
    name: "greets in clear text",
    server: () => notTls((socket) => socket.write("220 mail.example.com ESMTP\r\n")),
    verdict: "L6RSP the server's answer is not TLS",
  },
  {
    name: "garbles the handshake",
    server: () =>
      notTls((socket) =>
        socket.once(
          "data",
          () => socket.end(Uint8Array.of(0x16, 3, 3, 0, 10, 2, 0, 0, 6, 1, 2, 3, 4, 5, 6)),
        )
      ),
    verdict: "L6RSP the server's answer is not TLS",
  },
  {
    name: "closes at the first byte",
    server: () => notTls((socket) => socket.once("data", () => socket.end())),
    verdict: "L6RSP connection closed or reset during the TLS handshake",
  },
  {
    name: "closes at once",
    server: () => notTls((socket) => socket.end()),
    verdict: "L6RSP connection closed or reset during the TLS handshake",
  },
  {
    name: "resets",
    server: () => notTls((socket) => socket.once("data", () => socket.resetAndDestroy())),
    verdict: "L6RSP connection closed or reset during the TLS handshake",
  },
  ...["-tls1", "-tls1_1"].map((version) => ({
    name: `speaks ${version} only`,
    server: () =>
      opensslServer(CERTIFICATES.folder, [
        ...["-cert", "good.pem", "-key", "good.key", version, "-cipher", "DEFAULT@SECLEVEL=0"],
      ]),
    verdict: "L6RSP the server supports neither TLS 1.2 nor 1.3",
  })),
];

for (const { name, server: start, verdict, cancelAfterMs } of BROKEN) {
  Deno.test(`TLS and HTTPS probes judge a server that ${name}`, async () => {
    const server = await start();
    const before = sockets();
    try {
      for (const params of [ssl(), https(), https({ insecureSkipVerify: true })]) {
        const run = { port: server.port, params };
        const found = await probe(cancelAfterMs === undefined ? run : { ...run, cancelAfterMs });
        assert.ok(said(found).startsWith(verdict), said(found));
        assert.equal(found.inconclusive, false);
        assert.equal(found.certificateExpiryMs, undefined);
        await until(() => server.open === undefined || server.open() === 0);
        assert.equal(sockets(), before);
      }
    } finally {
      await server.close();
    }
  });
}

Deno.test("a server that requires a client certificate is distinguished, in TLS 1.2 and 1.3", async () => {
  const wants = ["-cert", "good.pem", "-key", "good.key", "-Verify", "1", "-CAfile", "ca.pem"];
  for (
    const [version, detail] of [
      ["-tls1_2", "L6RSP the server refused the handshake"],
      ["-tls1_3", "L6RSP the server requires a client certificate"],
    ] as const
  ) {
    const server = await opensslServer(CERTIFICATES.folder, [...wants, version]);
    try {
      const verdict = await probe({ port: server.port, params: https() });
      assert.ok(said(verdict).startsWith(detail), said(verdict));
    } finally {
      await server.close();
    }
  }
});

Deno.test("probes fail at a closed port and at a full one as plain TCP ones do", async () => {
  for (const params of [ssl(), https()]) {
    assert.equal(said(await probe({ port: closedPort(), params })), "L4CON connection refused");
  }
  const server = await stall();
  try {
    for (const params of [ssl(), https()]) {
      const before = sockets();
      const cancellation = new Cancellation();
      const check = healthcheck({ port: server.port, params });
      const verdict = probeOf({ address: "127.0.0.1", healthcheck: check })(cancellation);
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(sockets(), before + 1, "the attempt hangs");
      const fromMs = performance.now();
      cancellation.cancel();
      assert.equal(said(await verdict), "L4TOUT no connection within the timeout");
      await until(() => sockets() === before);
      assert.ok(performance.now() - fromMs < 30, `took ${performance.now() - fromMs} ms`);
    }
  } finally {
    server.close();
  }
});

Deno.test("a TLS probe without a connection leaks no memory", async () => {
  const full = await stall();
  const { ca: _, ...system } = TLS;
  try {
    // The system's authorities, for they are many.
    const params: ProbeParams = { ...http(), ...system, type: "https" };
    for (const [port, cancelAfterMs] of [[closedPort(), 1000], [full.port, 5]] as const) {
      const probes = async (count: number) => {
        for (let i = 0; i < count; i += 50) {
          const runs = Array.from({ length: 50 }, () => probe({ port, params, cancelAfterMs }));
          await Promise.all(runs);
        }
        return Deno.memoryUsage().rss / 2 ** 20;
      };
      // The first ones fill what is kept for the next; 400 that stay would be 40 MiB and more.
      const grownMiB = -await probes(300) + await probes(400);
      assert.ok(grownMiB < 20, `port ${port}: ${grownMiB.toFixed(1)} MiB more`);
    }
  } finally {
    full.close();
  }
});

Deno.test("cancelling frees the socket at any stage immediately, and keeps the expiry seen", async () => {
  const silent = await notTls(() => {});
  const mute = await tlsServer(CERTIFICATES.of("good"), () => {});
  const stages: [server: NastyServer, code: string, expiry: number | undefined][] = [
    [silent, "L6TOUT", undefined],
    [mute, "L7TOUT", EXPIRY],
  ];
  try {
    for (const [server, code, expiry] of stages) {
      const before = sockets();
      const cancellation = new Cancellation();
      const check = healthcheck({ port: server.port, params: https() });
      const verdict = probeOf({ address: "127.0.0.1", healthcheck: check })(cancellation);
      await until(() => server.open() === 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const fromMs = performance.now();
      cancellation.cancel();
      const found = await verdict;
      assert.ok(performance.now() - fromMs < 10, `took ${performance.now() - fromMs} ms`);
      assert.equal(found.code, code);
      assert.equal(found.certificateExpiryMs, expiry);
      await until(() => server.open() === 0 && sockets() === before);
    }
  } finally {
    await silent.close();
    await mute.close();
  }
});

Deno.test("cancelling at any moment of a TLS probe leaves no descriptor", async () => {
  const server = await tlsServer(CERTIFICATES.of("good"));
  try {
    const before = sockets();
    const pending: Promise<Verdict>[] = [];
    for (let i = 0; i < 120; i++) {
      const cancellation = new Cancellation();
      const check = healthcheck({ port: server.port, params: i % 2 === 0 ? ssl() : https() });
      pending.push(probeOf({ address: "127.0.0.1", healthcheck: check })(cancellation));
      if (i % 12 === 0) cancellation.cancel();
      else setTimeout(() => cancellation.cancel(), i % 12);
      if (i % 20 === 19) await Promise.all(pending);
    }
    for (const verdict of await Promise.all(pending)) {
      assert.match(verdict.code, /^(L6OK|L7OK|L4TOUT|L6TOUT|L7TOUT)$/);
    }
    await until(() => server.open() === 0 && sockets() === before);
  } finally {
    await server.close();
  }
});

Deno.test("an endless body over TLS is closed when enough was read", async () => {
  let sent = 0;
  const block = new Uint8Array(16 * 1024).fill(0x78);
  const server = await tlsServer(CERTIFICATES.of("good"), (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    const more = () => {
      do sent += block.length; while (!socket.destroyed && socket.write(block));
    };
    socket.on("drain", more);
    more();
  });
  try {
    for (const [responseRegexp, code] of [["", "L7OK"], ["y", "L7STS"], ["x", "L7OK"]] as const) {
      const verdict = await probe({ port: server.port, params: https({ responseRegexp }) });
      assert.equal(verdict.code, code);
      await until(() => server.open() === 0);
    }
    assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were taken`);
  } finally {
    await server.close();
  }
});
