/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import { intentWords } from "./intent.ts";

const NOW_MS = 1_700_000_000_000;

Deno.test("an intent in words: who, until when, why, each only where it is known", () => {
  const paused = { kind: "pause", since_ms: NOW_MS - 60_000 } as const;
  assert.equal(intentWords(paused, NOW_MS), "until an operator ends it");
  const whole = { ...paused, by: "alice", until_ms: NOW_MS + 3_580_000, reason: "new kernel" };
  assert.equal(intentWords(whole, NOW_MS), "by alice, ends in 59m 40s: new kernel");
  assert.equal(
    intentWords({ ...paused, reason: "a\u202eb" }, NOW_MS).slice(-9),
    "a\\u{202e}b".slice(-9),
  );
});
