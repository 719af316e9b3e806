import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { parseConfig } from "./parse.ts";
import { reuseEqual } from "./reuse.ts";

const TEXT = `maglev:
  healthchecks:
    web: { type: http, port: 80 }
    ping: { type: icmp }
  backends:
    a: { address: 10.0.0.1, healthcheck: web }
    b: { address: 2001:db8::2, healthcheck: ping }
  frontends:
    one: { address: 192.0.2.10, pools: [{ name: p, backends: { a: { weight: 10 } } }] }
    two: { address: 192.0.2.11, pools: [{ name: p, backends: { b: {} } }] }
`;

function finish<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

function read(text: string) {
  const result = parseConfig(text, { file: "f" });
  ok(result.kind === "ok");
  return result.config;
}

Deno.test("reuseEqual() keeps the objects of what is equal, and only those", () => {
  const inForce = read(TEXT);
  const cases: readonly [from: string, to: string, other: string][] = [
    ["maglev", "maglev", ""],
    ["port: 80", "port: 81", "web"],
    ["10.0.0.1", "10.0.0.9", "a"],
    ["::2, healthcheck: ping", "::2", "b"],
    ["weight: 10", "weight: 11", "one"],
    ["192.0.2.11, pools", "192.0.2.11, src-ip-sticky: true, pools", "two"],
    ["    one:", "    three:", "three"],
  ];
  for (const [from, to, other] of cases) {
    const next = read(TEXT.replace(from, to));
    const reused = finish(reuseEqual(next, inForce));
    deepEqual(reused, next, to);
    for (const section of ["healthchecks", "backends", "frontends"] as const) {
      deepEqual([...reused[section].keys()], [...next[section].keys()]);
      for (const [name, value] of reused[section]) {
        const known = inForce[section].get(name);
        if (name === other) notEqual(value, known, `${to}: ${name}`);
        else equal(value, known, `${to}: ${name}`);
      }
    }
  }
});

Deno.test("reuseEqual() keeps the order of the new file, and drops what it no longer has", () => {
  const lines = TEXT.split("\n");
  const turned = [...lines.slice(0, 5), lines[6], lines[5], ...lines.slice(7)].join("\n");
  const reused = finish(reuseEqual(read(turned), read(TEXT)));
  deepEqual([...reused.backends.keys()], ["b", "a"]);
  const without = TEXT.replace(/ +two:.*\n/, "");
  deepEqual([...finish(reuseEqual(read(without), read(TEXT))).frontends.keys()], ["one"]);
});
