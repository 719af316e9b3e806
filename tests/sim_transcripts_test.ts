/**
 * The simulator against recordings of a real VPP. With that VPP's message table, pid and version,
 * it must reply to every recorded request with the recorded bytes. No byte is masked; the clock is
 * set to VPP's, because the second of a removal is in the dumps.
 */
import assert from "node:assert/strict";
import {
  controlPingReply,
  showVersionReply,
  sockclntCreateReply,
} from "../src/vpp/wire/messages.ts";
import { startSimulator } from "../src/sim/api_server.ts";
import { FakeClock } from "./support/fakes/fake_clock.ts";
import { rawClient } from "./support/servers/raw_api_client.ts";

const FOLDER = new URL("../../shared/vpp/transcripts/", import.meta.url);

/** In the order in which they were recorded, with the second at which VPP was then. */
const SESSION: readonly (readonly [string, number])[] = [
  ["connect", 0],
  ["info", 0],
  ["lb-conf", 0],
  ["vip-add", 0],
  ["as-program", 0],
  ["dumps", 0],
  ["show-lb-vips-verbose", 0],
  ["removed-vip", 4],
  ["remove-missing-vip", 4],
];

interface Recorded {
  readonly dir: "send" | "recv";
  readonly message: string;
  readonly hex: string;
}

function recording(name: string): Recorded[] {
  return JSON.parse(Deno.readTextFileSync(new URL(`${name}.json`, FOLDER)));
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function recorded(file: string, message: string): Uint8Array {
  const found = recording(file).find((entry) => entry.message.startsWith(message));
  assert.ok(found !== undefined, `${message} in ${file}`);
  return bytesOf(found.hex);
}

function exists(): boolean {
  try {
    return Deno.statSync(FOLDER).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const absent = exists() ? "" : " (skipped: ../shared/vpp/transcripts is absent)";

Deno.test({
  name: `simulator replies to every recorded request byte for byte${absent}`,
  ignore: !exists(),
  async fn() {
    const connect = sockclntCreateReply.decode(recorded("connect", "sockclnt_create_reply")).body;
    const ping = controlPingReply.decode(recorded("info", "control_ping_reply")).body;
    const version = showVersionReply.decode(recorded("info", "show_version_reply")).body;
    const folder = Deno.makeTempDirSync();
    const clock = new FakeClock();
    const simulator = await startSimulator({
      path: `${folder}/api.sock`,
      clock,
      version,
      pid: ping.vpePid,
      messageTable: new Map(connect.messageTable.map(({ name, index }) => [name, index])),
    });
    const client = await rawClient(simulator.path);
    try {
      for (const [file, second] of SESSION) {
        clock.advance(second * 1000 - clock.monotonicMs());
        for (const [i, { dir, message, hex }] of recording(file).entries()) {
          if (dir === "send") await client.send(bytesOf(hex));
          else assert.equal(hexOf(await client.receive()), hex, `${file}, ${i}: ${message}`);
        }
      }
      assert.equal(client.unread, 0, "nothing more came");
    } finally {
      client.close();
      await simulator.stop();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
