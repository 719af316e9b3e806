/**
 * The part of the configuration table (schema.ts) that describes healthchecks: it has a file of
 * its own because it is the longest part, and the only one whose keys depend on a value.
 */
import { damping } from "./checks/damping.ts";
import { dns, udp } from "./checks/datagram.ts";
import { grpc } from "./checks/grpc.ts";
import { httpExtras } from "./checks/http.ts";
import { steps } from "./checks/steps.ts";
import { tls } from "./checks/tls.ts";
import { DAY, type Keys, SECOND } from "./types.ts";

/** Keys of params of http and https. */
export const http = {
  "path": {
    type: "text",
    format: "path",
    default: "/",
    help: "Path of the request, with its query if any. Starts with `/`.",
  },
  "host": {
    type: "text",
    format: "host",
    absent: "the backend's address",
    help: "Host header: a name or an address, optionally with `:port`.",
  },
  "method": {
    type: "word",
    words: ["GET", "HEAD", "POST"],
    default: "GET",
    help: "Method of the request. An answer to HEAD has no body.",
  },
  "body": {
    type: "text",
    format: "body",
    absent: "no body",
    help: "Body of a POST request, in UTF-8, of at most 8 KiB. Its type is named by a header " +
      "`Content-Type` in `headers`; its length is added.",
  },
  "headers": {
    type: "headers",
    absent: "none",
    help: "Extra request headers, sent in this order. `User-Agent:` without a value (null) " +
      "leaves out the one that is sent otherwise, `maglevd/VERSION`.",
  },
  "response-code": {
    type: "codes",
    default: "200",
    min: 100,
    max: 599,
    help: "Status codes that pass: a code, a range such as `200-299`, or a list of both.",
  },
  "response-regexp": {
    type: "text",
    format: "regexp",
    absent: "the body is not read",
    help:
      "Regular expression (RE2, as in Go) that must match within the first 64 KiB of the body. " +
      "A body without an announced length passes as soon as it matches, even if it never ends, " +
      "unless the expression looks at the end (`$`, `\\z`, `\\b`).",
  },
  "response-regexp-not": {
    type: "text",
    format: "regexp",
    absent: "the body is not read",
    help:
      "Regular expression (RE2) that must not match within the first 64 KiB of the body. With " +
      "it the body must end, or have 64 KiB, before the timeout.",
  },
  ...httpExtras,
} as const satisfies Keys;

const tcp = {
  "ssl": {
    type: "boolean",
    default: false,
    help:
      "A TLS handshake must succeed after the connect. A server of TLS 1.3 that requires a client " +
      "certificate passes: it refuses only after the handshake. A check of type https detects the refusal.",
  },
  "server-name": { ...tls["server-name"], absent: "none" },
  "insecure-skip-verify": tls["insecure-skip-verify"],
  "alpn": { ...tls.alpn, absent: "none" },
  "ca-file": tls["ca-file"],
  "client-cert": tls["client-cert"],
  "client-key": tls["client-key"],
  steps,
} as const satisfies Keys;

/** Keys of one healthcheck. */
const agent = {
  "port": {
    type: "port",
    required: true,
    help: "Port of the agent on the server.",
  },
  "interval": {
    type: "duration",
    unit: "duration",
    default: 2 * SECOND,
    min: 10,
    max: DAY,
    help:
      "From the start of one question to the start of the next. Three without an answer forget " +
      "what the agent reported.",
    zero: "is refused: questions need time between them",
    raise: "follows the agent later",
    lower: "costs a connection more for each server and period",
  },
} as const satisfies Keys;

export const healthcheck = {
  "type": {
    type: "word",
    words: ["icmp", "tcp", "http", "https", "grpc", "dns", "udp"],
    required: true,
    help:
      "Kind of probe: an ICMP echo, a TCP connect, an HTTP request without or with TLS, gRPC's " +
      "health check, a question of DNS, or a UDP datagram.",
  },
  "port": {
    type: "port",
    requiredUnless: { key: "type", is: "icmp" },
    help: "Port of the server that is probed. It need not be the port of the frontend.",
  },
  "interval": {
    type: "duration",
    unit: "duration",
    default: 2 * SECOND,
    min: 10,
    max: DAY,
    help: "From the start of one probe to the start of the next while the backend is fully " +
      "healthy. A failure is noticed within `interval`, and believed after `fall` minus one times " +
      "`fast-interval` more.",
    zero: "is refused: probes need time between them",
    raise: "notices a failure later",
    lower: "costs the servers and the daemon one probe more for each backend and period",
  },
  "fast-interval": {
    type: "duration",
    unit: "duration",
    absent: "`interval`",
    min: 10,
    max: DAY,
    help: "The same while the backend is unknown or between healthy and down, when it matters " +
      "to know soon.",
    zero: "is refused: probes need time between them",
    raise: "decides later, both at a failure and at a return",
    lower: "costs probes only while a backend is in doubt",
  },
  "down-interval": {
    type: "duration",
    unit: "duration",
    absent: "`interval`",
    min: 10,
    max: DAY,
    help: "The same while the backend is fully down.",
    zero: "is refused: probes need time between them",
    raise: "notices a return later, and leaves a struggling server in peace",
    lower: "notices a return sooner",
  },
  "timeout": {
    type: "duration",
    unit: "duration",
    default: 2 * SECOND,
    min: 1,
    max: DAY,
    help: "Bound on the whole probe: connect, handshake, request and response. A good value is " +
      "several times the slowest healthy response.",
    zero: "is refused: every probe would fail",
    raise: "notices a server that hangs later; beyond `interval` it delays the next probe",
    lower: "fails slow servers",
  },
  "rise": {
    type: "integer",
    unit: "probes",
    default: 2,
    min: 1,
    max: 1_000_000,
    help:
      "Passes in a row that make a down backend up. A failure in between starts the count again.",
    zero: "is refused: one pass at least",
    raise: "lets a server that flaps back in later",
    lower: "trusts a server that answered once",
  },
  "fall": {
    type: "integer",
    unit: "probes",
    default: 3,
    min: 1,
    max: 1_000_000,
    help:
      "Failures in a row that make an up backend down. A pass in between starts the count again, so " +
      "with 2 or more a server that answers every second probe stays as it is.",
    zero: "is refused: one failure at least",
    raise: "sends traffic to a dead server for longer",
    lower: "takes a server out for a single lost packet",
  },
  "damping": {
    type: "section",
    optional: true,
    keys: damping,
    absent: "a backend comes up as soon as its checks pass",
    help: "Keeps backends down for a while that go up and down often. See the policies page.",
  },
  "probe-ipv4-src": {
    type: "address",
    family: 4,
    absent: "the system chooses",
    help: "Source address of probes of IPv4 backends. It must be an address of this machine, or " +
      "of the namespace the probes run in: while it is not, probes are void.",
  },
  "probe-ipv6-src": {
    type: "address",
    family: 6,
    absent: "the system chooses",
    help: "Source address of probes of IPv6 backends, likewise.",
  },
  "agent": {
    type: "section",
    optional: true,
    keys: agent,
    absent: "the servers have no agent",
    help:
      "Each server has an agent, as for HAProxy's `agent-check`, whose words lower its state or " +
      "weight. See the page on health checks.",
  },
  "params": {
    type: "variants",
    by: "type",
    variants: { icmp: {}, tcp, http, https: { ...http, ...tls }, grpc, dns, udp },
    absent: "all defaults",
    help: "Settings of this type of probe.",
  },
} as const satisfies Keys;
