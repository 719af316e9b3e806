/** maglevd-frontend: the dashboard of one or several maglevds, for browsers. */
import "./src/system/signals/hang_up.ts";

// Imported when SIGHUP is listened to: static imports would all be loaded before.
const { runFrontend } = await import("./src/dashboard/run.ts");

Deno.exit(await runFrontend(Deno.args));
