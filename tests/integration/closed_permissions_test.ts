/** The permissions of the checkout's programs; tests/packaging has the same with those of a release. */
import { LAUNCHER } from "../../src/demo/daemon_process.ts";
import { judgePermissions } from "../support/worlds/closed_permissions.ts";

const SHIM = new URL("../../build/maglev_shim.so", import.meta.url).pathname;

Deno.test("each program works with the permissions that it prints, and has no others", async () => {
  await judgePermissions({ launcher: LAUNCHER, shim: SHIM });
});
