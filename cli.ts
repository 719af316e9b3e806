/** maglevc: an interactive shell and one-shot commands over maglevd's gRPC. */
import { runMaglevc } from "./src/cli/run.ts";

Deno.exit(await runMaglevc(Deno.args));
