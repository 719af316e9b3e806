/** Every decoder against mutated and arbitrary messages. */
import assert from "node:assert/strict";
import { fuzz, mutateBytes, rounds } from "../../../tests/support/fakes/fuzz.ts";
import { MaglevError } from "../../base/errors.ts";
import type { MessageCodec } from "./codec.ts";
import { ALL_MESSAGES } from "./messages.ts";

const ROUNDS = rounds(100_000);

/** Bytes that the codec decodes, found by search, because codecs have different types. */
function sampleOf(codec: MessageCodec<unknown>): Uint8Array {
  for (let length = 2; length < 400; length++) {
    for (const fill of [0, 1, 65]) {
      const bytes = new Uint8Array(length).fill(fill, 10);
      if (decoded(codec, bytes) !== undefined) return bytes;
    }
  }
  throw new Error(`no sample of ${codec.key}`);
}

/** The decoded bytes; undefined when the decoder rejects them with a MaglevError. */
function decoded(codec: MessageCodec<unknown>, bytes: Uint8Array): unknown {
  try {
    return codec.decode(bytes);
  } catch (error) {
    if (error instanceof MaglevError && error.code === "internal") return undefined;
    throw error;
  }
}

Deno.test(`decoders return values or throw MaglevError for ${ROUNDS} mutated messages`, () => {
  const samples = ALL_MESSAGES.map((codec) => ({ codec, bytes: sampleOf(codec) }));
  const { seed, below } = fuzz(2);
  let taken = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const { codec, bytes } = samples[below(samples.length)]!;
    const mutated = mutateBytes(bytes, below);
    try {
      if (decoded(codec, mutated) !== undefined) taken++;
    } catch (error) {
      assert.fail(`seed ${seed}, round ${i}, ${codec.name} ${[...mutated]}: ${error}`);
    }
  }
  assert.ok(taken > ROUNDS / 10 && taken < ROUNDS, `${taken} of ${ROUNDS} taken`);
});
