/** The parts of the server that judge one thing each, over the inputs that are easy to get wrong. */
import assert from "node:assert/strict";
import type { MonotonicMs } from "../../base/instant.ts";
import { clientOf, parseTrustedProxies } from "./client.ts";
import { FailedLogins, MAX_ADDRESSES, MAX_FAILURES, WINDOW_MS } from "./failed_logins.ts";
import { acceptsGzip, isJsonType, matchesTag } from "./headers.ts";
import { Login } from "./login.ts";
import { isSameOrigin } from "./origin.ts";
import { SharedJson } from "./shared_json.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { basic } from "../../../tests/support/worlds/dashboard_handler.ts";

Deno.test("acceptsGzip() reads weights as RFC 9110 has them", () => {
  for (const yes of ["gzip", "GZIP", "br, gzip", "gzip;q=0.1", "*", "*;q=0.1", "x-gzip"]) {
    assert.ok(acceptsGzip(yes), yes);
  }
  for (const no of [undefined, "", "br", "gzip;q=0", "gzip; q=0.0, *", "identity", "*;q=0"]) {
    assert.ok(!acceptsGzip(no), String(no));
  }
});

Deno.test("matchesTag() compares weakly, and with every tag of a list", () => {
  for (const yes of ['"a"', 'W/"a"', '"b", "a"', "*", ' "b",W/"a" ']) {
    assert.ok(matchesTag(yes, '"a"'), yes);
  }
  for (const no of [undefined, "", "a", '"A"', '"ab"', '"b"']) {
    assert.ok(!matchesTag(no, '"a"'), String(no));
  }
});

Deno.test("isJsonType() accepts parameters, and no other type", () => {
  assert.ok(isJsonType("application/json"));
  assert.ok(isJsonType("application/json;charset=utf-8"));
  for (const no of [undefined, "", "text/json", "application/json5", "application/jsonx;a=b"]) {
    assert.ok(!isJsonType(no), String(no));
  }
});

Deno.test("Login takes user and password as UTF-8, colons in the password included", () => {
  const login = new Login({ user: "jö", password: "a:b:ü" });
  assert.deepEqual(login.check(basic("jö", "a:b:ü")), { user: "jö" });
  assert.deepEqual(login.check(basic("jö", "a:b:ü").replace("Basic", "bAsIc")), { user: "jö" });
  assert.equal(login.check(undefined), "absent");
  const wrong = [
    "",
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic =",
    "Bearer abc",
    `Basic ${btoa("nocolon")}`,
    `Basic ${btoa("\xff\xfe:x")}`,
    basic("jö", "a:b:u"),
    basic("jo", "a:b:ü"),
    basic("", ""),
    basic("jö", ""),
    basic("jö", "a:b:ü "),
    `${basic("jö", "a:b:ü")} x`,
    basic("jö", "x".repeat(10_000)),
  ];
  for (const authorization of wrong) {
    assert.equal(login.check(authorization), "wrong", authorization.slice(0, 80));
  }
});

Deno.test("isSameOrigin() compares host and port, and leaves the scheme", () => {
  const same = (origin: string, host: string | undefined) =>
    isSameOrigin({ secFetchSite: undefined, origin, host });
  assert.ok(same("https://a.example", "a.example"));
  assert.ok(same("https://a.example", "a.example:443"));
  assert.ok(same("http://[2001:db8::1]:8080", "[2001:db8::1]:8080"));
  assert.ok(same("http://[2001:db8::1]", "[2001:DB8::1]:80"));
  assert.ok(!same("https://a.example", "a.example:80"));
  assert.ok(!same("http://a.example", "a.example:8080"));
  assert.ok(!same("http://b@a.example", "a.example"));
  assert.ok(!same("http://a.example/", "a.example"));
  assert.ok(!same("ftp://a.example", "a.example"));
  assert.ok(!same("", "a.example"));
  assert.ok(!same("http://a.example", undefined));
});

const at = (ms: number) => ms as MonotonicMs;

