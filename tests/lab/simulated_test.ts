/** The stories of the lab that a simulated VPP can show. */
import { NO_NETNS } from "../support/servers/netns.ts";
import { simulatedBalancer } from "./balancer.ts";
import { Lab } from "./lab.ts";
import { STORIES } from "./stories.ts";

Deno.test({
  name: `lab: what a client sees of a simulated VPP${
    NO_NETNS === undefined ? "" : ` (skipped: ${NO_NETNS})`
  }`,
  ignore: NO_NETNS !== undefined,
  fn: (t) =>
    Lab.with(simulatedBalancer, { gre: false }, async (lab) => {
      for (const { name, onlyReal, play } of STORIES) {
        const note = onlyReal === undefined ? "" : ` (skipped: ${onlyReal})`;
        await t.step({
          name: `${name}${note}`,
          ignore: onlyReal !== undefined,
          fn: () => play(lab),
        });
      }
    }),
});
