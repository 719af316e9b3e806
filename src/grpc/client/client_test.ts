import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { MaglevError } from "../../base/errors.ts";
import { MaglevClient } from "./client.ts";

Deno.test("MaglevClient: calls and streams of a closed client fail with `unavailable`", async () => {
  const client = new MaglevClient({ address: "127.0.0.1:1", clock: new FakeClock() });
  client.close();
  const isUnavailable = (error: unknown) =>
    error instanceof MaglevError && error.code === "unavailable";
  await assert.rejects(client.call("GetBackend"), isUnavailable);
  await assert.rejects(client.watch().next(), isUnavailable);
  await assert.rejects(client.fingerprints().next(), isUnavailable);
});
