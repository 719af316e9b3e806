/** Explanations and a history, for tests of maglevc's commands. */
import type { messages } from "../../../src/grpc/client/client.ts";
import { ago, HOUR, MINUTE, SECOND, type Words } from "./cli_words.ts";

function link(
  kind: string,
  text: string,
  more: Partial<messages.ExplainLink> = {},
): messages.ExplainLink {
  return {
    kind,
    text,
    weight: undefined,
    decides: false,
    sinceUnixNs: undefined,
    sinceAtLeast: false,
    by: "",
    ...more,
  };
}

function placeOf(words: Words): messages.ServerExplanation {
  return {
    frontend: words.web,
    pool: words.pool,
    backend: words.web1,
    address: "198.51.100.11",
    state: "up",
    links: [
      link("weight", `in place of the file's 100, weighed by an operator: ${words.reason}`, {
        weight: 25,
        decides: true,
        by: words.identity,
        sinceUnixNs: ago(12 * MINUTE + 7 * SECOND),
      }),
      link("state", "up", { weight: 25 }),
      link("pool", `pool "${words.pool}" is active: the first with a server that is up`, {
        weight: 25,
      }),
      link("effective", "VPP should have this weight", { weight: 25 }),
      link("vpp", "1024 of 4096 buckets, at most 12 flows", {
        weight: 0,
        sinceUnixNs: ago(3 * HOUR),
        sinceAtLeast: true,
      }),
      link("difference", "VPP has 0, should have 25: on its way", { weight: 0, decides: true }),
    ],
    weight: 25,
    effectiveWeight: 25,
    vppWeight: 0,
    buckets: 1024,
    flows: 12,
    difference: "VPP has 0, should have 25: on its way",
    answer: "takes no new flows: VPP has 0, should have 25: on its way",
    backends: [words.web1, words.web2],
  };
}

export function backendExplanation(words: Words): messages.ExplainBackendResponse {
  return {
    name: words.web1,
    address: "198.51.100.11",
    state: "up",
    links: [
      link("probe", `passed: L7OK ${words.detail}`),
      link("counter", "4 of 4, up from 2 on (rise 2, fall 3)"),
      link("state", "up, entered from down by L7OK", { sinceUnixNs: ago(3 * HOUR) }),
      link("intent", "no operator has paused or disabled it"),
    ],
    places: [placeOf(words)],
  };
}

export function frontendExplanation(words: Words): messages.ExplainFrontendResponse {
  const place = placeOf(words);
  return {
    name: words.web,
    prefix: "192.0.2.1/32",
    protocol: "tcp",
    port: 80,
    state: "up",
    links: [
      link("state", "up: 1 of 2 servers should have weight"),
      link("vip", "VPP has the VIP, with 2 servers and 4096 buckets"),
      link("difference", "1 of 2 entries differ", { decides: true }),
    ],
    servers: [
      { ...place, links: place.links.filter(({ decides }) => decides) },
      {
        ...place,
        backend: words.web2,
        address: "2001:db8:1::12",
        state: "disabled",
        links: [],
        weight: 100,
        effectiveWeight: 0,
        vppWeight: undefined,
        buckets: undefined,
        flows: undefined,
        difference: "",
        answer: "takes no new flows",
      },
    ],
  };
}

export function historyOf(words: Words): messages.ListHistoryResponse {
  const transition = {
    event: "backend-transition",
    backend: words.web1,
    frontend: "",
    attributes: [
      { key: "from", value: "up" },
      { key: "to", value: "down" },
      { key: "layer", value: "L7" },
      { key: "code", value: "L7STS" },
      { key: "detail", value: words.detail },
    ],
  };
  const action = {
    event: "operator-action",
    backend: words.web1,
    frontend: words.web,
    attributes: [
      { key: "method", value: "SetFrontendPoolBackendWeight" },
      { key: "identity", value: words.identity },
      { key: "reason", value: words.reason },
      { key: "before", value: "100" },
      { key: "after", value: "25" },
    ],
  };
  return {
    records: [
      { id: 41n, atUnixNs: ago(3 * HOUR), ...transition },
      { id: 42n, atUnixNs: ago(12 * MINUTE + 7 * SECOND), ...action },
    ],
    nextBeforeId: 0n,
    warning: "kept in memory only: maglevd runs without --state-dir",
  };
}
