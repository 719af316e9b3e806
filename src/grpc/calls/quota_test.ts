import assert from "node:assert/strict";
import { StreamQuota, tooManyWatchers } from "./quota.ts";

const TRUSTED = { trusted: true };
const UNTRUSTED = { trusted: false };

Deno.test("StreamQuota keeps the places of trusted and untrusted callers apart", () => {
  const quota = new StreamQuota({ trusted: 2, untrusted: 1 });
  const leave = quota.take(UNTRUSTED);
  assert.ok(leave !== undefined);
  assert.equal(quota.take(UNTRUSTED), undefined);
  const first = quota.take(TRUSTED);
  assert.ok(first !== undefined && quota.take(TRUSTED) !== undefined);
  assert.equal(quota.take(TRUSTED), undefined);
  leave();
  assert.equal(quota.take(TRUSTED), undefined, "a place of untrusted callers stays theirs");
  assert.ok(quota.take(UNTRUSTED) !== undefined);
  first();
  first();
  assert.ok(quota.take(TRUSTED) !== undefined);
  assert.equal(quota.take(TRUSTED), undefined, "a place is given back once");
});

Deno.test("tooManyWatchers() names the limit that is reached", () => {
  const limits = { trusted: 2, untrusted: 1 };
  assert.equal(
    tooManyWatchers(TRUSTED, limits).message,
    "cannot watch: 2 watchers already connected",
  );
  assert.match(
    tooManyWatchers(UNTRUSTED, limits).message,
    /^cannot watch: 1 watchers without credentials/,
  );
  assert.equal(tooManyWatchers(TRUSTED, limits).code, "resource-exhausted");
});
