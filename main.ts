/** maglevd: health-checks servers and programs VPP's load balancer accordingly. */
import "./src/system/hang_up.ts";

// Imported when SIGHUP is listened to: static imports would all be loaded before.
const { runMaglevd } = await import("./src/daemon/run.ts");

Deno.exit(await runMaglevd(Deno.args));
