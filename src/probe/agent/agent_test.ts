/** The probe of agents against servers on loopback. */
import assert from "node:assert/strict";
import {
  closedPort,
  type NastyServer,
  sayNothing,
  serve,
} from "../../../tests/support/servers/nasty_servers.ts";
import { healthcheck } from "../../../tests/support/worlds/healthcheck.ts";
import { Cancellation } from "../prober.ts";
import { agentProber } from "./agent.ts";

/** Far longer than an answer takes on a busy machine. */
const PATIENCE_MS = 30_000;

/** The verdict on a port, after `timeoutMs` at the latest. */
async function verdictOn(port: number, timeoutMs = PATIENCE_MS): Promise<string> {
  const cancellation = new Cancellation();
  const timer = setTimeout(() => cancellation.cancel(), timeoutMs);
  const check = healthcheck({ port, params: { type: "agent" } });
  const { code, detail } = await agentProber({ address: "127.0.0.1", healthcheck: check })(
    cancellation,
  );
  clearTimeout(timer);
  return `${code} ${detail}`;
}

/** A server that sends texts when a client connects, and closes. */
function saying(...texts: readonly string[]): NastyServer {
  return serve(async (connection) => {
    for (const text of texts) await connection.write(new TextEncoder().encode(text));
  });
}

/** A line without an end. */
function endless(): NastyServer {
  return serve(async (connection) => {
    while (true) await connection.write(new TextEncoder().encode("up ".repeat(100)));
  });
}

Deno.test("agentProber() reads the first line, whole or in pieces, ended or closed", async () => {
  const cases: readonly (readonly [NastyServer, string, timeoutMs?: number])[] = [
    [saying("up 75%\n"), "L7OK up 75%"],
    [saying("dra", "in\r", "\nmaint\n"), "L7OK drain"],
    [saying("down#SECRET"), "L7OK down"],
    [saying("ready weird\n"), "L7OK ready ?"],
    [saying("\nup\n"), "L7RSP the agent sent no line with words"],
    [saying(""), "L7RSP the agent sent no line with words"],
    [saying("# SECRET\n"), "L7RSP the agent sent no line with words"],
    [saying("SECRET\x1b[31m\n"), "L7OK ?"],
    [endless(), "L7RSP the agent sent no line with words"],
    [sayNothing(), "L7TOUT no complete answer within the timeout", 200],
  ];
  for (const [server, verdict, timeoutMs] of cases) {
    assert.equal(await verdictOn(server.port, timeoutMs), verdict);
    await server.close();
  }
  assert.equal(await verdictOn(closedPort()), "L4CON connection refused");
});
