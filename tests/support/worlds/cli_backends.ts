/** Frontends, backends and health checks of the worlds that maglevc's commands are tested on. */
import { MaglevError } from "../../../src/base/errors.ts";
import type { messages } from "../../../src/grpc/client/client.ts";
import { ago, DAY, HOUR, MINUTE, SECOND, type Words } from "./cli_words.ts";

/** Why the prober cannot probe in its namespace. */
export const BLIND = "cannot enter network namespace dmz: No such file or directory";

/** The item of this name; throws not-found when the list lacks it. */
export function named<T extends { readonly name: string }>(
  list: readonly T[],
  name: string | undefined,
): T {
  const found = list.find((item) => item.name === name);
  if (found === undefined) throw new MaglevError("not-found", `no ${JSON.stringify(name)}`);
  return found;
}

/** An intent of an operator on the first backend; a weight is one of the first pool. */
export function intentOf(
  kind: "pause" | "disable" | "drain" | "weight",
  words: Words,
): messages.Intent {
  const weight = kind === "weight";
  return {
    kind,
    peer: "2001:db8:ffff::9",
    identity: words.identity,
    reason: words.reason,
    sinceUnixNs: ago(12 * MINUTE + 7 * SECOND),
    untilUnixNs: kind === "disable" ? undefined : ago(-2 * HOUR),
    backend: words.web1,
    frontend: weight ? words.web : "",
    pool: weight ? words.pool : "",
    weight: weight ? 25 : 0,
    fileWeight: weight ? 100 : 0,
    then: kind === "drain" ? "disable" : "",
    fromUnixNs: undefined,
    id: "0123abcd",
    scheduled: false,
    scope: "",
  };
}

/** Two frontends: one up with an intent on its weight, one down and without a port. */
export function frontendsOf(words: Words): messages.FrontendInfo[] {
  return [
    {
      name: words.web,
      address: "192.0.2.1",
      protocol: "tcp",
      port: 80,
      pools: [
        {
          name: words.pool,
          maxDown: "",
          backends: [
            {
              name: words.web1,
              weight: 25,
              effectiveWeight: 25,
              state: "up",
              intent: intentOf("weight", words),
              held: false,
              slowStartStep: 0,
              encap: undefined,
            },
            {
              name: words.web2,
              weight: 100,
              effectiveWeight: 0,
              state: "disabled",
              intent: undefined,
              held: false,
              slowStartStep: 0,
              encap: undefined,
            },
          ],
        },
        {
          name: "fallback",
          maxDown: "",
          backends: [
            {
              name: "sorry",
              weight: 100,
              effectiveWeight: 0,
              state: "up",
              intent: undefined,
              held: false,
              slowStartStep: 1,
              encap: undefined,
            },
          ],
        },
      ],
      description: words.description,
      srcIpSticky: true,
      flushOnDown: false,
      state: "up",
      activePool: words.pool,
      warning: "",
      onAllDown: "close",
      held: false,
      announced: "",
      slowStartSteps: 3,
      slowStartDurationNs: 90_000_000_000n,
    },
    {
      name: "dns6",
      address: "2001:db8:0:1:2:3:4:53",
      protocol: "any",
      port: 0,
      pools: [{
        name: "all",
        maxDown: "",
        backends: [
          {
            name: "db1",
            weight: 100,
            effectiveWeight: 0,
            state: "down",
            intent: undefined,
            held: false,
            slowStartStep: 0,
            encap: undefined,
          },
          {
            name: "db2",
            weight: 100,
            effectiveWeight: 0,
            state: "unknown",
            intent: undefined,
            held: false,
            slowStartStep: 0,
            encap: {
              mode: "on",
              state: "failing",
              lastResult: {
                ok: false,
                layer: "L3",
                code: "L3ENCAP",
                detail: "no answer through the tunnel from 2001:db8::254",
                durationNs: 0n,
              },
              sinceUnixNs: 0n,
              counter: 0,
              rise: 2,
              fall: 3,
              blind: "",
            },
          },
        ],
      }],
      description: "",
      srcIpSticky: false,
      flushOnDown: true,
      state: "down",
      activePool: "all",
      warning: "",
      onAllDown: "close",
      held: false,
      announced: "",
      slowStartSteps: 0,
      slowStartDurationNs: 0n,
    },
  ];
}

