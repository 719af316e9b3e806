/** The command line, and the warnings about it. */
import assert from "node:assert/strict";
import { parseIp } from "../base/address.ts";
import { type CommandLine, readCommandLine } from "./flags.ts";
import type { Vip } from "./targets.ts";
import { startWarnings } from "./warnings.ts";

const read = (...args: string[]) => readCommandLine(args, () => undefined);

function good(...args: string[]): CommandLine {
  const command = read(...args);
  assert.ok(command.kind === "ok", JSON.stringify(command));
  return command;
}

Deno.test("files, addresses and rules are read", () => {
  const { configs, sources, codes, rules, uri } = good(
    ...["--config=a.yaml, b.yaml", "-config", "c.yaml", "--source=10.0.0.1,2001:db8::1"],
    ...["--response-code=200-299,404", "--max-outage=500ms", "--max-p99=1.5ms", "--min-ok=99.9%"],
    ...["--path=/up?x=1", "--host=[2001:db8::1]:81", "--header=", "--filter=^web"],
  );
  assert.deepEqual(configs, ["a.yaml", "b.yaml", "c.yaml"]);
  assert.deepEqual(sources.map(({ text }) => text), ["10.0.0.1", "2001:db8::1"]);
  assert.deepEqual(codes, [[200, 299], [404, 404]]);
  assert.deepEqual(rules, { maxOutageMs: 500, maxP99Ms: 1.5, minOkPercent: 99.9 });
  assert.equal(uri, "/up?x=1");
  assert.equal(good("--uri=/a", "--path=/a").uri, "/a");
  assert.equal(good().uri, "/.well-known/ipng/healthz");
  assert.deepEqual(good().rules, {
    maxOutageMs: undefined,
    maxP99Ms: undefined,
    minOkPercent: undefined,
  });
});

Deno.test("values that cannot be used are refused, and the message names the flag", () => {
  const cases: [flag: string, ...values: string[]][] = [
    ["host", "a\r\nX-Evil: 1", "a b", "2001:db8::1", "a:99999"],
    ["header", "X Server", "X-Server:", "a\nb"],
    ["uri", "up", "/a b", "/a\r\nX: y", "/a#b"],
    ["path", "up"],
    ["response-code", "", "99", "300-200", "abc", "600"],
    ["source", "localhost", "10.0.0.1,10.0.0.2"],
    ["interval", "9ms", "2m", "x"],
    ["timeout", "0s", "6m"],
    ["outage-after", "0", "1.5"],
    ["max-outage", "500", "-1s"],
    ["max-p99", "fast"],
    ["min-ok", "101", "-1", "1e1"],
    ["output", "xml"],
    ["no-such", "1"],
  ];
  for (const [flag, ...values] of cases) {
    for (const value of values) {
      const command = read(`--${flag}=${value}`);
      // --path is another name of --uri.
      const named = flag === "path" ? "uri" : flag;
      assert.ok(command.kind === "error", `${flag} ${JSON.stringify(value)}`);
      assert.match(command.message, new RegExp(`--${named}`));
    }
  }
  assert.match(JSON.stringify(read("--uri=/a", "--path=/b")), /use one of the two/);
});

Deno.test("a refusal shows what is needed", () => {
  const message = (...args: string[]) => JSON.stringify(read(...args));
  assert.match(message("--source=lo"), /need an IP address/);
  assert.match(message("--source=10.0.0.1,10.0.0.2"), /one address of each family/);
  assert.match(message("--max-outage=500"), /a duration such as 500ms/);
  assert.match(message("--response-code="), /no answer could pass/);
});

Deno.test("a start warns of a timeout that holds back probes, and of ports that run out", () => {
  assert.deepEqual(startWarnings(good(), []), []);
  assert.deepEqual(startWarnings(good("--interval=10ms", "--timeout=630ms"), []), []);
  assert.match(
    startWarnings(good("--interval=10ms", "--timeout=2s"), [])[0]!,
    /pause for up to 1\.37s.*use --timeout 630ms or less/,
  );
  const vip = (port: number, tls: boolean): Vip => ({
    name: "web",
    address: parseIp("192.0.2.1")!,
    protocol: "tcp",
    port,
    probing: { kind: "get", tls, host: "", serverName: "" },
    servers: [],
  });
  const secure = Array.from({ length: 50 }, () => vip(443, true));
  assert.match(startWarnings(good("--source=10.0.0.1"), secure)[0]!, /^500 probes a second/);
  for (const flags of [[], ["--source=2001:db8::1"], ["--source=10.0.0.1", "--keepalive"]]) {
    assert.deepEqual(startWarnings(good(...flags), secure), []);
  }
  assert.deepEqual(startWarnings(good("--source=10.0.0.1"), [vip(80, false)]), []);
});
