import assert from "node:assert/strict";
import { mayInstall } from "../../tools/debian.ts";
import { planOf } from "./support.ts";

Deno.test("a test of packages whose program is missing fails as root on Debian", () => {
  const former = Deno.env.get("MAGLEV_PACKAGING");
  try {
    Deno.env.set("MAGLEV_PACKAGING", "1");
    const plan = planOf(["no-such-program"]);
    assert.equal(plan.kind, mayInstall() ? "fail" : "skip");
    Deno.env.delete("MAGLEV_PACKAGING");
    assert.equal(planOf(["no-such-program"]).kind, "skip");
  } finally {
    if (former === undefined) Deno.env.delete("MAGLEV_PACKAGING");
    else Deno.env.set("MAGLEV_PACKAGING", former);
  }
});
