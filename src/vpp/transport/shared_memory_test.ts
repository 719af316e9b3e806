import assert from "node:assert/strict";
import { openShim } from "../../../ffi/open.ts";
import type { ApiPeer } from "../../../tests/support/servers/api_listener.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { FULL_TABLE } from "../../../tests/support/fakes/memory_transport.ts";
import {
  buildStandIn,
  SharedMemoryPeer,
} from "../../../tests/support/servers/shared_memory_peer.ts";
import { type ErrorCode, MaglevError } from "../../base/errors.ts";
import { SystemClock } from "../../system/system_clock.ts";
import type { Transport } from "../ports.ts";
import { memclntKeepalive, memclntKeepaliveReply } from "../wire/messages.ts";
import type { OpenTransportOptions } from "./opening.ts";
import { badSharedMemory, connectSharedMemory, isSharedMemory } from "./shared_memory.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const OPTIONS: OpenTransportOptions = {
  clientName: "test",
  deadlineMs: 10_000,
  clock: new SystemClock(),
};

/** Ids of messages that make the fake library misbehave (vppapiclient.c). */
const MISCHIEF = { crash: 0xfff0, longLie: 0xfff1, emptyLie: 0xfff2, throwAway: 0xfff3 };

/** A message that is not a request of VPP's API. */
function message(id: number, ...rest: number[]): Uint8Array {
  return Uint8Array.of(id >>> 8, id, 0, 0, 0, 0, ...rest);
}

async function withPeer(
  body: (shared: SharedMemoryPeer) => Promise<void>,
  options: { library?: string } = {},
): Promise<void> {
  await buildStandIn();
  const shared = new SharedMemoryPeer(options);
  try {
    await body(shared);
  } finally {
    shared.dispose();
  }
}

interface Connected {
  readonly shared: SharedMemoryPeer;
  readonly peer: ApiPeer;
  readonly transport: Transport;
  /** The reason why the transport ended. */
  readonly ended: Promise<string>;
}

async function withConnected(
  body: (connected: Connected) => Promise<void>,
  options: { pid?: number } = {},
): Promise<void> {
  await withPeer(async (shared) => {
    const [peer, transport] = await Promise.all([shared.accept(options), shared.connect(OPTIONS)]);
    const ended = new Promise<string>((resolve) => transport.onEnd = resolve);
    try {
      await body({ shared, peer, transport, ended });
    } finally {
      transport.close();
      await peer.ended;
      peer.close();
    }
  });
}

async function refused(
  work: Promise<unknown>,
  text: RegExp,
  code: ErrorCode = "unavailable",
): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof MaglevError);
    assert.match(error.message, text);
    assert.equal(error.code, code, error.message);
    return true;
  });
}

Deno.test("shm: accepts the prefix of VPP's api-segment, and no path to another folder", () => {
  for (const address of ["shm:", "shm:vpp1", "shm:a.b-c_d+e"]) {
    assert.ok(isSharedMemory(address));
    assert.equal(badSharedMemory(address), undefined, address);
  }
  for (const address of ["shm:a/b", "shm:../x", "shm:a b", "shm:\0", `shm:${"x".repeat(201)}`]) {
    assert.match(badSharedMemory(address) ?? "", /need shm: or shm:PREFIX/, address);
  }
  assert.ok(!isSharedMemory("/run/vpp/api.sock") && !isSharedMemory("shm"));
});

Deno.test("connectSharedMemory names the missing library and the setting that selects it", () =>
  withPeer(
    (shared) =>
      refused(
        shared.connect(OPTIONS),
        /libvppapiclient cannot be loaded: .*nowhere.*packages vpp and libvppinfra.*MAGLEV_VPPAPICLIENT/,
      ),
    { library: "/nowhere/libvppapiclient.so" },
  ));

Deno.test("connectSharedMemory rejects another library", () =>
  withPeer(
    (shared) => refused(shared.connect(OPTIONS), /libvppapiclient has no function clib_mem_init/),
    { library: `${ROOT}build/maglev_shim.so` },
  ));

Deno.test("connectSharedMemory names the path of VPP's missing segment", () =>
  withPeer(async (shared) => {
    shared.segment.remove();
    await refused(
      shared.connect(OPTIONS),
      /cannot connect to VPP at shm:.*: cannot find \/dev\/shm\/.*-vpe-api: VPP does not run, or/,
    );
  }));

Deno.test("connectSharedMemory passes on the library's error", () =>
  withPeer(async (shared) => {
    shared.segment.make("/nowhere.sock");
    await refused(
      shared.connect(OPTIONS),
      /vac_connect gives -1 \("vl_client_connect:1: nobody answers"\)/,
    );
  }));

