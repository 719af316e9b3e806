/** maglevd: health-checks servers and programs VPP's load balancer accordingly. */
import { runMaglevd } from "./src/daemon/run.ts";

Deno.exit(await runMaglevd(Deno.args));
