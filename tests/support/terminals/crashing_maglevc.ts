/** maglevc with a bug: SIGUSR1 throws an uncaught error. */
import { runMaglevc } from "../../../src/cli/run.ts";

Deno.addSignalListener("SIGUSR1", () => {
  throw new Error("a mistake, for a test");
});
Deno.exit(await runMaglevc(Deno.args));
