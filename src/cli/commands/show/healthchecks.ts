/** Healthchecks: all in a table, or one with all details. */
import { formatDuration } from "../../../base/duration.ts";
import { quote } from "../../../base/text.ts";
import type { messages } from "../../../grpc/client/client.ts";
import type { Answer, CommandContext } from "../command.ts";
import type { Args } from "../../language/node.ts";
import { millisecondsOf } from "../../render/mod.ts";
import type { Cell, FieldsBlock, TableBlock } from "../../render/model.ts";
import { answer, ask, need } from "../call.ts";
import { textCell, yesNo } from "../cells.ts";

type Check = messages.HealthCheckInfo;

export async function showHealthchecks(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "ListHealthChecks", { request: { details: true } });
  const table: TableBlock = {
    kind: "table",
    columns: [
      { header: "name" },
      { header: "type", whole: true },
      { header: "port", align: "right" },
      { header: "interval", align: "right" },
      { header: "timeout", align: "right" },
      { header: "rise", align: "right" },
      { header: "fall", align: "right" },
      { header: "request", below: true },
    ],
    rows: message.healthchecks.map((check) => ({
      key: check.name,
      cells: [
        { text: check.name, style: "name" },
        textCell(check.type),
        portCell(check),
        durationCell(check.intervalNs),
        durationCell(check.timeoutNs),
        { text: String(check.rise) },
        { text: String(check.fall) },
        { text: requestText(check) },
      ],
    })),
    empty: "No healthchecks.",
  };
  return answer("ListHealthChecks", message, { view: [table] });
}

/** `GET https://www.example.net/health → 200-299`, or nothing for a check without a request. */
function requestText(check: Check): string {
  const { type, method, host, path, responseCode, responseRegexp, ssl, serverName } = check;
  if (type === "http" || type === "https") {
    const body = responseRegexp === "" ? "" : ` and /${responseRegexp}/`;
    const name = host === "" ? "…" : host;
    return `${method} ${type}://${name}${path} → ${responseCode}${body}`;
  }
  if (type === "grpc") {
    const authority = check.grpcAuthority === "" ? "…" : check.grpcAuthority;
    const service = check.grpcService === "" ? "" : ` of ${check.grpcService}`;
    return `Check${service} at ${authority}${ssl ? " over TLS" : ""}`;
  }
  if (type === "dns") {
    const name = check.dnsName === "" ? "." : check.dnsName;
    return `${check.dnsQtype} of ${name} over ${check.dnsTransport} → ${check.dnsRcode}`;
  }
  if (type === "udp") {
    return check.udpSilence === "pass" ? "a datagram; silence passes" : "a datagram";
  }
  const steps = check.steps.length === 0 ? [] : [`${check.steps.length} steps`];
  if (!ssl) return steps.join();
  return [serverName === "" ? "TLS" : `TLS for ${serverName}`, ...steps].join(", ");
}

function portCell({ type, port }: Check): Cell {
  return textCell(type === "icmp" ? "" : String(port));
}

/** In the form of the configuration. */
function durationCell(ns: bigint): Cell {
  return { text: formatDuration(millisecondsOf(ns)) };
}

/** All fields of its type. */
export async function showHealthcheck(context: CommandContext, args: Args): Promise<Answer> {
  const name = need(args, "healthcheck");
  const message = await ask(context, "GetHealthCheck", { request: { name } });
  return answer("GetHealthCheck", message, { view: [checkFields(message)] });
}

function checkFields(check: Check): FieldsBlock {
  const { type, ssl } = check;
  const web = type === "http" || type === "https";
  const tls = type === "https" || ssl;
  return {
    kind: "fields",
    fields: [
      { label: "name", value: { text: check.name, style: "name" } },
      { label: "type", value: textCell(type) },
      ...(type === "icmp" ? [] : [{ label: "port", value: portCell(check) }]),
      { label: "interval", value: durationCell(check.intervalNs) },
      { label: "fast-interval", value: durationCell(check.fastIntervalNs) },
      { label: "down-interval", value: durationCell(check.downIntervalNs) },
      { label: "timeout", value: durationCell(check.timeoutNs) },
      { label: "rise", value: { text: String(check.rise) } },
      { label: "fall", value: { text: String(check.fall) } },
      ...dampingFields(check),
      { label: "probe-ipv4-src", value: orElse(check.probeIpv4Src, "the system's choice") },
      { label: "probe-ipv6-src", value: orElse(check.probeIpv6Src, "the system's choice") },
      ...(type === "grpc"
        ? [
          { label: "service", value: orElse(check.grpcService, "the server as a whole") },
          { label: "authority", value: orElse(check.grpcAuthority, "the backend's address") },
        ]
        : []),
      { label: "agent", value: agentCell(check), optional: true },
      ...(type === "dns" ? dnsFields(check) : []),
      ...(type === "udp" ? udpFields(check) : []),
      ...(type === "tcp" || type === "grpc" ? [{ label: "ssl", value: yesNo(ssl) }] : []),
      ...(tls ? tlsFields(check) : []),
      ...check.steps.map(stepField),
      ...(web ? webFields(check) : []),
    ],
  };
}

