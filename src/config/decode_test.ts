/**
 * Reading values of each type, defaults, and one mistake at a time.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { formatIssue } from "./issue.ts";
import type { Config } from "./model.ts";
import { type LoadResult, parseConfig } from "./parse.ts";

function load(text: string): Config {
  const result = parseConfig(text, { file: "f" });
  ok(result.kind === "ok", errors(result).join("\n"));
  return result.config;
}

function errors(result: LoadResult): readonly string[] {
  return result.kind === "ok" ? [] : result.issues.map(formatIssue);
}

/** A file with one value of interest at a known place. */
const HOLDERS = {
  duration: (value: string) => `maglev: { vpp: { lb: { sync-interval: ${value}, ${SOURCES} } } }`,
  integer: (value: string) => `maglev: { healthchecker: { transition-history: ${value} } }`,
  boolean: (value: string) =>
    `maglev: { backends: { a: { address: 10.0.0.1, enabled: ${value} } } }`,
  address: (value: string) => `maglev: { backends: { a: { address: ${value} } } }`,
  text: (value: string) => `maglev: { healthchecker: { netns: ${value} } }`,
  codes: (value: string) =>
    `maglev: { healthchecks: { h: { type: http, port: 80, params: { response-code: ${value} } } } }`,
  decimal: (value: string) =>
    `maglev: { healthchecks: { h: { type: icmp, damping: { suppress: ${value}, reuse: 0.01 } } } }`,
  share: (value: string) =>
    `maglev: { backends: { a: { address: 10.0.0.1 } }, frontends: { f: { address: 192.0.2.1, ` +
    `pools: [{ name: p, backends: { a: {} }, max-down: ${value} }] } } }`,
} as const;

const SOURCES = "ipv4-src-address: 10.0.0.1, ipv6-src-address: '::1'";

function valueOf(type: keyof typeof HOLDERS, config: Config): unknown {
  switch (type) {
    case "duration":
      return config.vppLb?.syncIntervalMs;
    case "integer":
      return config.healthchecker.transitionHistory;
    case "boolean":
      return config.backends.get("a")?.enabled;
    case "address":
      return config.backends.get("a")?.address.text;
    case "text":
      return config.healthchecker.netns;
    case "decimal":
      return config.healthchecks.get("h")?.damping?.suppress;
    case "share":
      return config.frontends.get("f")?.pools[0]?.maxDown;
    case "codes": {
      const params = config.healthchecks.get("h")?.params;
      return params?.type === "http" ? params.responseCodes : undefined;
    }
  }
}

/** Values that are taken, with what they become; values that are refused, with a word of why. */
const VALUES: Readonly<
  Record<keyof typeof HOLDERS, {
    good: readonly (readonly [string, unknown])[];
    bad: readonly (readonly [string, string])[];
  }>
