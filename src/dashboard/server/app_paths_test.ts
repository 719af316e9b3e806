/**
 * The dashboard's handler, row by row of the table of paths: right, wrong, without login, from
 * another origin. There are no sockets.
 */
import assert from "node:assert/strict";
import { ODD_NAME, SECRET } from "../../../tests/support/fakes/fake_hub.ts";
import {
  type AskOptions,
  DashboardWorld,
  POST,
  PUT,
  READ,
  smallAssets,
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
  { target: "/view/api/history/lb1?results=0", status: 200, text: /"code":"0"/ },
  { target: "/view/api/history/lb1", status: 200, text: /"code":"20"/ },
  {
    target: "/view/api/explain/lb1/backends/nginx0",
    status: 200,
    text: /"text":"paused by an operator: update"/,
    headers: JSON_FIELDS,
  },
  { target: "/view/api/explain/lb1/frontends/web", status: 200, text: /"servers":\[\]/ },
  { target: "/view/api/timeline/lb1", status: 200, text: /"next_before":7/, headers: JSON_FIELDS },
  {
    target: "/view/api/timeline/lb1?backend=a%2Fb&before=9&frontend=",
    status: 200,
    text: /"query":"\{\\"backend\\":\\"a\/b\\",\\"before\\":9\}"/,
  },
  { target: "/view/?kiosk&x=1", status: 200 },
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
  { target: "/view/api/timeline/lb9", status: 404 },
  { target: "/view/api/timeline", status: 404 },
  { target: "/view/api/explain/lb1", status: 404 },
  { target: "/view/api/explain/lb9/backends/nginx0", status: 404 },
  { target: "/view/api/explain/lb1/pools/main", status: 404 },
  { target: "/view/api/explain/lb1/__proto__/x", status: 404 },
  { target: "/view/api/explain/lb1/backends/x", status: 404, text: /no backend x/ },
  { target: "/view/api/explain/lb1/frontends/x", status: 502, text: /too old for it/ },
  { target: "/view/api/events?since=nonsense", status: 400, text: /"message":"since: / },
  ...[
    ["events?since=", /"since: need EPOCH-SEQ/],
    ["events?since=e1-1&since=e1-2", /"since: given twice"/],
    ["events?shwo=lb1", /"shwo: unknown parameter; known are since, show"/],
    ["history/lb1?results=-1", /"results: need 0, for none; all are sent when it is left out"/],
    ["history/lb1?results=20", /"results: need 0/],
    ["history/lb1?results=", /"results: need 0/],
    ["history/lb1?results=0&results=0", /"results: given twice"/],
    ["history/lb1?limit=1", /"limit: unknown parameter; known are results"/],
    ["timeline/lb1?before=0", /"before: need the id of a record, at least 1"/],
    ["timeline/lb1?before=1e3", /"before: need the id/],
    ["timeline/lb1?before=9007199254740993", /"before: need the id/],
    ["timeline/lb1?backend=a&backend=b", /"backend: given twice"/],
    [`timeline/lb1?backend=${"x".repeat(129)}`, /"backend: need a name of at most 128 characters"/],
    ["timeline/lb1?since=1", /"since: unknown parameter; known are backend, frontend, before"/],
    ["explain/lb1/backends/nginx0?x=1", /"x: unknown parameter/],
    ["state?x=1", /"x: unknown parameter; this path takes no parameters"/],
    ["state/lb1?__proto__=1", /"__proto__: unknown parameter/],
    ["problems?maglevd=lb1", /"maglevd: unknown parameter/],
    ["version?%00", /unknown parameter/],
  ].map(([target, text]): Row => ({
    target: `/view/api/${target}`,
    status: 400,
    text: text as RegExp,
  })),
  { target: "/view/", options: { method: "POST" }, status: 405, headers: { Allow: /^GET, HEAD$/ } },
  { target: "/healthz", options: { method: "PUT" }, status: 405 },
  { target: "/view/api/state", options: { method: "POST" }, status: 405 },
  // The tree of viewers has no actions.
  { target: "/view/api/lb1/sync", options: { method: "POST", body: {} }, status: 404 },
  { target: "/view/api/lb1/backends/nginx0/pause", options: { method: "POST" }, status: 404 },
];

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
  {
    target: "/admin/api/lb1/plan",
    options: { ...POST, body: { action: "drain", backend: "b", then: "pause", force: false } },
    status: 200,
  },
  {
    target: "/admin/api/lb1/backends/nginx0/drain",
    options: { ...POST, body: { for_ms: 60_000, then: "disable", force: true } },
    status: 200,
  },
  {
    target: "/admin/api/lb1/intents/i%2F1/cancel",
    options: { ...POST, body: { reason: "r" } },
    status: 200,
  },
  {
    target: "/admin/api/lb1/intents/1/cancel",
    options: { ...POST, body: { for_ms: 1 } },
    status: 400,
    text: /for_ms: unknown field; known are reason/,
  },
  { target: "/admin/api/lb1/intents//cancel", options: POST, status: 404 },
  { target: "/admin/api/lb1/intents/1", options: POST, status: 404 },
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
    ["a duration beyond int64", { for_ms: 9_000_000_000_001 }, /"for_ms: .* to 9000000000000"/],
    ["an end beyond int64", { until_ms: 2 ** 53 - 1 }, /"until_ms: .* at most 9000000000000"/],
    ["a deep array", `{"reason":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, /"reason: need/],
    ["a prototype", '{"__proto__": {"reason": "x"}}', /"__proto__: unknown field/],
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
    [{ action: "pause", backend: "b", force: true }, /"force: only a plan of a drain has it"/],
    [{ action: "drain", backend: "b", then: "x" }, /"then: need pause or disable"/],
    [{ action: "drain", backend: "b", until_ms: 9 }, /"until_ms: a drain has for_ms"/],
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
  const body = options.body === undefined ? "" : ` ${JSON.stringify(options.body).slice(0, 100)}`;
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

Deno.test("what only operators may see is under admin alone", async () => {
  const world = new DashboardWorld({ assets: ASSETS });
  for (const { target } of OPEN) {
    assert.ok(!(await world.ask(target)).text.includes(SECRET), target);
  }
  for (
    const path of [
      "state",
      "state/lb1",
      "state/lb1/backends/nginx0",
      "explain/lb1/backends/nginx0",
      "explain/lb1/frontends/web",
      "timeline/lb1",
    ]
  ) {
    // In this order: what an operator was sent before is not what a viewer is sent.
    assert.ok((await world.ask(`/admin/api/${path}`, READ)).text.includes(SECRET), path);
    assert.ok(!(await world.ask(`/view/api/${path}`)).text.includes(SECRET), path);
  }
});
