/** VPP: version, state, counters, and an operator's sync. */
import { MaglevError } from "../../base/errors.ts";
import { namesOfAll, namesOfVips } from "../../vpp/lb/names_at.ts";
import type { ConnectionState } from "../../vpp/ports.ts";
import type { ActionHandler, ActionResult, Handler } from "../calls/calls.ts";
import {
  lbConf,
  lbVip,
  serverCounters,
  syncResponse,
  vipCounters,
  vppInfo,
} from "./convert_vpp.ts";
import { unixNanoseconds } from "./convert.ts";
import type {
  GetVPPInfoRequest,
  GetVPPLBCountersRequest,
  GetVPPLBStateRequest,
  SyncVPPLBStateRequest,
  SyncVPPLBStateResponse,
  VPPInfo,
  VPPLBCounters,
  VPPLBState,
} from "../gen/maglev.ts";
import type { DaemonApi, VppApi } from "../calls/daemon_api.ts";
import { knownBefore, type LbStateReader } from "./lb_state_reader.ts";

/** The connected VPP, or the error when it is off or away. */
function connected(
  vpp: VppApi | undefined,
):
  | { readonly vpp: VppApi; readonly state: ConnectionState & { kind: "connected" } }
  | MaglevError {
  if (vpp === undefined) {
    return notEstablished("VPP integration is off (--vpp-api-addr is empty)");
  }
  const { state } = vpp.connection;
  return state.kind === "connected" ? { vpp, state } : notEstablished(state.reason);
}

/** Starts with the reference's text, which clients may match. */
function notEstablished(reason: string): MaglevError {
  return new MaglevError("unavailable", `VPP API connection not established: ${reason}`);
}

/** The result of `work`; the loss of the connection becomes the error of a VPP that is away. */
async function whileConnected<T>(work: Promise<T>): Promise<T | MaglevError> {
  try {
    return await work;
  } catch (caught) {
    const error = MaglevError.from(caught);
    if (error.code !== "unavailable") throw error;
    return notEstablished(error.message);
  }
}

export function getVppInfo({ vpp }: DaemonApi): Handler<GetVPPInfoRequest, VPPInfo> {
  return () => {
    const found = connected(vpp);
    return found instanceof MaglevError ? found : vppInfo(found.state.info);
  };
}

export function getVppLbState(
  { vpp, checker }: DaemonApi,
  reader: LbStateReader,
): Handler<GetVPPLBStateRequest, VPPLBState> {
  return async () => {
    const found = connected(vpp);
    if (found instanceof MaglevError) return found;
    const { lb } = found.state;
    const read = await whileConnected(reader.read(lb, knownBefore(found.vpp)));
    if (read instanceof MaglevError) return read;
    const { conf, vips } = read;
    const servers = found.vpp.counters.snapshot?.servers() ?? [];
    const byAddress = new Map(servers.map((server) => [server.address.text, server]));
    const options = {
      namesAt: namesOfVips(checker.current.config),
      countersOf: (address: string) => byAddress.get(address),
    };
    return {
      conf: conf === undefined ? undefined : lbConf(conf),
      vips: vips.map((vip) => lbVip(vip, options)),
    };
  };
}

export function getVppLbCounters(
  { vpp, checker }: DaemonApi,
): Handler<GetVPPLBCountersRequest, VPPLBCounters> {
  return () => {
    const found = connected(vpp);
    if (found instanceof MaglevError) return found;
    const snapshot = found.vpp.counters.snapshot;
    if (snapshot === undefined) {
      return new MaglevError("unavailable", "VPP's counters have not been read");
    }
    const namesAt = namesOfAll(checker.current.config.backends);
    return {
      vips: snapshot.vips.map((_, place) => vipCounters(snapshot.at(place))),
      servers: snapshot.servers().map((server) =>
        serverCounters(server, namesAt(server.address.text))
      ),
      takenAt: unixNanoseconds(snapshot.takenAtMs),
    };
  };
}

export function syncVppLbState(
  { vpp }: DaemonApi,
): ActionHandler<SyncVPPLBStateRequest, SyncVPPLBStateResponse> {
  // The last known state.
  const size = () => {
    const vips = vpp?.reconciler.lbState()?.vips;
    if (vips === undefined) return undefined;
    const servers = vips.reduce((sum, vip) => sum + vip.servers.length, 0);
    return `${vips.length} VIPs, ${servers} servers`;
  };
  async function run(
    { frontend }: SyncVPPLBStateRequest,
  ): Promise<ActionResult<SyncVPPLBStateResponse>> {
    const found = connected(vpp);
    if (found instanceof MaglevError) return { answer: found };
    const { reconciler } = found.vpp;
    const sync = reconciler.sync(frontend === "" ? undefined : frontend);
    const report = await whileConnected(sync);
    if (report instanceof MaglevError) return { answer: report };
    return { answer: syncResponse(report), after: size() };
  }
  return {
    argumentsOf: ({ frontend }) => ({ frontend: frontend === "" ? undefined : frontend }),
    reasonOf: ({ reason }) => reason,
    valueOf: size,
    run,
  };
}
