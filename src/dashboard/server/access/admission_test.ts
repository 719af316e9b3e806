/** Who is let in: the login, too many wrong ones, other origins, foreign names of the host. */
import assert from "node:assert/strict";
import {
  type AskOptions,
  basic,
  DashboardWorld,
  PASSWORD,
  POST,
  READ,
  USER,
} from "../../../../tests/support/worlds/dashboard_handler.ts";

Deno.test("the realm names a login that is not encrypted", async () => {
  const realm = async (options: AskOptions, proxies = "") => {
    const world = new DashboardWorld({ proxies });
    return (await world.ask("/admin/", options)).headers["WWW-Authenticate"];
  };
  const secret = 'Basic realm="vpp-maglev", charset="UTF-8"';
  assert.equal(await realm({ encrypted: true }), secret);
  assert.equal(await realm({ peer: "127.0.0.1" }), secret);
  assert.equal(await realm({ peer: "::1" }), secret);
  assert.equal(await realm({ peer: { kind: "unix" } }), secret);
  const forwarded = (proto: string): AskOptions => ({
    peer: "10.0.0.1",
    headers: { "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": proto },
  });
  assert.equal(await realm(forwarded("https"), "10.0.0.0/8"), secret);
  assert.match((await realm(forwarded("http"), "10.0.0.0/8"))!, /not encrypted/);
  // Not a trusted proxy: anyone may send the field.
  assert.match((await realm(forwarded("https")))!, /not encrypted/);
});

Deno.test("--admin-requires-tls refuses what is not encrypted, also with the right login", async () => {
  const world = new DashboardWorld({ adminRequiresTls: true, proxies: "10.0.0.1" });
  assert.equal((await world.ask("/admin/api/state", READ)).status, 403);
  assert.equal((await world.ask("/admin/api/state", { ...READ, peer: "127.0.0.1" })).status, 403);
  assert.equal((await world.ask("/admin/api/state", { ...READ, encrypted: true })).status, 200);
  const proxied = { ...READ, peer: "10.0.0.1", headers: { "x-forwarded-proto": "https" } };
  assert.equal((await world.ask("/admin/api/state", proxied)).status, 200);
  assert.equal((await world.ask("/view/api/state")).status, 200);
});

Deno.test("an action of another origin, or not of JSON, is forbidden and not done", async () => {
  const world = new DashboardWorld();
  const refused: Readonly<Record<string, string>>[] = [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
    { "sec-fetch-site": "cross-site", origin: "http://lb.example.net" },
    { origin: "http://evil.example" },
    { origin: "http://lb.example.net:8080" },
    { origin: "http://lb.example.net.evil.example" },
    { origin: "null" },
    { "content-type": "text/plain" },
    { "content-type": "application/x-www-form-urlencoded" },
    { "content-type": "application/jsonp" },
    { "content-type": "" },
  ];
  for (const headers of refused) {
    const { status, text } = await world.ask("/admin/api/lb1/sync", { ...POST, headers });
    assert.equal(status, 403, JSON.stringify(headers));
    assert.match(text, /"code":"permission-denied"/);
  }
  assert.deepEqual(world.hub.asked, []);
  const allowed: Readonly<Record<string, string>>[] = [
    {},
    { "sec-fetch-site": "same-origin", origin: "http://lb.example.net" },
    { origin: "http://lb.example.net" },
    { origin: "https://LB.example.net" },
    { origin: "http://lb.example.net", host: "lb.example.net:80" },
    { origin: "http://lb.example.net:8080", host: "lb.example.net:8080" },
    { "content-type": "Application/JSON; charset=utf-8" },
  ];
  for (const headers of allowed) {
    const { status } = await world.ask("/admin/api/lb1/sync", { ...POST, headers });
    assert.equal(status, 200, JSON.stringify(headers));
  }
  assert.equal(world.hub.asked.length, allowed.length);
});

Deno.test("the host that a trusted proxy names is the one that origins are compared with", async () => {
  const world = new DashboardWorld({ proxies: "10.0.0.1" });
  const headers = {
    host: "127.0.0.1:8080",
    "x-forwarded-host": "lb.example.net",
    origin: "https://lb.example.net",
  };
  const through = (peer: string) => world.ask("/admin/api/lb1/sync", { ...POST, peer, headers });
  assert.equal((await through("10.0.0.1")).status, 200);
  assert.equal((await through("10.0.0.2")).status, 403);
});

