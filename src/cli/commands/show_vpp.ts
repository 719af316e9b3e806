/** VPP: what it is, and what it has. */
import type { messages } from "../../grpc/client.ts";
import type { Answer, CommandContext } from "../command.ts";
import { addressText, percent, vipText } from "../render/mod.ts";
import type { Block, Cell, Row, TableBlock } from "../view.ts";
import { answer, ask } from "./call.ts";
import { NOTHING, sinceCell, textCell, yesNo } from "./cells.ts";

export async function showVppInfo(context: CommandContext): Promise<Answer> {
  const { nowMs } = context;
  const message = await ask(context, "GetVPPInfo");
  const { pid, boottimeNs, connecttimeNs, weights } = message;
  return answer("GetVPPInfo", message, {
    view: [{
      kind: "fields",
      fields: [
        { label: "version", value: textCell(message.version) },
        { label: "build-date", value: textCell(message.buildDate) },
        { label: "build-dir", value: textCell(message.buildDirectory) },
        { label: "pid", value: { text: String(pid), volatile: true } },
        { label: "boot time", value: sinceCell(boottimeNs, nowMs) },
        { label: "connected", value: sinceCell(connecttimeNs, nowMs) },
        {
          label: "weights",
          value: weights ? { text: "yes" } : {
            text: "no: a server has its full share of new flows, or is not there",
            style: "warn",
          },
        },
      ],
    }],
  });
}

export async function showVppLbState(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "GetVPPLBState");
  return answer("GetVPPLBState", message, {
    view: [
      confBlock(message.conf),
      vipsTable(message.vips),
      ...message.vips.filter(({ applicationServers }) => applicationServers.length > 0)
        .map(serversTable),
    ],
  });
}

function confBlock(conf: messages.VPPLBConf | undefined): Block {
  if (conf === undefined) {
    return {
      kind: "lines",
      lines: [{ text: "This VPP does not tell its settings.", style: "muted" }],
    };
  }
  const { ip4SrcAddress, ip6SrcAddress, stickyBucketsPerCore, flowTimeout } = conf;
  return {
    kind: "fields",
    title: "conf",
    fields: [
      { label: "ip4-src-address", value: textCell(ip4SrcAddress) },
      { label: "ip6-src-address", value: textCell(ip6SrcAddress) },
      { label: "sticky-buckets-per-core", value: { text: String(stickyBucketsPerCore) } },
      { label: "flow-timeout", value: { text: `${flowTimeout}s` } },
    ],
  };
}

function vipsTable(vips: readonly messages.VPPLBVIP[]): TableBlock {
  return {
    kind: "table",
    title: "vips",
    columns: [
      { header: "vip", whole: true },
      { header: "encap", whole: true },
      { header: "sticky", whole: true },
      { header: "buckets", align: "right" },
      { header: "servers", align: "right" },
    ],
    rows: vips.map((vip) => {
      const inUse = vip.applicationServers.filter(({ flags }) => (flags & IN_USE) !== 0).length;
      return {
        key: vipText(vip),
        cells: [
          { text: vipText(vip), style: "name" },
          textCell(vip.encap),
          yesNo(vip.srcIpSticky),
          { text: String(vip.flowTableLength) },
          { text: String(inUse), style: inUse === 0 ? "bad" : "plain" },
        ],
      };
    }),
    empty: "VPP has no VIPs.",
  };
}

/** A VIP's servers: what each has of its new flows. */
function serversTable(vip: messages.VPPLBVIP): TableBlock {
  const all = vip.applicationServers.reduce((sum, { numBuckets }) => sum + numBuckets, 0);
  return {
    kind: "table",
    title: vipText(vip),
    columns: [
      { header: "server", whole: true },
      { header: "weight", align: "right" },
      { header: "buckets", align: "right" },
      { header: "share", align: "right" },
      { header: "note", optional: true },
    ],
    rows: vip.applicationServers.map((server) => serverRow(server, all)),
    empty: "",
  };
}

/** Bit 0 of a server's flags: it is in use. */
const IN_USE = 1;

function serverRow(
  { address, weight, flags, numBuckets }: messages.VPPLBApplicationServer,
  all: number,
): Row {
  const name: Cell = { text: addressText(address), style: "name" };
  // The same server may be there twice: in use, and as what is left of an earlier time.
  if ((flags & IN_USE) === 0) {
    const note: Cell = { text: "removed, kept by VPP for its last flows", style: "muted" };
    return { key: `${address} removed`, cells: [name, NOTHING, NOTHING, NOTHING, note] };
  }
  const style = weight === 0 ? "warn" : "plain";
  return {
    key: address,
    cells: [
      name,
      { text: String(weight), style },
      { text: String(numBuckets), style },
      { text: all === 0 ? "-" : percent(numBuckets / all), style },
      { text: "" },
    ],
  };
}
