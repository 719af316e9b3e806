/** The stories of the lab with a real VPP: `deno task test:lab`, MAGLEV_VPP_PREFIX names the VPP. */
import { NO_WIRE } from "../vpp/wire.ts";
import { realBalancer } from "./balancer.ts";
import { Lab } from "./lab.ts";
import { STORIES } from "./stories.ts";

Deno.test({
  name: `lab: what a client sees of a real VPP${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  fn: (t) =>
    Lab.with(realBalancer, { gre: true }, async (lab) => {
      for (const { name, play } of STORIES) await t.step(name, () => play(lab));
    }),
});
