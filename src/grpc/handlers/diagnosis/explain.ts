/** Explains why servers have their weight in VPP. */
import type { Snapshot } from "../../../checker/ports.ts";
import type { Link, PlaceExplanation } from "../../../explain/chain.ts";
import * as explain from "../../../explain/explain.ts";
import { vipPrefix } from "../../../vpp/lb/model.ts";
import type { Handler } from "../../calls/calls.ts";
import type { DaemonApi } from "../../calls/daemon_api.ts";
import type {
  ExplainBackendRequest,
  ExplainBackendResponse,
  ExplainFrontendRequest,
  ExplainFrontendResponse,
  ExplainLink,
  ServerExplanation,
} from "../../gen/maglev.ts";
import { encapKey } from "../../../checker/encap/pairs.ts";
import { unixNanoseconds } from "../convert.ts";
import { protocolName } from "../convert_vpp.ts";
import type { LbStateReader } from "../lb_state_reader.ts";
import { missing } from "./missing.ts";
import { vppView } from "./vpp_view.ts";

function encapVoidOf(probers: DaemonApi["probers"]) {
  return (frontend: string, backend: string) => probers.voidReason(encapKey(frontend, backend));
}

export function explainBackend(
  daemon: DaemonApi,
  reader: LbStateReader,
): Handler<ExplainBackendRequest, ExplainBackendResponse> {
  const { checker, vpp, probers, announcer } = daemon;
  return async ({ name }) => {
    if (!checker.current.backends.has(name)) return missing("backend", name, daemon);
    const view = await vppView(vpp, reader);
    // After the reading, in one turn with what was acknowledged since.
    const snapshot = checker.snapshot();
    const backend = snapshot.backends.get(name);
    if (backend === undefined) return missing("backend", name, daemon);
    const voidReason = probers.voidReason(name);
    const { links, places } = explain.explainBackend(name, {
      snapshot,
      vpp: view,
      voidReason,
      encapVoid: encapVoidOf(probers),
      announced: (frontend) => announcer?.announced(frontend),
    });
    return {
      name,
      address: addressOf(snapshot, name),
      state: backend.state,
      links: links.map(explainLink),
      places: places.map((place) => serverExplanation(place, snapshot)),
    };
  };
}

export function explainFrontend(
  daemon: DaemonApi,
  reader: LbStateReader,
): Handler<ExplainFrontendRequest, ExplainFrontendResponse> {
  const { checker, vpp, probers, announcer } = daemon;
  return async ({ name }) => {
    if (!checker.current.frontends.has(name)) return missing("frontend", name, daemon);
    const view = await vppView(vpp, reader);
    const snapshot = checker.snapshot();
    if (!snapshot.frontends.has(name)) return missing("frontend", name, daemon);
    const { state, vip, links, places } = explain.explainFrontend(name, {
      snapshot,
      vpp: view,
      encapVoid: encapVoidOf(probers),
      announced: (frontend) => announcer?.announced(frontend),
    });
    return {
      name,
      prefix: vipPrefix(vip),
      protocol: protocolName(vip.protocol),
      port: vip.port,
      state,
      links: links.map(explainLink),
      servers: places.map((place) => serverExplanation(place, snapshot)),
    };
  };
}

function addressOf({ config }: Snapshot, backend: string): string {
  return config.backends.get(backend)?.address.text ?? "";
}

function serverExplanation(place: PlaceExplanation, snapshot: Snapshot): ServerExplanation {
  const { frontend, pool, backend, backends, links, weight, effectiveWeight } = place;
  const { server, difference, answer } = place;
  return {
    frontend,
    pool,
    backend,
    address: addressOf(snapshot, backend),
    state: snapshot.backends.get(backend)?.state ?? "",
    links: links.map(explainLink),
    weight,
    effectiveWeight,
    vppWeight: server?.weight,
    buckets: server?.buckets,
    flows: server?.flows,
    difference,
    backends,
    answer,
  };
}

function explainLink(link: Link): ExplainLink {
  const { kind, text, weight, decides, sinceMs, sinceAtLeast, by } = link;
  return {
    kind,
    text,
    weight,
    decides: decides ?? false,
    sinceUnixNs: sinceMs === undefined ? undefined : unixNanoseconds(sinceMs),
    sinceAtLeast: sinceAtLeast ?? false,
    by: by ?? "",
  };
}
