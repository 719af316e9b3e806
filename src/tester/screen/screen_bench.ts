/** The cost of a frame: four a second are drawn. */
import { parseIp } from "../../base/address.ts";
import { ProberFigures } from "../prober_figures.ts";
import { VipRecord } from "../record/vip_record.ts";
import { frameText } from "./frame.ts";
import { painted } from "./line.ts";
import { drawScreen, type ScreenModel } from "./screen.ts";

function modelOf(count: number): ScreenModel {
  const vips = Array.from({ length: count }, (_, at) => {
    const record = new VipRecord({ outageAfter: 2, graceUntilMs: 0 });
    for (let probe = 0; probe < 200; probe++) {
      const latencyMs = 1 + (probe * 7 % 13) / 10;
      const sent = record.send(probe * 100);
      record.result(sent, { kind: "ok", latencyMs, status: 200, server: "nginx0" }, probe * 100);
    }
    const vip = {
      name: `web${at}`,
      address: parseIp("192.0.2.1")!,
      protocol: "tcp" as const,
      port: 80,
      probing: { kind: "connect" as const },
      servers: [{ name: "nginx0", address: "10.0.0.1", share: 1 }],
    };
    return { vip, record };
  });
  return {
    version: "1.2.3",
    host: "jump1",
    nowMs: 20_000,
    elapsedMs: 20_000,
    utc: (atMs) => new Date(atMs).toISOString(),
    intervalMs: 100,
    timeoutMs: 2000,
    paused: false,
    hint: undefined,
    prober: new ProberFigures(),
    vips,
    entries: [],
  };
}

const SIZE = { columns: 160, rows: 50 };

for (const count of [40, 1000]) {
  const model = modelOf(count);
  Deno.bench(`a frame of ${count} VIPs, 160×50`, () => {
    const rows = drawScreen(model, SIZE).lines
      .map((line) => painted(line, { width: SIZE.columns, color: true }));
    frameText([], rows);
  });
}
