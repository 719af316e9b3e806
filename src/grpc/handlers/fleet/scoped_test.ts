import assert from "node:assert/strict";
import { MaglevError } from "../../../base/errors.ts";
import { FleetRequests, putWish } from "../../../fleet/member/requests/requests.ts";
import { smallConfig } from "../../../../tests/support/fakes/small_config.ts";
import { memberWorld, wish } from "../../../../tests/support/worlds/member_world.ts";
import type { DaemonApi } from "../../calls/daemon_api.ts";
import { shareAction } from "./scoped.ts";

Deno.test("an enable of a backend that the file lacks names the fleet's intent for it", async () => {
  const { add, clock, done } = memberWorld();
  const { member, checker } = add({ lb: "lb1" });
  member.start();
  const fleet = new FleetRequests(member);
  const daemon = { checker, fleet, clock } as unknown as DaemonApi;
  const put = await done(
    putWish(member, { intent: wish("disable", "e", { atMs: clock.wallMs() }), force: false }),
  );
  assert.ok(!(put instanceof MaglevError));
  checker.reload(smallConfig({
    backends: { a: {}, b: {}, c: {}, d: {} },
    frontends: { web: { pools: "a:100 b:100 c:100 d:100" } },
  }));
  const enable = async (name: string, scope: string) => {
    const options = { by: { peer: "127.0.0.1:1", identity: "" } };
    const asked = { name, kind: "enable", scope, force: false, plans: [], options } as const;
    const { answer } = await done(shareAction(daemon, asked));
    assert.ok(answer instanceof MaglevError);
    return [answer.code, answer.message];
  };
  const { id } = put;
  const [code, message = ""] = await enable("e", "fleet");
  assert.equal(code, "not-found");
  const hint = `; the fleet has disable ${id} for it, which \`cancel intent ${id}\` ends`;
  assert.ok(message.startsWith('no backend "e"') && message.endsWith(hint), message);
  for (const [name, scope] of [["e", "site=ams"], ["none", "fleet"]] as const) {
    assert.doesNotMatch((await enable(name, scope))[1]!, /the fleet has/);
  }
  await member.stop();
  checker.stop();
});
