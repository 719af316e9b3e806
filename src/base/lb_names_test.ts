import assert from "node:assert/strict";
import { MAX_SERVERS, parseServers } from "./lb_names.ts";

const GOOD: [text: string, servers: string[]][] = [
  ["localhost:9090", ["localhost localhost:9090"]],
  ["host", ["host host:9090"]],
  [":7000", ["localhost localhost:7000"]],
  ["192.0.2.1", ["192.0.2.1 192.0.2.1:9090"]],
  ["[2001:db8::1]:7000", ["2001:db8::1 [2001:db8::1]:7000"]],
  ["[2001:db8::1]", ["2001:db8::1 [2001:db8::1]:9090"]],
  ["2001:db8::1", ["2001:db8::1 [2001:db8::1]:9090"]],
  ["fe80::1%eth0", ["fe80::1%eth0 [fe80::1%eth0]:9090"]],
  ["unix:/run/x.sock", ["x unix:/run/x.sock"]],
  ["unix:/run/x", ["x unix:/run/x"]],
  ["unix:/run/.sock", ["/run/.sock unix:/run/.sock"]],
  ["a, b:1 ,unix:/c", ["a a:9090", "b b:1", "c unix:/c"]],
  ["a:1,a:2,b", ["a:1 a:1", "a:2 a:2", "b b:9090"]],
  ["[::1]:1,[::1]:2", ["[::1]:1 [::1]:1", "[::1]:2 [::1]:2"]],
  ["unix:/a/x.sock,unix:/b/x.sock", [
    "/a/x.sock unix:/a/x.sock",
    "/b/x.sock unix:/b/x.sock",
  ]],
  ["x:1,unix:/b/x.sock", ["x:1 x:1", "/b/x.sock unix:/b/x.sock"]],
  ["lb1=192.0.2.1,lb2=[::1]:7000", ["lb1 192.0.2.1:9090", "lb2 [::1]:7000"]],
  ["a=b:1,a:2", ["a b:1", "a:2 a:2"]],
  ["n=unix:/run/a=b", ["n unix:/run/a=b"]],
  ["unix:/run/a=b", ["a=b unix:/run/a=b"]],
  ["näme=h", ["näme h:9090"]],
];

Deno.test("parseServers() gives each address its port and a unique name", () => {
  for (const [text, expected] of GOOD) {
    const servers = parseServers(text);
    assert.ok(typeof servers !== "string", `${text}: ${servers}`);
    assert.deepEqual(servers.map(({ name, address }) => `${name} ${address}`), expected, text);
  }
});

const BAD: [string, RegExp][] = [
  ["", /^cannot use "": need host:port/],
  ["a,,b", /^cannot use "": /],
  ["a:0", /^cannot use "a:0": need a port from 1/],
  ["a:99999", /need a port of at most 65535/],
  ["1.2.3", /1\.2\.3 is not an IPv4 address/],
  ["a,b,a:9090", /^a:9090 is given twice$/],
  [":9090,localhost", /^localhost:9090 is given twice$/],
  ["x=a,y=a", /^a:9090 is given twice$/],
  ["http://a", /need host:port/],
  ["unix:x", /absolute path/],
  ["x=a,x=b", /^two servers have the name "x"$/],
  ["=a", /need a name of 1 to 64 characters/],
  ["*=a", /^cannot use "\*=a": \* stands for all load balancers, and is not a name$/],
  ["..=a", /^cannot use "\.\.=a": \.\. is a step of a path, not a name$/],
  ["a b=c", /need a name of 1 to 64 characters/],
  [`${"n".repeat(65)}=c`, /need a name of 1 to 64 characters/],
  ["x=", /^cannot use "x=": need host:port/],
  [Array.from({ length: MAX_SERVERS + 1 }, (_, i) => `h${i}`).join(), /need at most 64 servers/],
];

Deno.test("parseServers() reports the error", () => {
  for (const [text, expected] of BAD) {
    const result = parseServers(text);
    assert.ok(typeof result === "string", text);
    assert.match(result, expected);
  }
});
