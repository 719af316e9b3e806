import assert from "node:assert/strict";
import { setUp, THREE } from "../../../../tests/support/worlds/checker_fixture.ts";
import { smallConfig } from "../../../../tests/support/fakes/small_config.ts";
import { wall } from "../../../../tests/support/fakes/instants.ts";
import type { ConfigApi } from "../../calls/daemon_api.ts";
import { missing } from "./missing.ts";

function messageOf(kind: "backend" | "frontend", name: string, refusal: string): string {
  const { checker } = setUp(smallConfig(THREE));
  const inForce = () => ({ file: "maglev.yaml", loadedAtMs: wall(0), hash: "", refusal });
  const { code, message } = missing(kind, name, { checker, config: { inForce } as ConfigApi });
  assert.equal(code, "not-found");
  return message;
}

Deno.test("missing() names the nearest name, and the last reload when that was refused", () => {
  assert.equal(messageOf("frontend", "wbe", ""), 'no frontend "wbe"; did you mean "web"?');
  assert.equal(
    messageOf("frontend", "wbe", "line 7, maglev.frontends.wbe.port"),
    'no frontend "wbe"; did you mean "web"; the last reload was refused: line 7, ' +
      "maglev.frontends.wbe.port; config check shows the errors",
  );
  assert.equal(
    messageOf("backend", "new0", "its last line does not end with a newline"),
    'no backend "new0"; the last reload was refused: its last line does not end with a newline; ' +
      "config check shows the errors",
  );
});
