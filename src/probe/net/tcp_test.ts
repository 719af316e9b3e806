import assert from "node:assert/strict";
import { healthcheck, TCP } from "../../../tests/support/worlds/healthcheck.ts";
import { Cancellation } from "../prober.ts";
import { connect } from "./tcp.ts";

Deno.test("connect() opens nothing for a probe that was cancelled", async () => {
  using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const cancellation = new Cancellation();
  cancellation.cancel();
  const check = healthcheck({ port: server.addr.port, params: TCP });
  await assert.rejects(connect({ address: "127.0.0.1", healthcheck: check }, cancellation), {
    name: "AbortError",
  });
});
