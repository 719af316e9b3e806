/** maglevt with a bug: SIGUSR2 throws an uncaught error. */
import { runMaglevt } from "../../../src/tester/run.ts";

Deno.addSignalListener("SIGUSR2", () => {
  throw new Error("a mistake, for a test");
});
Deno.exit(await runMaglevt(Deno.args));
