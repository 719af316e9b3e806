import assert from "node:assert/strict";
import { MAX_SERVERS, parseServers } from "./addresses.ts";

const GOOD: [string, string[]][] = [
  ["localhost:9090", ["localhost:9090"]],
  ["host", ["host:9090"]],
  [":7000", ["localhost:7000"]],
  ["192.0.2.1", ["192.0.2.1:9090"]],
  ["[2001:db8::1]:7000", ["[2001:db8::1]:7000"]],
  ["[2001:db8::1]", ["[2001:db8::1]:9090"]],
  ["2001:db8::1", ["[2001:db8::1]:9090"]],
  ["fe80::1%eth0", ["[fe80::1%eth0]:9090"]],
  ["unix:/run/x.sock", ["unix:/run/x.sock"]],
  ["a, b:1 ,unix:/c", ["a:9090", "b:1", "unix:/c"]],
];

Deno.test("parseServers() gives each address its port", () => {
  for (const [text, expected] of GOOD) assert.deepEqual(parseServers(text), expected, text);
});

const BAD: [string, RegExp][] = [
  ["", /^cannot use "": need host:port/],
  ["a,,b", /^cannot use "": /],
  ["a:0", /^cannot use "a:0": need a port from 1/],
  ["a:99999", /need a port of at most 65535/],
  ["1.2.3", /1\.2\.3 is not an IPv4 address/],
  ["a,b,a:9090", /^a:9090 is given twice$/],
  [":9090,localhost", /^localhost:9090 is given twice$/],
  ["http://a", /need host:port/],
  ["unix:x", /absolute path/],
  [Array.from({ length: MAX_SERVERS + 1 }, (_, i) => `h${i}`).join(), /need at most 64 servers/],
];

Deno.test("parseServers() reports the error", () => {
  for (const [text, expected] of BAD) {
    const result = parseServers(text);
    assert.ok(typeof result === "string", text);
    assert.match(result, expected);
  }
});