Deno.test("FailedLogins counts within a minute that moves", () => {
  const failed = new FailedLogins();
  for (let n = 0; n < MAX_FAILURES - 1; n++) failed.add("a", at(n * 1000));
  assert.equal(failed.blockedMs("a", at(9000)), 0);
  // The first two are too old to count.
  failed.add("a", at(WINDOW_MS + 1500));
  assert.equal(failed.blockedMs("a", at(WINDOW_MS + 1500)), 0);
  failed.add("a", at(WINDOW_MS + 1600));
  failed.add("a", at(WINDOW_MS + 1700));
  assert.equal(failed.blockedMs("a", at(WINDOW_MS + 1700)), 300);
  assert.equal(failed.blockedMs("a", at(WINDOW_MS + 2000)), 0);
  assert.equal(failed.blockedMs("b", at(0)), 0);
});

Deno.test("FailedLogins keeps a bounded number of addresses, and forgets old ones", () => {
  const failed = new FailedLogins();
  for (let n = 0; n < MAX_FAILURES; n++) failed.add("blocked", at(1));
  for (let n = 0; n < 3 * MAX_ADDRESSES; n++) failed.add(`a${n}`, at(2));
  assert.equal(failed.size, MAX_ADDRESSES);
  failed.add("last", at(WINDOW_MS + 3));
  assert.equal(failed.size, 1);
});

Deno.test("parseTrustedProxies() takes addresses, prefixes and unix", () => {
  for (const good of ["", "10.0.0.1", "10.0.0.0/8, ::1,fd00::/8", "unix", "0.0.0.0/0"]) {
    assert.ok(typeof parseTrustedProxies(good) !== "string", good);
  }
  for (const bad of ["10.0.0.0/33", "::/129", "host", "10.0.0.1/", "10.0.0.1/x", "fe80::1%eth0"]) {
    assert.match(String(parseTrustedProxies(bad)), /^cannot use ".*": need an address/, bad);
  }
});

const FORWARDED:
  readonly (readonly [proxies: string, peer: string, forwarded: string, is: string])[] = [
    ["", "10.0.0.1", "192.0.2.1", "10.0.0.1"],
    ["10.0.0.1", "10.0.0.1", "192.0.2.1", "192.0.2.1"],
    ["10.0.0.0/9", "10.127.0.1", "192.0.2.1", "192.0.2.1"],
    ["10.0.0.0/9", "10.128.0.1", "192.0.2.1", "10.128.0.1"],
    ["fd00::/8", "fd00::1", "2001:db8::1", "2001:db8::1"],
    // The last hop that is not trusted: what stands before it may be invented.
    ["10.0.0.0/8", "10.0.0.1", "1.1.1.1, 192.0.2.1, 10.9.9.9", "192.0.2.1"],
    ["10.0.0.0/8", "10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"],
    ["10.0.0.0/8", "10.0.0.1", "192.0.2.1:4711", "192.0.2.1"],
    ["10.0.0.0/8", "10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"],
    ["10.0.0.0/8", "10.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"],
    ["10.0.0.0/8", "10.0.0.1", "192.0.2.1, unknown", "10.0.0.1"],
    ["10.0.0.0/8", "10.0.0.1", 'evil"><, 10.3.3.3', "10.3.3.3"],
    ["10.0.0.0/8", "10.0.0.1", "", "10.0.0.1"],
    ["unix", "unix", "192.0.2.1", "192.0.2.1"],
    ["", "unix", "192.0.2.1", "unix"],
    ["unix", "unix", "", "unix"],
  ];

Deno.test("clientOf() believes trusted proxies alone", () => {
  for (const [trusted, host, forwarded, expected] of FORWARDED) {
    const proxies = parseTrustedProxies(trusted);
    assert.ok(typeof proxies !== "string");
    const client = clientOf({
      peer: host === "unix" ? { kind: "unix" } : { kind: "tcp", host, port: 1 },
      headers: new Map([["x-forwarded-for", forwarded]]),
      encrypted: false,
    }, proxies);
    assert.equal(client.address, expected, `${trusted} ${host} ${forwarded}`);
  }
});

Deno.test("SharedJson keeps a bounded number of answers for half a second", async () => {
  const clock = new FakeClock();
  const shared = new SharedJson(clock);
  let made = 0;
  const get = (key: string) => shared.get(key, () => ({ n: ++made }));
  const one = await get("a");
  assert.equal(await get("a"), one);
  clock.advance(499);
  assert.equal(await get("a"), one);
  clock.advance(1);
  assert.notEqual(await get("a"), one);
  for (let n = 0; n < 300; n++) await get(`k${n}`);
  const before = made;
  await get("k0");
  assert.equal(made, before + 1, "the oldest gave way");
  await get("k299");
  assert.equal(made, before + 1);
});