function result(
  code: string,
  { detail = "", ms = 0 }: { readonly detail?: string; readonly ms?: number } = {},
): messages.ProbeResult {
  const layer = /^L\d/.exec(code)?.[0] ?? "";
  const ok = layer === "" || code.endsWith("OK");
  return { ok, layer, code, detail, durationNs: BigInt(Math.round(ms * 1e6)) };
}

/** Backends of every state. */
export function backendsOf(words: Words): messages.BackendInfo[] {
  const rest = {
    enabled: true,
    counter: 4,
    rise: 2,
    fall: 3,
    lastResult: result("L7OK", { detail: "status 200", ms: 1.234 }),
    certificateExpiryUnixNs: undefined,
    intent: undefined,
    warning: "",
    agent: "",
    carried: false,
    blind: "",
    certificateName: "",
    drain: undefined,
    scheduled: [],
    dampingPenalty: 0,
    transitions: [],
    healthcheck: words.check,
  };
  return [
    {
      ...rest,
      name: words.web1,
      address: "192.0.2.11",
      state: "up",
      sinceUnixNs: ago(3 * DAY + 4 * HOUR),
      certificateExpiryUnixNs: ago(-9 * DAY - HOUR),
      transitions: [
        transition(["unknown", "up"], 40 * DAY, result("L7OK", { detail: "status 200", ms: 2 })),
        transition(
          ["up", "down"],
          3 * DAY + 5 * HOUR,
          result("L7STS", { detail: words.detail, ms: 8.7 }),
        ),
        transition(
          ["down", "up"],
          3 * DAY + 4 * HOUR,
          result("L7OK", { detail: "status 200", ms: 1.1 }),
        ),
      ],
    },
    {
      ...rest,
      name: words.web2,
      address: "192.0.2.12",
      state: "disabled",
      enabled: false,
      counter: 1,
      sinceUnixNs: ago(12 * MINUTE + 7 * SECOND),
      intent: intentOf("disable", words),
      transitions: [transition(["up", "disabled"], 12 * MINUTE + 7 * SECOND, result("disabled"))],
    },
    {
      ...rest,
      name: "db1",
      address: "2001:db8:0:1::11",
      state: "down",
      counter: 0,
      sinceUnixNs: ago(42 * SECOND),
      healthcheck: "tcp-53",
      dampingPenalty: 3.214,
      heldUntilUnixNs: ago(-5 * MINUTE),
      lastResult: result("L4TOUT", { detail: "no connection within 2s", ms: 2000 }),
    },
    {
      ...rest,
      name: "db2",
      address: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff",
      state: "unknown",
      counter: 1,
      sinceUnixNs: ago(1234),
      healthcheck: "tcp-53",
      lastResult: undefined,
      blind: BLIND,
    },
    {
      ...rest,
      name: "sorry",
      address: "192.0.2.99",
      state: "up",
      counter: 1,
      rise: 1,
      fall: 1,
      sinceUnixNs: ago(412 * DAY),
      healthcheck: "",
      lastResult: result("static"),
    },
  ];
}

function transition(
  [from, to]: readonly [from: string, to: string],
  agoMs: number,
  cause: messages.ProbeResult,
): messages.TransitionRecord {
  return { from, to, atUnixNs: ago(agoMs), result: cause };
}

/** A backend as it is directly after an operator acted on it. */
export function acted(
  backend: messages.BackendInfo,
  { state, words }: { readonly state: string; readonly words: Words },
): messages.BackendInfo {
  const kind = state === "paused" ? "pause" : state === "disabled" ? "disable" : undefined;
  return {
    ...backend,
    state,
    enabled: state !== "disabled",
    sinceUnixNs: ago(2),
    intent: kind === undefined
      ? undefined
      : { ...intentOf(kind, words), sinceUnixNs: ago(2), untilUnixNs: ago(-2 * HOUR) },
    transitions: [
      ...backend.transitions,
      transition([backend.state, state], 2, result(`${state}`)),
    ],
    warning: state === "disabled"
      ? "it is in force, but would not survive a restart: no space left on device"
      : "",
  };
}

