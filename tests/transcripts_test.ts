/**
 * The codecs against recordings of a real VPP: every recorded message is decoded and encoded
 * again, and must come out as the same bytes.
 */
import assert from "node:assert/strict";
import { ALL_MESSAGES } from "../src/vpp/wire/messages.ts";
import type { MessageCodec } from "../src/vpp/wire/codec.ts";

const FOLDER = new URL("../../shared/vpp/transcripts/", import.meta.url);

interface Recorded {
  readonly message: string;
  readonly hex: string;
}

/** Recorded files in sorted order; empty without recordings next to the checkout. */
function recordings(): string[] {
  try {
    return [...Deno.readDirSync(FOLDER)].map((entry) => entry.name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** By table key; the handshake's messages, which have fixed ids, are recorded by bare name. */
function codecOf(message: string): MessageCodec<unknown> | undefined {
  return ALL_MESSAGES.find((codec) => codec.key === message || codec.name === message);
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const files = recordings();
const absent = files.length === 0 ? " (skipped: ../shared/vpp/transcripts is absent)" : "";

for (const file of files) {
  Deno.test(`every message of ${file} decodes and encodes to the same bytes`, async () => {
    const recorded: Recorded[] = JSON.parse(await Deno.readTextFile(new URL(file, FOLDER)));
    assert.ok(recorded.length > 0);
    for (const [index, { message, hex }] of recorded.entries()) {
      const codec = codecOf(message);
      assert.ok(codec !== undefined, `no codec for ${message}`);
      const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
      const { header, body } = codec.decode(bytes);
      assert.equal(hexOf(codec.encode(header, body)), hex, `${file}, message ${index}: ${message}`);
    }
  });
}

Deno.test({
  name: `the recordings cover requests and replies of the lb plugin${absent}`,
  ignore: files.length === 0,
  fn() {
    assert.ok(files.includes("dumps.json") && files.includes("connect.json"), files.join(" "));
  },
});