function agentCell({ agentPort, agentIntervalNs }: Check): Cell {
  if (agentPort === 0) return textCell("");
  return textCell(`port ${agentPort}, every ${formatDuration(millisecondsOf(agentIntervalNs))}`);
}

function dnsFields(check: Check): Fields {
  return [
    { label: "name", value: textCell(check.dnsName === "" ? "." : check.dnsName) },
    { label: "qtype", value: textCell(check.dnsQtype) },
    { label: "transport", value: textCell(check.dnsTransport) },
    { label: "rcode", value: textCell(check.dnsRcode) },
    { label: "answer", value: orElse(check.dnsAnswer, "any records, or none") },
    { label: "recursion", value: yesNo(check.dnsRecursion) },
  ];
}

function udpFields({ udpSend, udpExpect, udpSilence }: Check): Fields {
  return [
    { label: "send", value: orElse(udpSend, "(hidden: operators may see it)") },
    { label: "expect", value: orElse(udpExpect, "any answer") },
    { label: "silence", value: textCell(udpSilence) },
  ];
}

type Fields = FieldsBlock["fields"];

function dampingFields({ damping }: Check): Fields {
  if (damping === undefined) return [];
  return [
    { label: "damping half-life", value: durationCell(damping.halfLifeNs) },
    { label: "damping suppress", value: { text: String(damping.suppress) } },
    { label: "damping reuse", value: { text: String(damping.reuse) } },
    { label: "damping max-hold", value: durationCell(damping.maxHoldNs) },
  ];
}

function tlsFields(check: Check): Fields {
  const { serverName, insecureSkipVerify, alpn, caFile, clientCert, clientKey } = check;
  return [
    { label: "server-name", value: textCell(serverName) },
    {
      label: "insecure-skip-verify",
      value: { ...yesNo(insecureSkipVerify), style: insecureSkipVerify ? "warn" : "plain" },
    },
    ...(alpn.length === 0 ? [] : [{ label: "alpn", value: textCell(alpn.join(", ")) }]),
    { label: "ca-file", value: orElse(caFile, "the system's authorities") },
    ...(clientCert === "" ? [] : [
      { label: "client-cert", value: textCell(clientCert) },
      { label: "client-key", value: textCell(clientKey) },
    ]),
  ];
}

function stepField({ kind, text, hidden }: Check["steps"][number]): Fields[number] {
  if (!hidden) return { label: kind, value: { text: quote(text) } };
  return { label: kind, value: { text: "(hidden: operators may see it)", style: "muted" } };
}

function webFields(check: Check): Fields {
  return [
    { label: "method", value: textCell(check.method) },
    { label: "host", value: textCell(check.host) },
    { label: "path", value: textCell(check.path) },
    ...check.headers.map(({ name, value, hidden }) => ({
      label: "header",
      value: hidden
        ? { text: `${name}: (hidden: operators may see it)`, style: "muted" as const }
        : { text: `${name}: ${value}` },
    })),
    ...check.removedHeaders.map((name) => ({
      label: "header",
      value: { text: `${name}: (left out)`, style: "muted" as const },
    })),
    ...(check.body === "" ? [] : [{ label: "body", value: textCell(check.body) }]),
    { label: "response-code", value: textCell(check.responseCode) },
    { label: "response-regexp", value: textCell(check.responseRegexp) },
    ...(check.responseRegexpNot === ""
      ? []
      : [{ label: "response-regexp-not", value: textCell(check.responseRegexpNot) }]),
    ...(check.http2 ? [{ label: "http2", value: yesNo(true) }] : []),
    ...(check.redirects === "" ? [] : [{ label: "redirects", value: textCell(check.redirects) }]),
    ...(check.proxyProtocol === ""
      ? []
      : [{ label: "proxy-protocol", value: textCell(check.proxyProtocol) }]),
    ...(check.responseHeader === "" ? [] : [{
      label: "response-header",
      value: textCell(`${check.responseHeader}: ${check.responseHeaderRegexp}`),
    }]),
  ];
}

function orElse(text: string, otherwise: string): Cell {
  return text === "" ? { text: otherwise, style: "muted" } : { text };
}
