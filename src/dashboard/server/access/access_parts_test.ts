/** What judges a request's sender, over the inputs that are easy to get wrong. */
import assert from "node:assert/strict";
import { basic } from "../../../../tests/support/worlds/dashboard_handler.ts";
import type { MonotonicMs } from "../../../base/instant.ts";
import { AllowedHosts, parseAllowedHosts } from "./allowed_hosts.ts";
import { clientOf, parseTrustedProxies } from "./client.ts";
import { FailedLogins, MAX_ADDRESSES, MAX_FAILURES, WINDOW_MS } from "./failed_logins.ts";
import { Login } from "./login.ts";
import { isSameOrigin } from "./origin.ts";

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

Deno.test("AllowedHosts accepts addresses, and names that the public DNS does not have", () => {
  const hosts = (text: string, listenHost = "") => {
    const parsed = parseAllowedHosts(text, listenHost);
    assert.ok(parsed instanceof AllowedHosts, String(parsed));
    return (host: string | undefined) => parsed.admit({ host, encrypted: false });
  };
  const plain = hosts("");
  for (
    const host of [
      ...["10.0.0.1", "10.0.0.1:8080", "[::1]:8080", "[2001:DB8::1]", "127.0.0.1"],
      ...["localhost", "LOCALHOST:8080", "x.localhost", "lb1", "lb1:8080", "lb1.", "rack_2"],
      ...["lb1.local", "lb1.corp.internal:80", "LB1.Home.Arpa.", "", undefined],
    ]
  ) {
    assert.ok(plain(host), String(host));
  }
  const foreign = [
    ...["lb1.example.net", "lb1.example.net:8080", "evil.example.", "localhost.evil.example"],
    ...["10.0.0.1.evil.example", "evil.locals", "notlocal.home.arpa.evil.example", "1.2.3"],
    ...["[::1].evil.example", "[:::]", "evil.example:80:80", "x.internal.evil.example"],
  ];
  for (const host of foreign) assert.ok(!plain(host), host);
  const named = hosts(" LB1.example.net, .pop.example.net ,", "web.example.net");
  for (
    const host of [
      "lb1.example.net:8080",
      "lb1.EXAMPLE.net.",
      "a.b.pop.example.net",
      "web.example.net",
    ]
  ) {
    assert.ok(named(host), host);
  }
  for (const host of ["lb2.example.net", "xlb1.example.net", "xpop.example.net"]) {
    assert.ok(!named(host), host);
  }
  assert.ok(hosts("*")("evil.example"));
  for (const bad of ["a b", "lb1:8080", "http://lb1", "*.example.net", "é.example", "a..b", "."]) {
    const reason = parseAllowedHosts(`ok,${bad}`, "");
    assert.match(String(reason), /^cannot use ".*": need a name without a port/, bad);
  }
});