Deno.test("ten wrong logins block an address for a minute, right ones included", async () => {
  const world = new DashboardWorld();
  const wrong = (peer: string) =>
    world.ask("/admin/", { peer, headers: { authorization: basic(USER, "guess") } });
  for (let attempt = 0; attempt < 10; attempt++) {
    assert.equal((await wrong("2001:db8:1:2::1")).status, 401);
    world.clock.advance(1000);
  }
  const blocked = await wrong("2001:db8:1:2::1");
  assert.equal(blocked.status, 429);
  assert.equal(blocked.headers["Retry-After"], "50");
  assert.match(blocked.text, /"code":"resource-exhausted"/);
  // The right one too, and from the rest of the /64; not from elsewhere.
  const right = (peer: string) => world.ask("/admin/api/version", { ...READ, peer });
  assert.equal((await right("2001:db8:1:2:ffff::9")).status, 429);
  assert.equal((await right("2001:db8:1:3::1")).status, 200);
  assert.equal((await right("192.0.2.1")).status, 200);
  // What needs no login goes on.
  assert.equal((await world.ask("/view/api/state", { peer: "2001:db8:1:2::1" })).status, 200);
  world.clock.advance(50_000);
  assert.equal((await right("2001:db8:1:2::1")).status, 200);
  const logged = world.logger.records.filter(({ event }) => event === "dashboard-login-failed");
  assert.equal(logged.length, 10);
  assert.equal(logged[9]!.fields["blocked-ms"], 51_000);
  assert.ok(!JSON.stringify(world.logger.records).includes("guess"));
  const metrics = (await world.ask("/metrics")).text;
  assert.match(metrics, /^maglev_dashboard_logins_failed_total 10$/m);
  assert.match(metrics, /^maglev_dashboard_logins_blocked_total 2$/m);
});

Deno.test("an attacker behind a trusted proxy blocks only its own address", async () => {
  const world = new DashboardWorld({ proxies: "10.0.0.0/8" });
  const from = (client: string, password: string) =>
    world.ask("/admin/api/version", {
      peer: "10.0.0.1",
      headers: { authorization: basic(USER, password), "x-forwarded-for": client },
    });
  for (let attempt = 0; attempt < 10; attempt++) {
    // What the attacker itself sends stands before what the proxy adds.
    await from(`203.0.113.${attempt}, 198.51.100.66`, "guess");
  }
  assert.equal((await from("198.51.100.66", PASSWORD)).status, 429);
  assert.equal((await from("203.0.113.1", PASSWORD)).status, 200);
});

Deno.test("a foreign name of the host is refused with the flag to set, before anything else", async () => {
  const world = new DashboardWorld();
  const foreign = { host: "evil.example:8080" };
  const targets = ["/", "/view/", "/view/api/state", "/view/api/events", "/admin/", "/nothing"];
  for (const target of targets) {
    const { status, text, headers } = await world.ask(target, { headers: foreign });
    assert.equal(status, 421, target);
    assert.match(text, /"code":"misdirected-request"/);
    assert.match(
      text,
      /cannot answer for the host evil\.example: .*--allowed-hosts=evil\.example,/,
    );
    assert.equal(headers["Cache-Control"], "no-store");
  }
  // A page of that name does nothing with a login, and its wrong ones block no operator.
  const acts = { ...POST, headers: { ...foreign, origin: "http://evil.example:8080" } };
  assert.equal((await world.ask("/admin/api/lb1/sync", acts)).status, 421);
  for (let attempt = 0; attempt < 20; attempt++) {
    await world.ask("/admin/", { headers: { ...foreign, authorization: basic(USER, "guess") } });
  }
  assert.equal((await world.ask("/admin/", READ)).status, 503, "without a build");
  assert.deepEqual(world.hub.asked, []);
  // The browser has compared the name with the certificate.
  const headers = foreign;
  assert.equal((await world.ask("/view/api/state", { headers, encrypted: true })).status, 200);
  // Programs call these two by any name.
  for (const target of ["/healthz", "/metrics"]) {
    assert.equal((await world.ask(target, { headers })).status, 200);
  }
});

Deno.test("behind a trusted proxy the host is the one that the proxy itself names", async () => {
  const world = new DashboardWorld({ proxies: "10.0.0.1" });
  const state = async (headers: Readonly<Record<string, string>>, peer = "10.0.0.1") => {
    const proxied = { peer, headers: { host: "127.0.0.1:8080", ...headers } };
    return (await world.ask("/view/api/state", proxied)).status;
  };
  assert.equal(await state({ "x-forwarded-host": "lb.example.net" }), 200);
  assert.equal(await state({ "x-forwarded-host": "evil.example" }), 421);
  const https = { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" };
  assert.equal(await state(https), 200);
  // What the client itself sent stands before what the proxy adds.
  assert.equal(await state({ "x-forwarded-host": "lb1, evil.example" }), 421);
  assert.equal(await state({ ...https, "x-forwarded-proto": "https, http" }), 421);
  // Not a trusted proxy: its fields do not count.
  assert.equal(await state(https, "10.0.0.2"), 200);
  assert.equal(await state({ ...https, host: "evil.example" }, "10.0.0.2"), 421);
});
