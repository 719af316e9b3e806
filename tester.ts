/** maglevt: probes VIPs from outside and measures their outages. */
import { runMaglevt } from "./src/tester/run.ts";

Deno.exit(await runMaglevt(Deno.args));