/** Health checks of every type. */
export function checksOf(words: Words): messages.HealthCheckInfo[] {
  const rest = {
    intervalNs: 2_000_000_000n,
    fastIntervalNs: 500_000_000n,
    downIntervalNs: 10_000_000_000n,
    timeoutNs: 1_500_000_000n,
    rise: 2,
    fall: 3,
    probeIpv4Src: "",
    probeIpv6Src: "",
    ssl: false,
    serverName: "",
    insecureSkipVerify: false,
    caFile: "",
    dnsName: "",
    dnsQtype: "",
    dnsTransport: "",
    dnsRcode: "",
    dnsAnswer: "",
    dnsRecursion: false,
    udpSend: "",
    udpExpect: "",
    udpSilence: "",
    agentPort: 0,
    agentIntervalNs: 0n,
    clientCert: "",
    clientKey: "",
    path: "",
    host: "",
    method: "",
    headers: [],
    responseCode: "",
    responseRegexp: "",
    responseRegexpNot: "",
    alpn: [],
    body: "",
    removedHeaders: [],
    steps: [],
    http2: false,
    redirects: "",
    proxyProtocol: "",
    responseHeader: "",
    responseHeaderRegexp: "",
    grpcService: "",
    grpcAuthority: "",
    damping: undefined,
  };
  return [
    {
      ...rest,
      name: words.check,
      type: "https",
      port: 443,
      probeIpv4Src: "192.0.2.250",
      serverName: "www.example.net",
      insecureSkipVerify: true,
      path: "/health?full=1",
      host: "www.example.net",
      method: "GET",
      headers: [
        { name: "X-Trace", value: "maglev", hidden: false },
        { name: "Authorization", value: "", hidden: true },
      ],
      responseCode: "200-299,301",
      responseRegexp: '"status":\\s*"ok"',
      http2: true,
      redirects: "follow-same-host",
      proxyProtocol: "v2",
      responseHeader: "X-Ready",
      responseHeaderRegexp: "^yes$",
    },
    {
      ...rest,
      name: "tcp-53",
      type: "tcp",
      port: 53,
      intervalNs: 90_000_000_000n,
      damping: {
        halfLifeNs: 300_000_000_000n,
        suppress: 2.5,
        reuse: 1,
        maxHoldNs: 1_800_000_000_000n,
      },
    },
    {
      ...rest,
      name: "tls",
      type: "tcp",
      port: 853,
      ssl: true,
      caFile: "/etc/ssl/ca.pem",
      clientCert: "/etc/vpp-maglev/probe.pem",
      clientKey: "/etc/vpp-maglev/probe.key",
    },
    {
      ...rest,
      name: "redis",
      type: "tcp",
      port: 6379,
      steps: [
        { kind: "send", text: "", hidden: true },
        { kind: "send", text: "PING\r\n", hidden: false },
        { kind: "expect", text: "+PONG", hidden: false },
      ],
    },
    {
      ...rest,
      name: "orders",
      type: "grpc",
      port: 443,
      ssl: true,
      serverName: "orders.example.net",
      alpn: ["h2"],
      grpcService: "acme.v1.Orders",
      grpcAuthority: "orders.example.net",
    },
    {
      ...rest,
      name: "resolver",
      type: "dns",
      port: 53,
      dnsName: "www.example.com",
      dnsQtype: "AAAA",
      dnsTransport: "udp",
      dnsRcode: "NOERROR",
      dnsAnswer: "^AAAA 2001:db8::",
      dnsRecursion: true,
    },
    {
      ...rest,
      name: "game",
      type: "udp",
      port: 27_015,
      udpSend: "hex:ff ff ff ff 54",
      udpExpect: "hex:ff ff ff ff",
      udpSilence: "fail",
    },
    { ...rest, name: "syslog", type: "udp", port: 514, udpSilence: "pass" },
    { ...rest, name: "ping", type: "icmp", port: 0, probeIpv6Src: "2001:db8::250" },
  ];
}