Deno.test("connectSharedMemory survives a library that aborts its process", () =>
  withPeer((shared) =>
    refused(shared.connect({ ...OPTIONS, clientName: "abort" }), /libvppapiclient crashed/)
  ));

Deno.test("connectSharedMemory reports a missing shim or bridge", async () => {
  const error = { kind: "error", reason: "absent", message: "no shim" } as const;
  const without = connectSharedMemory("shm:", { ...OPTIONS, openShim: () => error });
  await refused(without, /cannot connect to VPP at shm:: no shim/);

  const folder = await Deno.makeTempDir();
  const before = Deno.env.get("MAGLEV_SHIM");
  try {
    await Deno.copyFile(`${ROOT}build/maglev_shim.so`, `${folder}/maglev_shim.so`);
    Deno.env.set("MAGLEV_SHIM", `${folder}/maglev_shim.so`);
    const opened = openShim();
    const alone = connectSharedMemory("shm:", { ...OPTIONS, openShim: () => opened });
    await refused(alone, /cannot find maglev_vac_bridge next to the shim; run `deno task setup`/);
  } finally {
    if (before === undefined) Deno.env.delete("MAGLEV_SHIM");
    else Deno.env.set("MAGLEV_SHIM", before);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("connectSharedMemory gives up a library that hangs, at its deadline or by its signal", () =>
  withPeer(async (shared) => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const options = { ...OPTIONS, clientName: "hang", clock, signal: controller.signal };
    const late = shared.connect(options);
    clock.advance(10_000);
    await refused(late, /within 10000 ms/, "deadline-exceeded");
    const stopped = shared.connect(options);
    controller.abort();
    await refused(stopped, /given up/, "aborted");
  }));

Deno.test("a VPP that restarts while the library waits for the old one is detected", () =>
  withPeer(async (shared) => {
    const connecting = shared.connect({ ...OPTIONS, clientName: "hang" });
    // Restarts can be detected once the bridge has seen the first segment.
    const timer = setInterval(() => shared.makeSegment(), 50);
    await refused(connecting, /VPP was restarted/).finally(() => clearInterval(timer));
  }));

Deno.test("a killed VPP is detected by its process", async () => {
  const vpp = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  try {
    await withConnected(async ({ ended }) => {
      vpp.kill("SIGKILL");
      assert.equal(await ended, `VPP (process ${vpp.pid}) ended`);
    }, { pid: vpp.pid });
  } finally {
    await vpp.status;
  }
});

Deno.test("a restarted VPP is detected by its segment", () =>
  withConnected(async ({ shared, ended }) => {
    shared.makeSegment();
    assert.equal(await ended, "VPP was restarted");
  }));

const LAST_WORDS: [mischief: keyof typeof MISCHIEF, reason: RegExp][] = [
  ["crash", /^libvppapiclient crashed$/],
  ["longLie", /^VPP sent a message of impossible length$/],
  ["emptyLie", /^VPP sent a message of impossible length$/],
];
for (const [mischief, reason] of LAST_WORDS) {
  Deno.test(`a fault of VPP in the library ends only the transport: ${mischief}`, () =>
    withConnected(async ({ peer, ended }) => {
      await peer.send(message(MISCHIEF[mischief]));
      assert.match(await ended, reason);
    }));
}

Deno.test("a message that the library discards does not stop the transport", () =>
  withConnected(async ({ peer, transport }) => {
    const next = new Promise<Uint8Array>((resolve) => {
      transport.onMessage = (bytes) => resolve(bytes.slice());
    });
    await peer.send(message(MISCHIEF.throwAway), message(7, 1, 2));
    assert.deepEqual(await next, message(7, 1, 2));
  }));

Deno.test("keepalives are answered by the library and not passed to the transport", () =>
  withConnected(async ({ peer, transport }) => {
    transport.onMessage = () => assert.fail("a keepalive came through");
    const id = FULL_TABLE.get(memclntKeepalive.key) ?? 0;
    await peer.send(memclntKeepalive.encode({ id, clientIndex: 1, context: 77 }, {}));
    const [reply] = await peer.take(1);
    assert.equal(memclntKeepaliveReply.decode(reply!).header.context, 77);
  }));

Deno.test("a request that is too long for VPP's memory ends the transport", () =>
  withConnected(async ({ transport, ended }) => {
    transport.send(new Uint8Array(256 * 1024 + 1));
    assert.match(await ended, /too long for VPP's shared memory/);
  }));

Deno.test("the bridge empties VPP's queue before it disconnects, so that VPP never waits for it", () =>
  withConnected(async ({ peer, transport }) => {
    transport.onMessage = () => transport.close();
    const batch = Array.from({ length: 2000 }, () => new Uint8Array(10_000));
    await peer.send(message(7), ...batch);
    await peer.ended;
  }));
