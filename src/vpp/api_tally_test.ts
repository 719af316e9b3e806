import assert from "node:assert/strict";
import { ApiTally } from "./api_tally.ts";

Deno.test("ApiTally counts what is sent and what VPP refused, and passes all on", () => {
  const passed: string[] = [];
  const tally = new ApiTally({
    message: (name, direction, result) => passed.push(`${name} ${direction} ${result}`),
  });
  tally.message("lb_add_del_vip", "send", "ok");
  tally.message("lb_add_del_vip_reply", "recv", "ok");
  tally.message("lb_add_del_as_reply", "recv", "NO_SUCH_ENTRY");
  tally.message("sw_interface_event", "recv", "ignored");
  assert.deepEqual([tally.sent, tally.errors], [1, 1]);
  assert.equal(passed.length, 4);
  new ApiTally(undefined).message("x", "send", "ok");
});
