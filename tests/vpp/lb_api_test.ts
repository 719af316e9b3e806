/** Runs the contract of LbApi against a real VPP, one with its weights hidden, and 26.06's plugin. */
import type { VppConnectionOptions } from "../../src/vpp/api/connection.ts";
import { lbApiContract, type LbApiHarness } from "../contract/lb_api_contract.ts";
import { openConnected } from "../contract/lb_api_open.ts";
import { connectHiding } from "./hiding_transport.ts";
import {
  OLDER_PLUGINS,
  OLDER_REASON,
  SKIP_REASON,
  startVpp,
  type StartVppOptions,
} from "./support.ts";

async function onVpp(
  vppOptions: StartVppOptions,
  options: Pick<VppConnectionOptions, "connect"> = {},
): Promise<LbApiHarness> {
  const vpp = await startVpp(vppOptions);
  const { lb, dispose } = await openConnected({ ...options, apiAddress: vpp.apiSocket });
  return {
    lb,
    async dispose() {
      await dispose();
      await vpp.stop();
    },
  };
}

lbApiContract({
  name: `real VPP${SKIP_REASON}`,
  ignore: SKIP_REASON !== "",
  weights: true,
  open: () => onVpp({}),
});
lbApiContract({
  name: `real VPP with hidden weights${SKIP_REASON}`,
  ignore: SKIP_REASON !== "",
  weights: false,
  open: () => onVpp({}, { connect: connectHiding }),
});
lbApiContract({
  name: `real VPP with the plugin of 26.06${OLDER_REASON}`,
  ignore: OLDER_REASON !== "",
  weights: false,
  open: () => onVpp({ plugins: OLDER_PLUGINS }),
});
