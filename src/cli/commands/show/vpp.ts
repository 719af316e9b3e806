/** VPP: its version and process, its VIPs and servers. */
import type { messages } from "../../../grpc/client/client.ts";
import type { Answer, CommandContext } from "../command.ts";
import { addressText, countCell, percentCell, vipText } from "../../render/mod.ts";
import type { Block, Cell, Row, TableBlock } from "../../render/model.ts";
import { answer, ask } from "../call.ts";
import { backendsCell, NOTHING, sinceCell, textCell, yesNo } from "../cells.ts";

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
        { label: "vpp-pid", value: { text: String(pid), volatile: true } },
        { label: "vpp-boottime", value: sinceCell(boottimeNs, nowMs) },
        { label: "connected", value: sinceCell(connecttimeNs, nowMs) },
        {
          label: "weights",
          value: weights ? { text: "yes" } : {
            text: "no: a server has its full share of new flows, or is removed",
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
      ...confBlocks(message.conf),
      vipsTable(message.vips),
      ...message.vips.filter(({ applicationServers }) => applicationServers.length > 0)
        .map(serversTable),
    ],
  });
}

function confBlocks(conf: messages.VPPLBConf | undefined): readonly Block[] {
  const fields: Block = {
    kind: "fields",
    title: "conf",
    fields: [
      { label: "ip4-src-address", value: textCell(conf?.ip4SrcAddress ?? "") },
      { label: "ip6-src-address", value: textCell(conf?.ip6SrcAddress ?? "") },
      {
        label: "sticky-buckets-per-core",
        value: conf === undefined ? NOTHING : countCell(conf.stickyBucketsPerCore),
      },
      {
        label: "flow-timeout",
        value: conf === undefined ? NOTHING : { text: `${conf.flowTimeout}s` },
      },
    ],
  };
  if (conf !== undefined) return [fields];
  const text = "This VPP does not report its settings.";
  return [fields, { kind: "lines", lines: [{ text, style: "muted" }], offTerminal: "omitted" }];
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
          countCell(vip.flowTableLength),
          { text: String(inUse), style: inUse === 0 ? "bad" : "plain" },
        ],
      };
    }),
    empty: "VPP has no VIPs.",
  };
}

/** A VIP's servers: their shares of its new flows, and VPP's counts. */
function serversTable(vip: messages.VPPLBVIP): TableBlock {
  const all = vip.applicationServers.reduce((sum, { numBuckets }) => sum + numBuckets, 0);
  return {
    kind: "table",
    title: vipText(vip),
    columns: [
      { header: "server", whole: true },
      { header: "backend", optional: true },
      { header: "weight", align: "right" },
      { header: "buckets", align: "right" },
      { header: "share", align: "right" },
      { header: "flows", align: "right", optional: true },
      { header: "packets", align: "right", optional: true },
      { header: "bytes", align: "right", optional: true },
      { header: "note", optional: true, below: true },
    ],
    rows: vip.applicationServers.map((server) => serverRow(server, all)),
    empty: "",
  };
}

/** Bit 0 of a server's flags: it is in use. */
const IN_USE = 1;

function serverRow(server: messages.VPPLBApplicationServer, all: number): Row {
  const { address, weight, flags, numBuckets } = server;
  const name: Cell = { text: addressText(address), style: "name" };
  const backends = backendsCell(server.backends);
  const counted = [server.flows, server.packets, server.bytes].map(optionalCount);
  // A server may be listed twice: in use, and as the rest of an earlier time.
  if ((flags & IN_USE) === 0) {
    const note: Cell = { text: "removed, kept by VPP for its last flows", style: "muted" };
    const cells = [name, backends, NOTHING, NOTHING, NOTHING, ...counted, note];
    return { key: `${address} removed`, cells };
  }
  const style = weight === 0 ? "warn" : "plain";
  return {
    key: address,
    cells: [
      name,
      backends,
      { text: String(weight), style },
      { ...countCell(numBuckets), style },
      { ...(all === 0 ? { text: "-" } : percentCell(numBuckets / all)), style },
      ...counted,
      { text: "" },
    ],
  };
}

/** A value that some versions of VPP lack; on a terminal an empty column is left out. */
function optionalCount(count: number | bigint | undefined): Cell {
  return count === undefined ? { text: "" } : { ...countCell(count), volatile: true };
}
