/** PURE. The plans of several load balancers in one table. */
import { MaglevError } from "../../base/errors.ts";
import type { messages } from "../../grpc/client/client.ts";
import { explain } from "../../grpc/client/failures.ts";
import { shiftText, styleOf } from "../commands/plan_view.ts";
import { vipText } from "../render/mod.ts";
import type { Row, View } from "../render/model.ts";
import type { Server } from "../servers.ts";

/** What one load balancer foretells. */
export interface Foretelling {
  readonly server: Server;
  readonly result: messages.PlanBackendResponse | MaglevError;
}

/** A row for each VIP that changes on a load balancer, and one for each where none does. */
export function planTable(foretold: readonly Foretelling[]): View {
  const warnings = foretold.flatMap(({ server, result }) => {
    const warning = result instanceof MaglevError ? "" : result.plan?.warning ?? "";
    return warning === "" ? [] : [{ text: `${server.name}: ${warning}`, style: "warn" as const }];
  });
  return [
    {
      kind: "table",
      columns: [
        { header: "load balancer", whole: true },
        { header: "frontend" },
        { header: "vip" },
        { header: "buckets", align: "right" },
        { header: "new flows" },
        { header: "note", optional: true, below: true },
      ],
      rows: foretold.flatMap(rowsOf),
      empty: "No load balancer was asked.",
    },
    ...(warnings.length === 0 ? [] : [{ kind: "lines" as const, lines: warnings }]),
  ];
}

function rowsOf({ server, result }: Foretelling): readonly Row[] {
  if (result instanceof MaglevError) {
    return [rowOf(server.name, `not asked: ${explain(result, server.endpoint)}`, "bad")];
  }
  const { plan, foretold } = result;
  if (foretold === undefined) return [rowOf(server.name, "not of this scope", "muted")];
  const vips = plan?.vips ?? [];
  if (vips.length === 0) return [rowOf(foretold.lb, "nothing changes", "muted")];
  const emptied = new Set(foretold.emptied);
  return vips.map((vip) => ({
    key: `${foretold.lb} ${vipText(vip)}`,
    cells: [
      { text: foretold.lb, style: "name" },
      { text: vip.frontend },
      { text: vipText(vip) },
      { text: bucketsText(vip) },
      { text: shiftText(vip), style: styleOf(vip) },
      emptied.has(vip.frontend)
        ? { text: "no server is left: its guard holds it without force", style: "bad" }
        : { text: "" },
    ],
  }));
}

function rowOf(lb: string, text: string, style: "bad" | "muted"): Row {
  return {
    key: lb,
    cells: [
      { text: lb, style: "name" },
      { text: "" },
      { text: "" },
      { text: "" },
      { text, style },
      { text: "" },
    ],
  };
}

/** `347 of 1024`: those that change or lose their server. */
function bucketsText({ atOnce }: messages.VipChange): string {
  return atOnce === undefined ? "" : `${atOnce.moved + atOnce.lost} of ${atOnce.buckets}`;
}
