/** maglevd: health-checks servers and programs VPP's load balancer accordingly. */
import "./src/system/signals/hang_up.ts";

// Imported after the listener for SIGHUP is installed: static imports would be loaded before it.
const { runMaglevd } = await import("./src/daemon/run.ts");

Deno.exit(await runMaglevd(Deno.args));
