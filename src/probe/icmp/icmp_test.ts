/** The ICMP prober with real sockets on loopback, where the kernel answers. */
import assert from "node:assert/strict";
import { healthcheck } from "../../../tests/support/worlds/healthcheck.ts";
import { ICMP_SKIPPED, icmpTest } from "../../../tests/support/servers/icmp_test_case.ts";
import { openShim, type ShimResult } from "../../../ffi/open.ts";
import { IcmpProber, type IcmpProberOptions } from "./icmp.ts";
import type { Verdict } from "../outcome.ts";
import { Cancellation } from "../prober.ts";

async function withProber(
  fn: (prober: IcmpProber, probe: (address: string) => Promise<Verdict>) => Promise<void>,
  options: IcmpProberOptions = {},
): Promise<void> {
  const prober = new IcmpProber(options);
  // A minute: results that depend on the timeout never come in this test.
  const check = healthcheck({ params: { type: "icmp" }, port: 0, timeoutMs: 60_000 });
  try {
    await fn(
      prober,
      (address) => prober.prober({ address, healthcheck: check })(new Cancellation()),
    );
  } finally {
    await prober.close();
  }
}

icmpTest("IcmpProber receives replies as they arrive, over many rounds with pauses", async () => {
  await withProber(async (_, probe) => {
    for (let round = 0; round < 20; round++) {
      for (const address of ["127.0.0.1", "::1"]) {
        assert.deepEqual((await probe(address)).code, "L7OK");
      }
      if (round % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
});

icmpTest("IcmpProber keeps thousands apart", async () => {
  await withProber(async (_, probe) => {
    const addresses = Array.from({ length: 5000 }, (_, i) => `127.2.${i >> 8}.${i & 255}`);
    for (let start = 0; start < addresses.length; start += 200) {
      const verdicts = await Promise.all(addresses.slice(start, start + 200).map(probe));
      assert.ok(verdicts.every(({ code }) => code === "L7OK"));
    }
  });
});

icmpTest(
  "IcmpProber voids what was under way when its sockets are renewed, and goes on",
  async () => {
    await withProber(async (prober, probe) => {
      const before = probe("127.0.0.1");
      const reset = prober.reset("the namespace has vanished");
      const during = probe("127.0.0.1");
      assert.deepEqual([(await before).inconclusive, (await before).detail], [
        true,
        "the namespace has vanished",
      ]);
      assert.equal((await during).inconclusive, true);
      await reset;
      assert.equal((await probe("127.0.0.1")).code, "L7OK");
    });
  },
);

icmpTest("IcmpProber names the missing interface of a scoped address", async () => {
  await withProber(async (_, probe) => {
    assert.deepEqual((await probe("fe80::1%nosuch")).detail, "this host has no interface nosuch");
    assert.equal((await probe("fe80::1%999999")).code, "L4CON");
  });
});

Deno.test("IcmpProber without the shim is inconclusive, and probes once it is present", async () => {
  const absent: ShimResult = { kind: "error", reason: "absent", message: "no shim" };
  let result: () => ShimResult = () => absent;
  await withProber(async (_, probe) => {
    const { detail, inconclusive, lack } = await probe("127.0.0.1");
    assert.deepEqual([detail, inconclusive, lack], ["no shim", true, "shim"]);
    if (ICMP_SKIPPED !== "") return;
    result = openShim;
    assert.equal((await probe("127.0.0.1")).code, "L7OK");
  }, { open: () => result() });
});
