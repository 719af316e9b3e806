/**
 * The contract of one kind of probe, against servers on loopback: verdicts in both families, the
 * source address, deadline and cancellation, bounds, and failures that are not the server's.
 */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import type { ProbeParams } from "../../src/config/model.ts";
import type { Verdict } from "../../src/probe/outcome.ts";
import { Cancellation, type ProbeSpec } from "../../src/probe/prober.ts";
import { until } from "../support/judges/until.ts";
import { sockets } from "../support/servers/sockets.ts";
import { healthcheck } from "../support/worlds/healthcheck.ts";

/** A server that is running. */
export interface KindServer {
  readonly port: number;
  /** Addresses from which requests came, in order. */
  readonly clients: readonly string[];
  close(): Promise<unknown>;
}

/** One kind of probe. */
export interface KindCase {
  readonly name: string;
  readonly params: ProbeParams;
  /** Runs one probe. */
  readonly probe: (spec: ProbeSpec, cancellation: Cancellation) => Promise<Verdict>;
  /** A server that passes. */
  readonly good: (hostname: string) => Promise<KindServer>;
  /** Takes requests and never answers. */
  readonly silent: (hostname: string) => Promise<KindServer>;
  /** Answers without end, and with nothing that passes. */
  readonly endless: (hostname: string) => Promise<KindServer>;
  /** Sends these bytes in answer to anything, then closes. */
  readonly saying: (bytes: Uint8Array) => Promise<KindServer>;
  readonly pass: string;
  readonly timedOut: RegExp;
  /** Words that are not of the protocol are ignored, and do not fail the probe. */
  readonly ignoresWords?: true;
  /** The verdict on an endless server. */
  readonly tooMuch: RegExp;
  readonly closedPort: (hostname: string) => number | Promise<number>;
  /** The verdict at a closed port. */
  readonly refused: string;
}

const FAMILIES = [
  { hostname: "127.0.0.1", source: "127.0.0.9" },
  { hostname: "::1", source: "::1" },
];

/** Cancellation must end a probe within this time (20-health: 10 ms), on a machine that is busy. */
const PROMPT_MS = 10;

/** Far longer than an answer takes on a busy machine. */
const PATIENCE_MS = 30_000;

function said({ code, detail }: Verdict): string {
  return detail === "" ? code : `${code} ${detail}`;
}

