/** maglevc with a mistake in it: SIGUSR1 throws where nobody catches. */
import { runMaglevc } from "../../../src/cli/run.ts";

Deno.addSignalListener("SIGUSR1", () => {
  throw new Error("a mistake, for a test");
});
Deno.exit(await runMaglevc(Deno.args));
