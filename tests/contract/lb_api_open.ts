/** The LbApi of a VPP at a socket, for the contract. */
import { SystemClock } from "../../src/system/system_clock.ts";
import { createVppConnection, type VppConnectionOptions } from "../../src/vpp/api/connection.ts";
import type { LbApi } from "../../src/vpp/ports.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import type { LbApiHarness } from "./lb_api_contract.ts";

/** Connects; the harness does not end VPP. */
export async function openConnected(
  options: Pick<VppConnectionOptions, "apiAddress" | "connect">,
): Promise<LbApiHarness> {
  const connection = createVppConnection({
    ...options,
    clock: new SystemClock(),
    logger: new RecordingLogger(),
    observer: { message: () => {} },
  });
  const { promise, resolve } = Promise.withResolvers<LbApi>();
  connection.subscribe((state) => {
    if (state.kind === "connected") resolve(state.lb);
  });
  connection.start();
  return { lb: await promise, dispose: () => connection.stop() };
}
