/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import {
  formatPlace,
  formatSearch,
  parseBase,
  parsePlace,
  parseUrl,
  readCookie,
} from "./url_state.ts";

Deno.test("filter and search go to the address and come back", () => {
  const url = parseUrl("?q=web+80&show=down,held,differ,nonsense&kiosk", "");
  assert.equal(url.filter.search, "web 80");
  assert.deepEqual([...url.filter.show], ["down", "held"]);
  assert.equal(url.differing, true);
  assert.equal(url.kiosk, true);
  assert.equal(formatSearch(url, "?kiosk=1&x=y"), "?kiosk=1&x=y&q=web+80&show=down,held,differ");
});

Deno.test("an empty filter leaves no trace, and other parameters stay", () => {
  const filter = { show: new Set<never>(), search: "" };
  const open = { filter, differing: false, kiosk: false, timeline: undefined };
  assert.equal(formatSearch(open, "?q=a&show=down"), "");
  assert.equal(formatSearch(open, "?q=a&x=y"), "?x=y");
  assert.equal(parseUrl("?kiosk=0", "").kiosk, false);
});

Deno.test("an open history is in the address, whatever its names are", () => {
  const { place: _, ...url } = parseUrl("?kiosk", "");
  for (
    const timeline of [{ lb: "lb1" }, { lb: "a/b", backend: "100% /é" }, { lb: "x", frontend: "f" }]
  ) {
    const search = formatSearch({ ...url, timeline }, "?kiosk=1&history=old");
    assert.deepEqual(parseUrl(search, "").timeline, timeline);
  }
  const timeline = { lb: "lb1", backend: "nginx0" };
  assert.equal(formatSearch({ ...url, timeline }, ""), "?history=lb1/backend/nginx0");
  for (const bad of ["", "/", "lb1/pool/x", "lb1/backend", "%E0%A4%A"]) {
    const search = `?${new URLSearchParams({ history: bad })}`;
    assert.equal(parseUrl(search, "").timeline, undefined, bad);
  }
});

Deno.test("places: names with slashes, percent signs and dots survive", () => {
  for (
    const place of [
      {},
      { lb: "lb1" },
      { lb: "lb1", frontend: "web" },
      { lb: "lb 1/2", frontend: "100%", backend: "a/../b" },
    ]
  ) assert.deepEqual(parsePlace(formatPlace(place)), place);
  assert.equal(formatPlace({ lb: "lb1", frontend: "web", backend: "nginx0" }), "#/lb1/web/nginx0");
});

Deno.test("places: what is malformed ends the place instead of failing", () => {
  assert.deepEqual(parsePlace("#/lb1/%E0%A4%A"), { lb: "lb1" });
  assert.deepEqual(parsePlace("#other"), {});
  assert.deepEqual(parsePlace(""), {});
});

Deno.test("the base is what stands before view/ or admin/", () => {
  assert.deepEqual(parseBase("/view/"), { prefix: "/", admin: false });
  assert.deepEqual(parseBase("/x/y/admin/"), { prefix: "/x/y/", admin: true });
  assert.deepEqual(parseBase("/view/view/index.html"), { prefix: "/view/", admin: false });
  assert.deepEqual(parseBase("/elsewhere"), { prefix: "/", admin: false });
});

Deno.test("readCookie() decodes, and ignores others and nonsense", () => {
  assert.equal(readCookie("a=1; maglev_scope=lb%201; b=2", "maglev_scope"), "lb 1");
  assert.equal(readCookie("xmaglev_scope=lb1", "maglev_scope"), undefined);
  assert.equal(readCookie("maglev_scope=%E0%A4%A", "maglev_scope"), undefined);
});