> = {
  duration: {
    good: [
      ["250ms", 250],
      ["2s", 2000],
      ["1m30s", 90_000],
      ["1.5h", 5_400_000],
      ["'2s'", 2000],
      ["+2s", 2000],
      ["1.005s", 1005],
      ["1000001us", 1000.001],
      ["24h", 86_400_000],
      ["0", 30_000],
      ["-0", 30_000],
      ["0s", 30_000],
      ["-2s", 30_000],
    ],
    bad: [
      ["2", "did you mean 2s?"],
      ["2.5", "did you mean 2.5s?"],
      ["2000", "did you mean 2000ms or 2000s?"],
      ["250", "did you mean 250ms or 250s?"],
      ["'2'", "did you mean 2s?"],
      ["99", "did you mean 99s?"],
      ["100", "did you mean 100ms or 100s?"],
      ["2000", "did you mean 2000ms or 2000s?"],
      ["200000", "did you mean 200000ms?"],
      ["2 s", "did you mean 2s?"],
      ["30 sec", "did you mean 30s?"],
      ["5MIN", "did you mean 5m?"],
      ["fast", "found the text"],
      ["true", "found true"],
      ["[2s]", "found a list"],
      ["1us", "must be from 1ms to 24h, is 1us"],
      ["24h1ns", "must be from 1ms to 24h"],
    ],
  },
  integer: {
    good: [["1", 1], ["1000", 1000], ["2.0", 2], ["0x10", 16], ["1e2", 100], ["+5", 5], ["007", 7]],
    bad: [
      ["'5'", "remove the quotes"],
      ["2.5", "found the number 2.5"],
      ["five", 'found the text "five"'],
      [".inf", "expected an integer"],
      [".nan", "expected an integer"],
      ["1_000", "expected an integer"],
      ["99999999999999999999", "must be from 1 to 1000"],
      ["true", "found true"],
      ["-0", "must be from 1 to 1000"],
    ],
  },
  boolean: {
    good: [
      ["true", true],
      ["false", false],
      ["True", true],
      ["FALSE", false],
      ...["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"].map((word) => [word, true] as const),
      ...["n", "N", "no", "No", "NO", "off", "Off", "OFF"].map((word) => [word, false] as const),
      ["'yes'", true],
    ],
    bad: [
      ["yEs", 'found the text "yEs"'],
      ["oN", 'found the text "oN"'],
      ["'true'", "remove the quotes"],
      ["1", "found the number 1"],
      ["~", "leave the key out for the default (true)"],
    ],
  },
  address: {
    good: [
      ["10.0.0.1", "10.0.0.1"],
      ["'10.0.0.1'", "10.0.0.1"],
      ["2001:DB8::0:1", "2001:db8::1"],
      ["'2001:db8::'", "2001:db8::"],
      ["FE80::1%eth0", "fe80::1%eth0"],
    ],
    bad: [
      ["10.0.0.1/32", "write 10.0.0.1, without prefix length"],
      ["'[::1]:80'", "write ::1 alone"],
      ["10.0.0.1:80", "write 10.0.0.1 alone"],
      ["10.0.0.256", "four numbers from 0 to 255"],
      ["10.0", "four numbers from 0 to 255"],
      ["fe80::1%", "expected an IP address"],
      ["10.0.0.1%eth0", "expected an IP address"],
      ["nginx.example.com", "names are not looked up"],
      [
        "::ffff:10.0.0.1",
        "IPv4-mapped: sockets send IPv4 to it, and VPP sends IPv6; write 10.0.0.1",
      ],
      ["::FFFF:a00:1", "write 10.0.0.1"],
      ["'::10.0.0.1'", "IPv4-compatible, a form that is not routed; write 10.0.0.1"],
      ["'::2'", "use a global IPv6 address"],
      [
        "fe80::1",
        "use a global address, or, in no frontend, fe80::1%eth0 with the interface's name",
      ],
      ["2001:db8::1%eth0", "only link-local addresses have a zone; write 2001:db8::1"],
      ["0.0.0.0", "is the unspecified address"],
      ["0.1.2.3", "is an address of 0.0.0.0/8"],
      ["255.255.255.255", "is the broadcast address"],
      ["224.0.0.1", "is a multicast address"],
      ["'::'", "is the unspecified address"],
      ["ff02::1", "is a multicast address"],
      ["''", "expected an IP address"],
      ["80", "expected an IP address"],
    ],
  },
  text: {
    good: [["dataplane", "dataplane"], ["no", "no"], ["On", "On"], ["80", "80"], ["1.50", "1.50"], [
      "true",
      "true",
    ], [
      "''",
      "",
    ]],
    bad: [["[a]", "found a list"], ["{a: 1}", "found a map"], ["~", "leave the key out"]],
  },
  decimal: {
    good: [["2.5", 2.5], ["3", 3], ["1e2", 100], ["0x10", 16], ["1000", 1000]],
    bad: [
      ["'2.5'", "expected a number"],
      ["1000.001", "must be from 0.01 to 1000, is 1000.001"],
      ["0", "must be from 0.01"],
      ["-1", "must be from 0.01"],
      [".nan", "expected a number"],
      [".inf", "expected a number"],
      ["two", "expected a number"],
      ["[2]", "found a list"],
    ],
  },
  share: {
    good: [
      ["2", { count: 2 }],
      ["50%", { percent: 50 }],
      ["'100%'", { percent: 100 }],
    ],
    bad: [
      ["0", "must be from 1"],
      ["0%", "must be from 1% to 100%"],
      ["101%", "must be from 1% to 100%"],
      ["'2'", "expected a number such as 2"],
      ["1.5", "expected a number such as 2"],
      ["half", "or a percentage such as 50%"],
      ["[1]", "found a list"],
    ],
  },
  codes: {
    good: [
      ["200", [[200, 200]]],
      ["'204'", [[204, 204]]],
      ["200-299", [[200, 299]]],
      ["200 - 299", [[200, 299]]],
      ["[301, '200-204', 203, 205]", [[200, 205], [301, 301]]],
      ["'200, 301'", [[200, 200], [301, 301]]],
      ["100-599", [[100, 599]]],
    ],
    bad: [
      ["2xx", "write 200-299"],
      ["ok", "is neither"],
      ["200.5", "is neither"],
      ["[[200]]", "found a list"],
      ["true", "found true"],
      ["~", "leave the key out for the default (200)"],
      ["99", "must be from 100 to 599, is 99"],
      ["200-1000", "must be from 100 to 599, is 1000"],
      ["299-200", "did you mean 200-299?"],
      ["[]", "the list is empty"],
      ["-200", "is neither"],
    ],
  },
};

