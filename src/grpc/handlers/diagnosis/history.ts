/** The history, a page at a time. */
import { MaglevError } from "../../../base/errors.ts";
import type { HistoryRecord as KeptRecord } from "../../../history/record.ts";
import { fieldOf } from "../../../history/record.ts";
import type { Handler } from "../../calls/calls.ts";
import type { DaemonApi } from "../../calls/daemon_api.ts";
import type { HistoryRecord, ListHistoryRequest, ListHistoryResponse } from "../../gen/maglev.ts";
import { unixNanoseconds, wallMsOfNanoseconds } from "../convert.ts";

/** Records of a page without a requested size. */
export const DEFAULT_PAGE = 200;
/** Most records of a page: some 500 KB. */
export const MAX_PAGE = 1000;

export function listHistory(
  { history }: Pick<DaemonApi, "history">,
): Handler<ListHistoryRequest, ListHistoryResponse> {
  return ({ backend, frontend, sinceUnixNs, beforeId, pageSize }) => {
    if (pageSize > MAX_PAGE) {
      return new MaglevError(
        "invalid-argument",
        `cannot take page_size: need at most ${MAX_PAGE}, have ${pageSize}`,
      );
    }
    const { records, nextBeforeId } = history.list({
      backend: backend === "" ? undefined : backend,
      frontend: frontend === "" ? undefined : frontend,
      sinceMs: sinceUnixNs === 0n ? undefined : wallMsOfNanoseconds(sinceUnixNs),
      beforeId: beforeId === 0n ? undefined : Number(beforeId),
      size: pageSize === 0 ? DEFAULT_PAGE : pageSize,
    });
    return {
      records: records.map(historyRecord),
      nextBeforeId: BigInt(nextBeforeId ?? 0),
      warning: history.warning,
    };
  };
}

function historyRecord(record: KeptRecord): HistoryRecord {
  const { id, atMs, event, fields } = record;
  return {
    id: BigInt(id),
    atUnixNs: unixNanoseconds(atMs),
    event,
    backend: fieldOf(record, "backend"),
    frontend: fieldOf(record, "frontend"),
    attributes: fields
      .filter(([name]) => name !== "backend" && name !== "frontend")
      .map(([key, value]) => ({ key, value })),
  };
}
