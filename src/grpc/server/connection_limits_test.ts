import assert from "node:assert/strict";
import { ConnectionLimits } from "./connection_limits.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const C = "192.0.2.3";

Deno.test("ConnectionLimits has separate bounds for this host, each other host, and all other hosts", () => {
  const limits = new ConnectionLimits({ local: 2, remote: 5, perHost: 3 });
  const admitted = (host: string, local = false) => limits.admit(host, local) === undefined;
  for (let i = 0; i < 3; i++) assert.ok(admitted(A));
  assert.equal(limits.admit(A, false), "3 connections from that host already open");
  assert.ok(admitted(B) && admitted(B));
  assert.equal(limits.admit(B, false), "5 connections from other hosts already open");
  assert.ok(admitted("127.0.0.1", true) && admitted("::1", true), "strangers keep nobody out");
  assert.equal(limits.admit("::1", true), "2 connections from this host already open");
  limits.release(A, false);
  assert.ok(admitted(C));
  assert.ok(!admitted(C));
  limits.release("::1", true);
  assert.ok(admitted("127.0.0.1", true));
});

Deno.test("ConnectionLimits does not count refused connections, and frees released ones", () => {
  const limits = new ConnectionLimits({ local: 1, remote: 2, perHost: 1 });
  for (let i = 0; i < 10; i++) {
    assert.equal(limits.admit(A, false), undefined);
    assert.notEqual(limits.admit(A, false), undefined);
    assert.equal(limits.admit(B, false), undefined);
    assert.notEqual(limits.admit(C, false), undefined);
    limits.release(A, false);
    limits.release(B, false);
  }
});
