/**
 * The dashboard's handler, row by row of the table of paths: right, wrong, without login, from
 * another origin. There are no sockets.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { ODD_NAME, SECRET } from "../../../tests/support/fakes/fake_hub.ts";
import {
  type AskOptions,
  basic,
  DashboardWorld,
  PASSWORD,
  smallAssets,
  USER,
} from "../../../tests/support/worlds/dashboard_handler.ts";

const ASSETS = await smallAssets();
const ODD = encodeURIComponent(ODD_NAME);
const WEIGHT = "/admin/api/lb1/frontends/web/pools/main/backends/nginx0/weight";

interface Row {
  readonly target: string;
  readonly options?: AskOptions;
  readonly status: number;
  /** In the body. */
  readonly text?: RegExp;
  readonly headers?: Readonly<Record<string, RegExp>>;
}

const JSON_FIELDS = { "Content-Type": /^application\/json$/, "Cache-Control": /^no-store$/ };
const HTML = /^text\/html; charset=utf-8$/;

/** Paths that need no login. */
const OPEN: readonly Row[] = [
  { target: "/", status: 302, headers: { Location: /^view\/$/, "Cache-Control": /^no-store$/ } },
  { target: "/?kiosk&x=1", status: 302, headers: { Location: /^view\/\?kiosk&x=1$/ } },
  { target: "/view", status: 302, headers: { Location: /^view\/$/ } },
  {
    target: "/view/",
    status: 200,
    text: /src="\.\/assets\/index-a1\.js"/,
    headers: { "Content-Type": HTML, "Cache-Control": /^no-store$/ },
  },
  {
    target: "/view/assets/index-a1.js",
    status: 200,
    text: /^export const page/,
    headers: {
      "Content-Type": /^text\/javascript/,
      "Cache-Control": /^public, max-age=31536000, immutable$/,
    },
  },
  { target: "/view/plain.txt", status: 200, headers: { "Cache-Control": /^no-cache$/ } },
  {
    target: "/view/api/state",
    status: 200,
    text: /"epoch":"e1"/,
    headers: { ETag: /^"e1-1-viewer/ },
  },
  { target: "/view/api/state/lb1", status: 200, text: /"name":"lb1"/, headers: JSON_FIELDS },
  { target: `/view/api/state/${ODD}`, status: 200, text: /"name":"rack 2\/é"/ },
  { target: "/view/api/state/lb1/backends/nginx0", status: 200, text: /"transitions":\[\]/ },
  { target: "/view/api/history/lb1", status: 200, text: /"slot_ms":10000/, headers: JSON_FIELDS },
  { target: "/view/api/maglevds", status: 200, text: /^\[\{"name":"lb1","address"/ },
  { target: "/view/api/version", status: 200, text: /"commit":"c0ffee".*"admin":true/ },
  { target: "/view/api/problems", status: 200, text: /nginx0 is paused/ },
  { target: "/healthz", status: 200, text: /"alive":true/ },
  {
    target: "/metrics",
    status: 200,
    text: /^maglev_dashboard_maglevd_connected\{maglevd="lb1"\} 1$/m,
    headers: { "Content-Type": /^text\/plain; version=0\.0\.4/ },
  },
  { target: "/favicon.ico", status: 200, headers: { "Content-Type": /^image\/svg\+xml$/ } },
  // Wrong
  { target: "/nothing", status: 404, text: /"code":"not-found"/ },
  { target: "//view/", status: 404 },
  { target: "/view//", status: 404 },
  { target: "/View/", status: 404 },
  { target: "/view/index.html", status: 404 },
  { target: "/view/assets/", status: 404 },
  { target: "/view/assets/../index.html", status: 404 },
  { target: "/view/assets/%2e%2e/plain.txt", status: 404 },
  { target: "/view/assets%2findex-a1.js", status: 404 },
  { target: "/view/..%2f..%2fetc/passwd", status: 404 },
  { target: "/view/\\..\\plain.txt", status: 404 },
  { target: "/view/__proto__", status: 404 },
  { target: "/view/api/", status: 404 },
  { target: "/view/api/states", status: 404 },
  { target: "/view/api/state/", status: 404 },
  { target: "/view/api/state/lb9", status: 404, text: /no maglevd is called \\"lb9\\"/ },
  { target: "/view/api/state/%2e%2e", status: 404 },
  { target: "/view/api/state/%zz", status: 404 },
  { target: "/view/api/state/%ff", status: 404 },
  { target: "/view/api/state/__proto__", status: 404 },
  { target: "/view/api/state/lb1/backends/x", status: 404, text: /no backend x/ },
  { target: "/view/api/state/lb1/backends/", status: 404 },
  { target: "/view/api/state/lb1/frontends/x", status: 404 },
  { target: "/view/api/history/lb9", status: 404 },
  { target: "/view/api/events?since=nonsense", status: 400, text: /"message":"since: / },
  { target: "/view/", options: { method: "POST" }, status: 405, headers: { Allow: /^GET, HEAD$/ } },
  { target: "/healthz", options: { method: "PUT" }, status: 405 },
  { target: "/view/api/state", options: { method: "POST" }, status: 405 },
  // The tree of viewers has no actions.
  { target: "/view/api/lb1/sync", options: { method: "POST", body: {} }, status: 404 },
  { target: "/view/api/lb1/backends/nginx0/pause", options: { method: "POST" }, status: 404 },
];

const POST: AskOptions = { method: "POST", body: {}, login: true };
const PUT: AskOptions = { method: "PUT", body: { weight: 50 }, login: true };
const READ: AskOptions = { login: true };

/** Paths that need a login; right and wrong ones. */
const ADMIN: readonly Row[] = [
  { target: "/admin", options: READ, status: 302, headers: { Location: /^admin\/$/ } },
  {
    target: "/admin/",
    options: READ,
    status: 200,
    text: /src="\.\.\/view\/assets\/index-a1\.js"/,
    headers: { "Content-Type": HTML, "Cache-Control": /^no-store$/ },
  },
  { target: "/admin/api/state", options: READ, status: 200, headers: { ETag: /operator/ } },
  { target: "/admin/api/state/lb1", options: READ, status: 200 },
  { target: "/admin/api/state/lb1/backends/nginx0", options: READ, status: 200 },
  { target: "/admin/api/maglevds", options: READ, status: 200 },
  ...["pause", "resume", "enable", "disable"].map((action): Row => ({
    target: `/admin/api/lb1/backends/nginx0/${action}`,
    options: POST,
    status: 200,
    text: /^\{"ok":true,"backend":/,
    headers: JSON_FIELDS,
  })),
  { target: WEIGHT, options: PUT, status: 200 },
  { target: WEIGHT, options: { ...PUT, body: { weight: "file" } }, status: 200 },
  { target: "/admin/api/lb1/sync", options: POST, status: 200 },
  { target: "/admin/api/lb1/sync", options: { ...POST, body: { frontend: "web" } }, status: 200 },
  { target: "/admin/api/lb1/sync", options: { ...POST, body: "" }, status: 200 },
  {
    target: "/admin/api/lb1/plan",
    options: { ...POST, body: { action: "disable", backend: "nginx0", for_ms: 1 } },
    status: 200,
    text: /"command":"maglevc"/,
  },
  {
    target: "/admin/api/lb1/plan",
    options: {
      ...POST,
      body: { action: "weight", backend: "b", frontend: "f", pool: "p", weight: 5 },
    },
    status: 200,
  },
  { target: `/admin/api/${ODD}/backends/a%2Fb/pause`, options: POST, status: 200 },
  // Wrong
  { target: "/admin/nothing", options: READ, status: 404 },
  { target: "/admin/assets/index-a1.js", options: READ, status: 404 },
  { target: "/admin/api/lb9/sync", options: POST, status: 404, text: /no maglevd/ },
  { target: "/admin/api/lb1/backends/nginx0/stop", options: POST, status: 404 },
  { target: "/admin/api/lb1/backends//pause", options: POST, status: 404 },
  { target: "/admin/api/lb1/sync", options: READ, status: 405, headers: { Allow: /^POST$/ } },
  { target: WEIGHT, options: POST, status: 405, headers: { Allow: /^PUT$/ } },
  {
    target: "/admin/api/state/sync",
    options: { ...PUT, body: {} },
    status: 405,
    headers: { Allow: /^GET, HEAD, POST$/ },
  },
  ...[
    ["not JSON", "{", /the body is not JSON/],
    ["an array", [], /not a JSON object/],
    ["an unknown field", { resaon: "x" }, /"resaon: unknown field; known are reason, for_ms/],
    ["a reason that is not a text", { reason: 5 }, /"reason: need a text"/],
    ["a duration of 0", { for_ms: 0 }, /"for_ms: need a whole number of milliseconds/],
    ["a duration with a fraction", { for_ms: 1.5 }, /"for_ms: /],
    ["an end that is a text", { until_ms: "now" }, /"until_ms: need a Unix time/],
    ["two ends", { for_ms: 1, until_ms: 2 }, /"until_ms: cannot be given together with for_ms"/],
  ].map(([, body, text]): Row => ({
    target: "/admin/api/lb1/backends/nginx0/pause",
    options: { ...POST, body },
    status: 400,
    text: text as RegExp,
  })),
  ...[-1, 101, 1.5, "50", null].map((weight): Row => ({
    target: WEIGHT,
    options: { ...PUT, body: { weight } },
    status: 400,
    text: /"weight: need a whole number from 0 to 100, or \\"file\\""/,
  })),
  { target: WEIGHT, options: { ...PUT, body: {} }, status: 400, text: /"weight: it is missing"/ },
  ...[
    [{ backend: "b" }, /"action: it is missing"/],
    [{ action: "stop", backend: "b" }, /"action: need one of pause, /],
    [{ action: "pause", backend: "" }, /"backend: need a name"/],
    [{ action: "pause", backend: "b", weight: 5 }, /"weight: only a plan of a weight has it"/],
    [{ action: "weight", backend: "b", weight: 5, pool: "p" }, /"frontend: a plan of a weight/],
  ].map(([body, text]): Row => ({
    target: "/admin/api/lb1/plan",
    options: { ...POST, body },
    status: 400,
    text: text as RegExp,
  })),
];

/** Fields of every answer. */
const ALWAYS: Readonly<Record<string, RegExp>> = {
  "Content-Security-Policy": /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
  "X-Content-Type-Options": /^nosniff$/,
  "X-Frame-Options": /^DENY$/,
  "Referrer-Policy": /^same-origin$/,
};

async function checkRow(world: DashboardWorld, row: Row): Promise<void> {
  const answered = await world.ask(row.target, row.options);
  assert.equal(answered.status, row.status, answered.text);
  for (const [name, value] of Object.entries({ ...ALWAYS, ...row.headers })) {
    assert.match(answered.headers[name] ?? "(absent)", value, name);
  }
  if (row.text !== undefined) assert.match(answered.text, row.text);
  if (row.status >= 400) {
    const { error } = answered.json as { error: { code: string; message: string } };
    assert.ok(error.code !== "" && error.message !== "");
  }
}

function nameOf({ target, options = {}, status }: Row): string {
  const body = options.body === undefined ? "" : ` ${JSON.stringify(options.body)}`;
  return `${options.method ?? "GET"} ${target}${body}: ${status}`;
}

Deno.test("every path that needs no login answers as the table has it", async (t) => {
  for (const row of OPEN) {
    await t.step(nameOf(row), () => checkRow(new DashboardWorld({ assets: ASSETS }), row));
  }
});

Deno.test("every path that needs a login answers as the table has it", async (t) => {
  for (const row of ADMIN) {
    await t.step(nameOf(row), () => checkRow(new DashboardWorld({ assets: ASSETS }), row));
  }
});

Deno.test("the paths of admin ask for a login, and do nothing without it", async () => {
  const world = new DashboardWorld({ assets: ASSETS });
  for (const { target, options = {} } of ADMIN) {
    const { status, headers, text } = await world.ask(target, { ...options, login: false });
    assert.equal(status, 401, target);
    assert.equal(
      headers["WWW-Authenticate"],
      'Basic realm="vpp-maglev (not encrypted)", charset="UTF-8"',
    );
    assert.equal(headers["Cache-Control"], "no-store");
    assert.match(text, /"code":"unauthenticated"/);
  }
  assert.deepEqual(world.hub.asked, []);
  // Browsers ask once without credentials: none of these was a failed login.
  assert.equal((await world.ask("/admin/", READ)).status, 200);
});

Deno.test("without a login configured the whole tree of admin is not there", async () => {
  const world = new DashboardWorld({ assets: ASSETS, login: false });
  for (const { target, options = {} } of ADMIN) {
    assert.equal((await world.ask(target, options)).status, 404, target);
  }
  assert.deepEqual(world.hub.asked, []);
  assert.match((await world.ask("/view/api/version")).text, /"admin":false/);
});

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

Deno.test("actions reach the hub as they were asked for, with the user", async () => {
  const world = new DashboardWorld();
  const body = { reason: "update", for_ms: 3_600_000 };
  await world.ask(`/admin/api/${ODD}/backends/a%2Fb/disable`, { ...POST, body });
  await world.ask(WEIGHT, { ...PUT, body: { weight: 0, until_ms: 1_800_000_000_000 } });
  await world.ask("/admin/api/lb1/sync", { ...POST, body: { frontend: "web", reason: "r" } });
  await world.ask("/admin/api/lb1/plan", {
    ...POST,
    body: { action: "weight", backend: "b", frontend: "f", pool: "p", weight: "file" },
  });
  const end = { reason: undefined, forMs: undefined, untilMs: undefined };
  assert.deepEqual(world.hub.asked, [
    {
      maglevd: ODD_NAME,
      method: "act",
      request: { kind: "disable", backend: "a/b", ...end, reason: "update", forMs: 3_600_000 },
      user: USER,
    },
    {
      maglevd: "lb1",
      method: "setWeight",
      request: {
        frontend: "web",
        pool: "main",
        backend: "nginx0",
        weight: 0,
        ...end,
        untilMs: 1_800_000_000_000,
      },
      user: USER,
    },
    { maglevd: "lb1", method: "sync", request: { frontend: "web", reason: "r" }, user: USER },
    {
      maglevd: "lb1",
      method: "plan",
      request: { kind: "weight", backend: "b", frontend: "f", pool: "p", weight: "file", ...end },
      user: USER,
    },
  ]);
});

Deno.test("every action leaves a record with user and client, also one that was refused", async () => {
  const world = new DashboardWorld({ proxies: "10.0.0.1" });
  const proxied: AskOptions = {
    ...POST,
    peer: "10.0.0.1",
    headers: { "x-forwarded-for": "198.51.100.7" },
    body: { reason: "update", for_ms: 60_000 },
  };
  await world.ask("/admin/api/lb1/backends/nginx0/pause", proxied);
  world.hub.refusal = new MaglevError("failed-precondition", "nginx0 is disabled");
  await world.ask("/admin/api/lb1/backends/nginx0/pause", proxied);
  assert.deepEqual(
    world.logger.records.map(({ level, event, fields }) => [level, event, fields.result]),
    [["info", "dashboard-action", "ok"], ["info", "dashboard-action", "failed-precondition"]],
  );
  const { fields } = world.logger.records[0]!;
  assert.deepEqual(fields, {
    action: "pause",
    maglevd: "lb1",
    backend: "nginx0",
    reason: "update",
    "for-ms": 60_000,
    until: undefined,
    user: USER,
    peer: "198.51.100.7",
    result: "ok",
    err: undefined,
  });
  const metrics = (await world.ask("/metrics")).text;
  assert.match(metrics, /maglev_dashboard_actions_total\{action="pause",result="ok"\} 1/);
});

Deno.test("what a maglevd refuses has a status of its own", async () => {
  const statuses = [
    ["invalid-argument", 400],
    ["permission-denied", 403],
    ["unauthenticated", 403],
    ["not-found", 404],
    ["failed-precondition", 409],
    ["aborted", 409],
    ["resource-exhausted", 429],
    ["unavailable", 502],
    ["unimplemented", 502],
    ["internal", 502],
    ["deadline-exceeded", 504],
  ] as const;
  for (const [code, expected] of statuses) {
    const world = new DashboardWorld();
    world.hub.refusal = new MaglevError(code, "as maglevd words it");
    const { status, json } = await world.ask("/admin/api/lb1/sync", POST);
    assert.equal(status, expected, code);
    assert.deepEqual(json, { error: { code, message: "as maglevd words it" } });
  }
});

Deno.test("what only operators may see is under admin alone", async () => {
  const world = new DashboardWorld({ assets: ASSETS });
  for (const { target } of OPEN) {
    assert.ok(!(await world.ask(target)).text.includes(SECRET), target);
  }
  for (const path of ["state", "state/lb1", "state/lb1/backends/nginx0"]) {
    // In this order: what an operator was sent before is not what a viewer is sent.
    assert.ok((await world.ask(`/admin/api/${path}`, READ)).text.includes(SECRET), path);
    assert.ok(!(await world.ask(`/view/api/${path}`)).text.includes(SECRET), path);
  }
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

Deno.test("a state that has not changed is not sent again, and both forms have tags of their own", async () => {
  const world = new DashboardWorld();
  const state = (headers: Readonly<Record<string, string>>) =>
    world.ask("/view/api/state", { headers });
  const gzip = await state({ "accept-encoding": "gzip" });
  const plain = await state({});
  assert.equal(gzip.headers["Content-Encoding"], "gzip");
  assert.equal(plain.headers["Content-Encoding"], undefined);
  assert.equal(gzip.text, plain.text);
  assert.notEqual(gzip.headers["ETag"], plain.headers["ETag"]);
  assert.equal(gzip.headers["Vary"], "Accept-Encoding");
  assert.equal(gzip.headers["Cache-Control"], "no-cache");
  for (const { headers } of [gzip, plain]) {
    const encoding: Record<string, string> = headers["Content-Encoding"] === "gzip"
      ? { "accept-encoding": "br, gzip;q=0.5" }
      : { "accept-encoding": "gzip;q=0" };
    const again = await state({ ...encoding, "if-none-match": `"x", W/${headers["ETag"]}` });
    assert.deepEqual([again.status, again.text], [304, ""]);
    assert.equal(again.headers["ETag"], headers["ETag"]);
    world.hub.version++;
    assert.equal((await state({ ...encoding, "if-none-match": headers["ETag"]! })).status, 200);
    world.hub.version--;
  }
});

Deno.test("large answers are compressed for clients that take it", async () => {
  const world = new DashboardWorld();
  world.hub.backendCount = 100;
  const accepts = { headers: { "accept-encoding": "gzip, br" } };
  const { headers } = await world.ask("/view/api/state/lb1", accepts);
  assert.equal(headers["Content-Encoding"], "gzip");
  const small = await world.ask("/view/api/version", accepts);
  assert.equal(small.headers["Content-Encoding"], undefined);
  const plain = await world.ask("/view/api/state/lb1");
  assert.equal(plain.headers["Content-Encoding"], undefined);
});

Deno.test("a client that asks often costs a maglevd one call in half a second", async () => {
  const world = new DashboardWorld();
  const details = () => world.ask("/view/api/state/lb1/backends/nginx0");
  await Promise.all(Array.from({ length: 100 }, details));
  assert.equal(world.hub.backendCalls, 1);
  world.clock.advance(500);
  await details();
  assert.equal(world.hub.backendCalls, 2);
  // After an action the operator sees its effect.
  await world.ask("/admin/api/lb1/backends/nginx0/pause", POST);
  await details();
  assert.equal(world.hub.backendCalls, 3);
});

Deno.test("without a build the page is a sentence, and all else is served", async () => {
  const world = new DashboardWorld({ assets: undefined });
  const page = await world.ask("/view/");
  assert.equal(page.status, 503);
  assert.equal(page.text, "the dashboard's page is not built; run `deno task setup`\n");
  assert.equal((await world.ask("/view/assets/index-a1.js")).status, 404);
  assert.equal((await world.ask("/view/api/state")).status, 200);
});
