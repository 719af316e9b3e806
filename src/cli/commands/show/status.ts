/** The server's state: ready or not, VPP, warm-up, configuration, probers. */
import type { WallMs } from "../../../base/instant.ts";
import type { messages } from "../../../grpc/client/client.ts";
import type { Answer, CommandContext } from "../command.ts";
import { countCell } from "../../render/mod.ts";
import type { Cell, Field, TableBlock, View } from "../../render/model.ts";
import { answer, ask } from "../call.ts";
import { ageCell, intentCell, sinceCell, STATE_STYLES, textCell, untilText } from "../cells.ts";

type Status = messages.StatusInfo;

/** The exit status is 0 in both cases, because scripts use `/readyz`. */
export async function showStatus(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "GetStatus");
  return answer("GetStatus", message, { view: statusView(message, context.nowMs) });
}

function statusView(status: Status, nowMs: WallMs): View {
  const { withheld, probers } = status;
  return [
    {
      kind: "fields",
      fields: [
        { label: "ready", value: readyCell(status) },
        { label: "lameduck", value: intentCell(status.lameduck, nowMs), optional: true },
        {
          label: "announce",
          value: { text: status.announceProblem, style: "bad" },
          optional: true,
        },
        ...vppFields(status, nowMs),
        ...warmupFields(status, nowMs),
        { label: "config-file", value: textCell(status.configFile) },
        { label: "config-loaded", value: sinceCell(status.configLoadedUnixNs, nowMs) },
        { label: "config-hash", value: textCell(status.configHash) },
        { label: "config-error", value: configErrorCell(status), optional: true },
        { label: "backends", value: countsCell(status.backends) },
        { label: "frontends", value: countsCell(status.frontends) },
        // One line for each withheld change: VPP would not survive it.
        ...(withheld.length === 0 ? [""] : withheld).map((text): Field => ({
          label: "withheld",
          value: { text, style: "bad" },
          optional: true,
        })),
      ],
    },
    probersTable(probers, nowMs),
  ];
}

function configErrorCell({ configError }: Status): Cell {
  if (configError === "") return { text: "" };
  const text = `the last reload was refused: ${configError}; config check shows the errors`;
  return { text, style: "bad" };
}

function readyCell({ ready, reason }: Status): Cell {
  if (ready) return { text: "yes", style: "good" };
  return { text: reason === "" ? "no" : `no: ${reason}`, style: "bad" };
}

function vppFields({ vpp, vppSinceUnixNs, vppError }: Status, nowMs: WallMs): readonly Field[] {
  const style = vpp === "connected" ? "good" : vpp === "off" ? "muted" : "bad";
  return [
    { label: "vpp", value: { ...textCell(vpp), style } },
    { label: "vpp-since", value: sinceCell(vppSinceUnixNs, nowMs) },
    { label: "vpp-error", value: { text: vppError, style: "bad" }, optional: true },
  ];
}

function warmupFields(status: Status, nowMs: WallMs): readonly Field[] {
  const { warmup, warmupUntilUnixNs, warmupHeld } = status;
  const under = warmup === "waiting" || warmup === "releasing";
  const until = warmupUntilUnixNs === undefined ? "" : untilText(warmupUntilUnixNs, nowMs);
  return [
    { label: "warm-up", value: { ...textCell(warmup), style: under ? "warn" : "plain" } },
    { label: "warm-up-until", value: { text: until, volatile: true }, optional: true },
    {
      label: "warm-up-holds",
      value: { text: warmupHeld.join(", "), style: "warn" },
      optional: true,
    },
  ];
}

/** `12 up, 1 down`. */
function countsCell(counts: readonly messages.StateCount[]): Cell {
  const bad = counts.some(({ state }) => STATE_STYLES.get(state) === "bad");
  return {
    ...textCell(counts.map(({ state, count }) => `${count} ${state}`).join(", ")),
    ...(bad ? { style: "bad" } : {}),
  };
}

function probersTable(probers: Status["probers"], nowMs: WallMs): TableBlock {
  return {
    kind: "table",
    title: "probers",
    columns: [
      { header: "netns" },
      { header: "threads", align: "right" },
      { header: "backends", align: "right" },
      { header: "blind", whole: true },
      { header: "blind since", align: "right", optional: true },
      { header: "reason", optional: true, below: true },
    ],
    rows: probers.map(({ netns, threads, backends, blind, reason, blindSinceUnixNs }) => ({
      key: netns,
      cells: [
        netns === "" ? { text: "maglevd's own", plain: "-" } : { text: netns, style: "name" },
        countCell(threads),
        countCell(backends),
        { text: blind ? "yes" : "no", style: blind ? "bad" : "plain" },
        blindSinceUnixNs === undefined ? { text: "" } : ageCell(blindSinceUnixNs, nowMs),
        { text: reason, style: "bad" },
      ],
    })),
    empty: "No probers.",
  };
}
