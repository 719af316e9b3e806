import assert from "node:assert/strict";
import { formatListenAddress, type ListenAddress, parseListenAddress } from "./listen_address.ts";

Deno.test("parseListenAddress() and formatListenAddress() agree on every form", () => {
  const cases: [string, ListenAddress][] = [
    [":9091", { kind: "tcp", host: "", port: 9091 }],
    ["127.0.0.1:0", { kind: "tcp", host: "127.0.0.1", port: 0 }],
    ["localhost:65535", { kind: "tcp", host: "localhost", port: 65_535 }],
    ["[::1]:80", { kind: "tcp", host: "::1", port: 80 }],
    ["unix:/run/maglev/metrics.sock", { kind: "unix", path: "/run/maglev/metrics.sock" }],
  ];
  for (const [text, address] of cases) {
    assert.deepEqual(parseListenAddress(text), address);
    assert.equal(formatListenAddress(address), text);
  }
});

Deno.test("parseListenAddress() names the error", () => {
  const cases: [string, RegExp][] = [
    ["", /need host:port/],
    ["9091", /need host:port/],
    ["::1:9091", /need host:port/],
    ["localhost:", /need host:port/],
    [":65536", /at most 65535/],
    ["[127.0.0.1]:1", /IPv6 address within the brackets/],
    ["[nonsense]:1", /IPv6 address within the brackets/],
    ["1.2.3:4", /not an IPv4 address/],
    ["a b:4", /not a host name/],
    ["unix:metrics.sock", /absolute path/],
    ["unix:", /absolute path/],
    [`unix:/${"x".repeat(107)}`, /at most 107 bytes/],
    [`unix:/${"ü".repeat(54)}`, /at most 107 bytes/],
    ["unix:/a\0b", /at most 107 bytes/],
  ];
  for (const [text, problem] of cases) {
    const result = parseListenAddress(text);
    assert.ok(typeof result === "string", text);
    assert.match(result, problem);
  }
});
