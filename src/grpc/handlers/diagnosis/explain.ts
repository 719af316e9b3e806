/** Explains why servers have their weight in VPP. */
import { notFound } from "../../../base/nearest.ts";
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
import { vppView } from "./vpp_view.ts";

function encapVoidOf(probers: DaemonApi["probers"]) {
  return (frontend: string, backend: string) => probers.voidReason(encapKey(frontend, backend));
}

export function explainBackend(
  { checker, vpp, probers }: DaemonApi,
  reader: LbStateReader,
): Handler<ExplainBackendRequest, ExplainBackendResponse> {
  return async ({ name }) => {
    const { backends } = checker.current;
    if (!backends.has(name)) return notFound("backend", name, backends.keys());
    const view = await vppView(vpp, reader);
    // After the reading, in one turn with what was acknowledged since.
    const snapshot = checker.snapshot();
    const backend = snapshot.backends.get(name);
    if (backend === undefined) return notFound("backend", name, snapshot.backends.keys());
    const voidReason = probers.voidReason(name);
    const { links, places } = explain.explainBackend(name, {
      snapshot,
      vpp: view,
      voidReason,
      encapVoid: encapVoidOf(probers),
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
  { checker, vpp, probers }: DaemonApi,
  reader: LbStateReader,
): Handler<ExplainFrontendRequest, ExplainFrontendResponse> {
  return async ({ name }) => {
    const { frontends } = checker.current;
    if (!frontends.has(name)) return notFound("frontend", name, frontends.keys());
    const view = await vppView(vpp, reader);
    const snapshot = checker.snapshot();
    if (!snapshot.frontends.has(name)) {
      return notFound("frontend", name, snapshot.frontends.keys());
    }
    const { state, vip, links, places } = explain.explainFrontend(name, {
      snapshot,
      vpp: view,
      encapVoid: encapVoidOf(probers),
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
