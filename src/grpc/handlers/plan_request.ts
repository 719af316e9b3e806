/**
 * Reads a PlanBackendRequest. A plan is refused where the change itself would be. Its reason and
 * its end are checked by the same rules, although neither changes what VPP gets.
 */
import { MaglevError } from "../../base/errors.ts";
import type { WallMs } from "../../base/instant.ts";
import { nearest } from "../../base/nearest.ts";
import type { ForecastAction } from "../../forecast/forecast.ts";
import {
  checkAction,
  checkOptions,
  checkWeightRequest,
} from "../../checker/operations/operator.ts";
import { type BackendAction } from "../../intent/request.ts";
import type { Snapshot } from "../../checker/ports.ts";
import { weightOf } from "../../config/pool_weights.ts";
import type { PlanBackendRequest, SetWeightRequest } from "../gen/maglev.ts";
import { timesOf } from "./intent.ts";

const ACTIONS: readonly BackendAction[] = ["pause", "resume", "disable", "enable"];

/** The action to forecast, or why it would be refused. `nowMs`: Unix time in milliseconds. */
export function forecastActionOf(
  request: PlanBackendRequest,
  { snapshot, nowMs }: { readonly snapshot: Snapshot; readonly nowMs: WallMs },
): ForecastAction | MaglevError {
  const { name: backend, action } = request;
  const kind = ACTIONS.find((known) => known === action);
  if (kind === undefined && action !== "weight" && action !== "drain") return unknownAction(action);
  const times = timesOf({ begin: undefined, end: request.end }, nowMs);
  if (times instanceof MaglevError) return times;
  const reason = request.reason === "" ? undefined : request.reason;
  const options = { by: { peer: "", identity: "" }, reason, ...times };
  if (action === "drain") {
    return checkOptions(options, { nowMs, canEnd: false }) ?? {
      kind: "drain",
      backend,
      force: request.force,
    };
  }
  if (kind !== undefined) {
    const fileEnabled = snapshot.config.backends.get(backend)?.enabled;
    const problem = fileEnabled === undefined
      ? undefined
      : checkAction(backend, { kind, options, fileEnabled, nowMs });
    return problem ?? { kind, backend };
  }
  const weight = requestedWeight({ ...request, backend }, snapshot);
  if (weight instanceof MaglevError) return weight;
  const { frontend, pool } = request;
  const planned = { frontend, pool, backend, weight };
  const unfit = checkWeightRequest(planned, snapshot.frontends);
  if (unfit instanceof MaglevError) return unfit;
  return checkOptions(options, { nowMs, canEnd: true }) ?? { kind: "weight", ...planned };
}

/**
 * The weight of a request, or the file's with `file` set. An unknown entry has 0, and is refused
 * later. The file's weight has no end.
 */
export function requestedWeight(
  request:
    & Pick<SetWeightRequest, "frontend" | "pool" | "backend" | "weight" | "file" | "end">
    & Partial<Pick<SetWeightRequest, "begin">>,
  { config }: Pick<Snapshot, "config">,
): number | MaglevError {
  if (!request.file) return request.weight;
  if (request.end !== undefined) {
    return new MaglevError(
      "invalid-argument",
      "cannot take an end (until): the file's weight has no end; leave it out",
    );
  }
  if (request.begin !== undefined) {
    return new MaglevError(
      "invalid-argument",
      "cannot take a beginning (from): the file's weight is set at once; leave it out",
    );
  }
  return weightOf(config.frontends.get(request.frontend), request) ?? 0;
}

function unknownAction(action: string): MaglevError {
  const known = [...ACTIONS, "drain", "weight"];
  const near = nearest(action.slice(0, 32), known);
  return new MaglevError(
    "invalid-argument",
    `cannot plan ${JSON.stringify(action)}: need one of ${known.join(", ")}` +
      (near === undefined ? "" : `; did you mean ${near}?`),
  );
}