for (const type of Object.keys(VALUES) as (keyof typeof HOLDERS)[]) {
  Deno.test(`decode() reads good values of the type ${type}, and reports bad ones`, () => {
    for (const [text, value] of VALUES[type].good) {
      deepEqual(valueOf(type, load(HOLDERS[type](text))), value, text);
    }
    for (const [text, words] of VALUES[type].bad) {
      const found = errors(parseConfig(HOLDERS[type](text), { file: "f" }));
      equal(found.length, 1, `${text}: ${found}`);
      ok(found[0]?.includes(words), `${text}: ${found[0]}`);
    }
  });
}

Deno.test("decode() fills in the defaults", () => {
  const config = load(`maglev:
  vpp: { lb: { ${SOURCES} } }
  healthchecks:
    ping: { type: icmp }
    tcp: { type: tcp, port: 1, interval: 5s, timeout: 1s }
    http: { type: http, port: 2, fast-interval: 1s }
    https: { type: https, port: 3, params: { host: "www.example.com:8443" } }
    https-by-address: { type: https, port: 3, params: { host: 10.0.0.1 } }
  backends: { a: { address: 10.0.0.1 } }
  frontends: { f: { address: 10.0.0.2, pools: [{ name: p, backends: { a: } }] } }
`);
  const { ipv4SrcAddress, ipv6SrcAddress, ...lb } = config.vppLb!;
  deepEqual([ipv4SrcAddress.text, ipv6SrcAddress.text], ["10.0.0.1", "::1"]);
  deepEqual(lb, {
    syncIntervalMs: 30_000,
    stickyBucketsPerCore: 65536,
    flowTimeoutMs: 40_000,
    startupMinDelayMs: 5_000,
    startupMaxDelayMs: 30_000,
    countersIntervalMs: 5_000,
    newFlowsTableLength: 1024,
    maxRemoval: 100,
  });
  deepEqual(config.healthchecker, { transitionHistory: 5, netns: "" });
  const common = { rise: 2, fall: 3, probeIpv4Src: undefined, probeIpv6Src: undefined };
  const paced = { intervalMs: 2000, fastIntervalMs: 2000, downIntervalMs: 2000, timeoutMs: 2000 };
  deepEqual(config.healthchecks.get("ping"), {
    name: "ping",
    port: 0,
    ...paced,
    ...common,
    params: { type: "icmp" },
  });
  deepEqual(config.healthchecks.get("tcp"), {
    name: "tcp",
    port: 1,
    intervalMs: 5000,
    fastIntervalMs: 5000,
    downIntervalMs: 5000,
    timeoutMs: 1000,
    ...common,
    params: { type: "tcp", ssl: false, serverName: "", insecureSkipVerify: false, alpn: [] },
  });
  const httpParams = {
    path: "/",
    host: "",
    method: "GET",
    body: "",
    headers: [],
    removedHeaders: [],
    responseCodes: [[200, 200]],
    responseRegexp: "",
    responseRegexpNot: "",
  };
  deepEqual(config.healthchecks.get("http"), {
    name: "http",
    port: 2,
    ...paced,
    fastIntervalMs: 1000,
    ...common,
    params: { type: "http", ...httpParams },
  });
  deepEqual(config.healthchecks.get("https")?.params, {
    type: "https",
    ...httpParams,
    host: "www.example.com:8443",
    serverName: "www.example.com",
    insecureSkipVerify: false,
    alpn: ["http/1.1"],
  });
  deepEqual(config.healthchecks.get("https-by-address")?.params, {
    type: "https",
    ...httpParams,
    host: "10.0.0.1",
    serverName: "",
    insecureSkipVerify: false,
    alpn: ["http/1.1"],
  });
  const address = config.backends.get("a")!.address;
  deepEqual([...config.backends.values()], [
    { name: "a", address, healthcheck: undefined, enabled: true },
  ]);
  const frontend = config.frontends.get("f")!;
  deepEqual(frontend, {
    name: "f",
    description: "",
    address: frontend.address,
    protocol: "any",
    port: 0,
    pools: [{ name: "p", backends: [{ name: "a", weight: 100 }] }],
    srcIpSticky: false,
    flushOnDown: true,
  });
});

Deno.test("decode() leaves an absent vpp.lb undefined, and reads an empty one", () => {
  equal(load("maglev: {}").vppLb, undefined);
  equal(load("maglev: { vpp: {} }").vppLb, undefined);
  equal(load("maglev:\n  vpp:\n  backends:\n").vppLb, undefined);
  equal(errors(parseConfig("maglev: { vpp: { lb: {} } }", { file: "f" })).length, 2);
});

