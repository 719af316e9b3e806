import assert from "node:assert/strict";
import { bindAllAddresses, type Bound } from "./all_addresses.ts";

interface Host {
  readonly ipv6: boolean;
  readonly bindv6only?: boolean;
  /** Ports of IPv4 that other programs have. */
  readonly taken?: readonly number[];
}

/** A host's rules for binding, after Linux's: `open` are the sockets there are. */
function hostOf({ ipv6, bindv6only = false, taken = [] }: Host) {
  const open = new Set<string>();
  let next = 40_000;
  function bind(host: string, wanted: number): Promise<Bound> {
    const fail = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));
    if (host === "::" && !ipv6) return fail("EAFNOSUPPORT");
    const port = wanted === 0 ? next++ : wanted;
    const both = host === "::" && !bindv6only;
    const conflicts = (other: string) => open.has(`${other} ${port}`);
    const hasIpv4 = taken.includes(port) || conflicts("0.0.0.0");
    if (conflicts(host) || (both && hasIpv4)) return fail("EADDRINUSE");
    if (host === "0.0.0.0" && (hasIpv4 || (!bindv6only && conflicts("::")))) {
      return fail("EADDRINUSE");
    }
    const name = `${host} ${port}`;
    open.add(name);
    return Promise.resolve({ port, close: () => open.delete(name) });
  }
  return { bind, open };
}

const names = (open: ReadonlySet<string>) => [...open].sort();

Deno.test("all addresses: one socket where it accepts both families", async () => {
  const { bind, open } = hostOf({ ipv6: true });
  const { hosts, port, sockets } = await bindAllAddresses(9090, bind);
  assert.deepEqual([hosts, port, sockets.length], [["0.0.0.0", "::"], 9090, 1]);
  assert.deepEqual(names(open), [":: 9090"]);
});

Deno.test("all addresses: a socket for each family under net.ipv6.bindv6only=1", async () => {
  const { bind, open } = hostOf({ ipv6: true, bindv6only: true });
  const { hosts, port, sockets } = await bindAllAddresses(9090, bind);
  assert.deepEqual([hosts, port, sockets.length], [["0.0.0.0", "::"], 9090, 2]);
  assert.deepEqual(names(open), ["0.0.0.0 9090", ":: 9090"]);
});

Deno.test("all addresses: only IPv4 on a host without IPv6", async () => {
  const { bind, open } = hostOf({ ipv6: false });
  assert.deepEqual((await bindAllAddresses(9090, bind)).hosts, ["0.0.0.0"]);
  assert.deepEqual(names(open), ["0.0.0.0 9090"]);
});

Deno.test("all addresses: a port that another program uses on IPv4 is in use, and nothing stays open", async () => {
  for (const bindv6only of [true, false]) {
    const { bind, open } = hostOf({ ipv6: true, bindv6only, taken: [9090] });
    await assert.rejects(bindAllAddresses(9090, bind), /EADDRINUSE/);
    assert.deepEqual(names(open), []);
  }
});

Deno.test("all addresses: port 0 selects one port for both families", async () => {
  const { bind, open } = hostOf({ ipv6: true, bindv6only: true, taken: [40_000] });
  const { port } = await bindAllAddresses(0, bind);
  // 40001 showed that the first one was taken by another program.
  assert.equal(port, 40_002);
  assert.deepEqual(names(open), ["0.0.0.0 40002", ":: 40002"]);
});