/** Registers the suite for one kind. */
export function probeKindContract(kind: KindCase): void {
  const { name, params } = kind;
  const run = (
    at: { address: string; port: number; source?: string },
    cancellation = new Cancellation(),
  ) => {
    const source = at.source === undefined ? undefined : parseIp(at.source);
    const check = healthcheck({
      port: at.port,
      params,
      // An answer over UDP that comes later does not count.
      timeoutMs: PATIENCE_MS,
      probeIpv4Src: source?.family === 4 ? source : undefined,
      probeIpv6Src: source?.family === 6 ? source : undefined,
    });
    return kind.probe({ address: at.address, healthcheck: check }, cancellation);
  };
  const during = async (server: Promise<KindServer>, fn: (server: KindServer) => Promise<void>) => {
    const running = await server;
    try {
      await fn(running);
    } finally {
      await running.close();
    }
  };

  Deno.test(`${name}: a good server passes in both families, also from a source address`, async () => {
    for (const { hostname: address, source } of FAMILIES) {
      await during(kind.good(address), async ({ port, clients }) => {
        const before = sockets();
        for (const from of [undefined, source]) {
          const verdict = await run({
            address,
            port,
            ...(from === undefined ? {} : { source: from }),
          });
          assert.equal(said(verdict), kind.pass);
          assert.deepEqual([verdict.ok, verdict.inconclusive], [true, false]);
          if (from !== undefined) assert.equal(clients.at(-1), from);
        }
        await until(() => sockets() <= before, { what: "the probes left a socket" });
      });
    }
  });

  Deno.test(`${name}: a source address that this host lacks makes the probe void`, async () => {
    await during(kind.good("127.0.0.1"), async ({ port }) => {
      const verdict = await run({ address: "127.0.0.1", port, source: "203.0.113.77" });
      assert.deepEqual([verdict.inconclusive, verdict.lack], [true, "source-address"]);
      assert.match(verdict.detail, /source address 203\.0\.113\.77 is not on this host/);
    });
  });

  Deno.test(`${name}: a closed port fails with its reason in both families`, async () => {
    for (const { hostname: address } of FAMILIES) {
      const verdict = await run({ address, port: await kind.closedPort(address) });
      assert.equal(said(verdict), kind.refused);
      assert.equal(verdict.inconclusive, false);
    }
  });

  Deno.test(`${name}: cancellation at a silent server ends the probe and its socket promptly`, async () => {
    for (const { hostname: address, source } of FAMILIES) {
      await during(kind.silent(address), async ({ port, clients }) => {
        for (const from of [undefined, source]) {
          const before = sockets();
          // On a busy machine one may be late.
          const tookMs: number[] = [];
          while (tookMs.length < 30 && Math.min(...tookMs) >= PROMPT_MS) {
            const cancellation = new Cancellation();
            const { length } = clients;
            const at = { address, port, ...(from === undefined ? {} : { source: from }) };
            const verdict = run(at, cancellation);
            await until(() => clients.length > length);
            const fromMs = performance.now();
            cancellation.cancel();
            assert.match(said(await verdict), kind.timedOut);
            tookMs.push(performance.now() - fromMs);
          }
          assert.ok(tookMs.at(-1)! < PROMPT_MS, `took ${tookMs} ms`);
          await until(() => sockets() <= before, { what: "the probe left a socket" });
        }
      });
    }
  });

  Deno.test(`${name}: cancellation before and at the start ends the probe, and the object serves again`, async () => {
    await during(kind.good("127.0.0.1"), async ({ port }) => {
      const cancellation = new Cancellation();
      cancellation.cancel();
      const first = await run({ address: "127.0.0.1", port }, cancellation);
      assert.match(first.code, /TOUT$/);
      cancellation.rearm();
      const pending = run({ address: "127.0.0.1", port }, cancellation);
      cancellation.cancel();
      assert.match((await pending).code, /TOUT$/);
      cancellation.rearm();
      assert.equal(said(await run({ address: "127.0.0.1", port }, cancellation)), kind.pass);
    });
  });

  Deno.test(`${name}: an answer without end is bounded`, async () => {
    await during(kind.endless("127.0.0.1"), async ({ port }) => {
      const cancellation = new Cancellation();
      // Only where nothing of it counts does the probe last until the timeout.
      const timeoutMs = kind.tooMuch.source.includes("TOUT") ? 500 : PATIENCE_MS;
      const timer = setTimeout(() => cancellation.cancel(), timeoutMs);
      const verdict = await run({ address: "127.0.0.1", port }, cancellation);
      clearTimeout(timer);
      assert.match(said(verdict), kind.tooMuch);
      assert.equal(verdict.inconclusive, false);
    });
  });

  Deno.test(`${name}: garbage fails or is ignored, is the server's fault, and none of it is shown`, async () => {
    const texts = [
      "",
      "\0\0\0\0\0\0\0\0\0",
      "SECRET\r\n\r\n",
      "HTTP/1.1 200 OK",
      "\xff".repeat(300),
    ];
    for (const text of texts) {
      const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
      await during(kind.saying(bytes), async ({ port }) => {
        const cancellation = new Cancellation();
        const timer = setTimeout(() => cancellation.cancel(), 150);
        const verdict = await run({ address: "127.0.0.1", port }, cancellation);
        clearTimeout(timer);
        if (kind.ignoresWords !== true) assert.equal(verdict.ok, false, said(verdict));
        assert.equal(verdict.inconclusive, false, said(verdict));
        assert.ok(!/SECRET|[^\x20-\x7e]/.test(verdict.detail), verdict.detail);
      });
    }
  });
}
