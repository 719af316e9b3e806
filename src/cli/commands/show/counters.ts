/** VPP's counters of VIPs, and of their servers. */
import type { messages } from "../../../grpc/client/client.ts";
import type { Answer, CommandContext } from "../command.ts";
import { addressText, vipText } from "../../render/mod.ts";
import type { Cell, Column, Row, TableBlock } from "../../render/model.ts";
import { answer } from "../call.ts";
import { backendsCell } from "../cells.ts";
import { counterCell, rateCell, readCounters, readingView } from "./readings.ts";

type Counters = messages.VPPLBCounters;

const COUNTS = ["first", "next", "untracked", "noServer", "fibPackets", "fibBytes"] as const;
const HEADERS = ["first", "next", "untracked", "no-server", "fib-packets", "fib-bytes"];

/** Packets of each VIP. */
export async function showVppLbCounters(context: CommandContext): Promise<Answer> {
  const reading = await readCounters(context);
  const { newest } = reading;
  const counts: TableBlock = {
    kind: "table",
    columns: vipColumns(HEADERS),
    rows: newest.vips.map((vip) => vipRow(vip, (name) => counterCell(vip[name]))),
    empty: "VPP has no VIPs.",
  };
  const ratesOver = (before: Counters, seconds: number) => vipRates(newest, before, seconds);
  return answer("GetVPPLBCounters", newest, { view: readingView(reading, { counts, ratesOver }) });
}

function vipColumns(headers: readonly string[]): Column[] {
  return [{ header: "vip", whole: true }, ...headers.map(numbers)];
}

function numbers(header: string): Column {
  return { header, align: "right" };
}

function vipRow(
  vip: messages.VPPLBVipCounters,
  cellOf: (name: (typeof COUNTS)[number]) => Cell,
): Row {
  const name = vipText(vip);
  return { key: name, cells: [{ text: name, style: "name" }, ...COUNTS.map(cellOf)] };
}

function vipRates(newest: Counters, before: Counters, seconds: number): TableBlock {
  const known = new Map(before.vips.map((vip) => [vipText(vip), vip]));
  return {
    kind: "table",
    title: "rates",
    columns: vipColumns([...HEADERS.slice(0, -1).map((header) => `${header}/s`), "fib bit/s"]),
    rows: newest.vips.map((vip) => {
      const old = known.get(vipText(vip));
      return vipRow(vip, (name) => {
        const factor = name === "fibBytes" ? 8 : 1;
        const cell = rateCell(vip[name], { old: old?.[name], seconds, factor });
        const drops = name === "noServer" && cell.text !== "0" && cell.text !== "-";
        return drops ? { ...cell, style: "bad" } : cell;
      });
    }),
    empty: "",
  };
}

/** Packets and bytes that VPP sent to each server, over all its VIPs. */
export async function showVppLbServers(context: CommandContext): Promise<Answer> {
  const reading = await readCounters(context);
  const { newest } = reading;
  const counts: TableBlock = {
    kind: "table",
    columns: serverColumns(["packets", "bytes"]),
    rows: newest.servers.map((server) =>
      serverRow(server, [counterCell(server.packets), counterCell(server.bytes)])
    ),
    empty: "VPP counts no packets of servers.",
  };
  const ratesOver = (before: Counters, seconds: number) => serverRates(newest, before, seconds);
  return answer("GetVPPLBCounters", newest, { view: readingView(reading, { counts, ratesOver }) });
}

function serverColumns(headers: readonly string[]): Column[] {
  return [
    { header: "server", whole: true },
    { header: "backend", optional: true },
    ...headers.map(numbers),
  ];
}

function serverRow(
  { address, backends }: messages.VPPLBServerCounters,
  cells: readonly Cell[],
): Row {
  const name: Cell = { text: addressText(address), style: "name" };
  return { key: address, cells: [name, backendsCell(backends), ...cells] };
}

function serverRates(newest: Counters, before: Counters, seconds: number): TableBlock {
  const known = new Map(before.servers.map((server) => [server.address, server]));
  return {
    kind: "table",
    title: "rates",
    columns: serverColumns(["packets/s", "bit/s"]),
    rows: newest.servers.map((server) => {
      const old = known.get(server.address);
      return serverRow(server, [
        rateCell(server.packets, { old: old?.packets, seconds }),
        rateCell(server.bytes, { old: old?.bytes, seconds, factor: 8 }),
      ]);
    }),
    empty: "",
  };
}