Deno.test("decode() keeps the order of the file", () => {
  const config = load(
    "maglev: { backends: { z: { address: 10.0.0.1 }, 2: { address: 10.0.0.2 }, 1: { address: " +
      "10.0.0.3 } }, frontends: { f: { address: 10.0.0.9, pools: [{ name: p, backends: { 2: , z: , 1: } }] } } }",
  );
  deepEqual([...config.backends.keys()], ["z", "2", "1"]);
  const members = config.frontends.get("f")?.pools[0]?.backends.map(({ name }) => name);
  deepEqual(members, ["2", "z", "1"]);
});

Deno.test("decode() handles keys that are properties of every object", () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const config = load(`maglev: { backends: { ${name}: { address: 10.0.0.1 } } }`);
    deepEqual([...config.backends.keys()], [name]);
    const unknown = errors(parseConfig(`maglev: { ${name}: {} }`, { file: "f" }));
    ok(unknown[0]?.includes("unknown key"), `${unknown[0]}`);
    const type = `maglev: { healthchecks: { h: { type: ${name}, port: 1 } } }`;
    ok(errors(parseConfig(type, { file: "f" }))[0]?.includes("expected icmp"));
  }
});

Deno.test("decode() reports one issue for one mistake", () => {
  const cases = [
    // Neither "address is missing" nor "there is no backend" follows from these.
    "maglev: { backends: { a: { adress: 10.0.0.1 } } }",
    "maglev: { backends: [a], frontends: { f: { address: 10.0.0.1, pools: [{ name: p, backends: { a: } }] } } }",
    "maglev: { healthchecks: 3, backends: { a: { address: 10.0.0.1, healthcheck: h } } }",
    "maglev: { healthchecks: { h: { type: tpc } } }",
    "maglev: { frontends: { f: { address: 10.0.0.1, protocol: tpc, port: 80, pools: 3 } }, vpp: }",
    "maglev: { frontends: { f: 3 } }",
    "maglev: { backends: { a: { address: x } }, frontends: { f: { address: 10.0.0.1, pools: [{ name: p, backends: { a: } }] } } }",
  ];
  for (const text of cases.slice(0, 4)) {
    equal(errors(parseConfig(text, { file: "f" })).length, 1, text);
  }
  equal(errors(parseConfig(cases[4]!, { file: "f" })).length, 2, "protocol and pools");
  for (const text of cases.slice(5)) {
    equal(errors(parseConfig(text, { file: "f" })).length, 1, text);
  }
});

Deno.test("every address key refuses an address that VPP and sockets interpret differently", () => {
  const places: readonly ((address: string) => string)[] = [
    HOLDERS.address,
    (address) => `maglev: { frontends: { f: { address: ${address}, pools: [] } } }`,
    (address) =>
      `maglev: { vpp: { lb: { ipv4-src-address: 10.0.0.1, ipv6-src-address: ${address} } } }`,
    (address) => `maglev: { healthchecks: { h: { type: icmp, probe-ipv6-src: ${address} } } }`,
  ];
  for (const place of places) {
    for (const address of ["::ffff:10.0.0.1", "'::10.0.0.1'", "fe80::1", "ff02::1", "'::'"]) {
      const found = parseConfig(place(address), { file: "f" });
      ok(found.kind === "semantic-error", place(address));
      const rules = found.issues.map(({ rule }) => rule).filter((rule) => rule !== "no-pools");
      equal(rules.length, 1, place(address));
      ok(["address-form", "link-local", "not-unicast"].includes(rules[0]!), `${rules}`);
    }
  }
});

Deno.test("`port: 0` of a frontend is all ports, and its protocol has no effect", () => {
  const file = (service: string) =>
    `maglev: { backends: { a: { address: 10.0.0.1 } }, frontends: { f: { address: 10.0.0.9, ` +
    `${service} pools: [{ name: p, backends: { a: } }] } } }`;
  for (const service of ["port: 0,", "port: -0,", "port: 0x0,", "port: 0, protocol: tcp,", ""]) {
    const result = parseConfig(file(service), { file: "f" });
    ok(result.kind === "ok", service);
    const { protocol, port } = result.config.frontends.get("f")!;
    deepEqual([protocol, port], ["any", 0], service);
    equal(result.warnings.length, service.includes("tcp") ? 1 : 0, service);
  }
  ok(errors(parseConfig(file("protocol: tcp,"), { file: "f" }))[0]?.includes("but no port"));
  const unknown = errors(parseConfig(file("port: 0, protocol: icmp,"), { file: "f" }));
  ok(unknown[0]?.includes("expected tcp or udp"), `${unknown}`);
});
