/**
 * Compares our counter with HAProxy's after each check, on the same results.
 *
 * One HAProxy checks many servers, each an address of 127.1.0.0/16 with a rise, a fall and a script
 * of random results of its own. All are one listener, which identifies the server by the
 * destination address. With `option log-health-checks` HAProxy writes a line with the new value
 * whenever a check moves a counter. So every step is compared, not only the changes of state.
 */
import assert from "node:assert/strict";
import { fuzz, rounds } from "../support/fakes/fuzz.ts";
import { counterMax, isUp, stepCounter } from "../../src/health/counter.ts";
import type { HealthPolicy } from "../../src/health/state.ts";

const HAPROXY = "/usr/sbin/haproxy";
const SERVERS = rounds(1000);
/** Results that each script is compared for, at least. */
const RESULTS = 30;
/** Servers of one HAProxy, and the pace of its checks: what a busy machine keeps up with. */
const AT_ONCE = 500;
const INTERVAL_MS = 150;
/**
 * Rounds at most. On a machine that is too busy HAProxy may give up a check that was answered, at
 * times without a line in its log. So a script that came out otherwise is played again, the same
 * one: a rule that differs comes out otherwise in every round.
 */
const ROUNDS = 4;
const DEADLINE_MS = 60_000;

interface Scripted {
  readonly policy: HealthPolicy;
  readonly next: () => boolean;
  readonly answers: boolean[];
  /** HAProxy's counter after each check that moved it. */
  readonly counters: number[];
  /** HAProxy gave up a check, according to its log. */
  spoiled: boolean;
}

/** A server whose answers pass with a chance of their own, by its number; each fifth alternates. */
function scripted(index: number): Scripted {
  const { below } = fuzz(index);
  const policy = { rise: 1 + below(5), fall: 1 + below(5) };
  const percent = 15 + below(70);
  let turn = 0;
  const next = index % 5 === 0 ? () => turn++ % 2 === 0 : () => below(100) < percent;
  return { policy, next, answers: [], counters: [], spoiled: false };
}

/** The counter after each result that moves it. HAProxy begins at `rise`. */
function moves(policy: HealthPolicy, answers: readonly boolean[]): number[] {
  const moved: number[] = [];
  let counter = policy.rise;
  for (const ok of answers) {
    const after = stepCounter(counter, ok, policy);
    if (after !== counter) moved.push(after);
    counter = after;
  }
  return moved;
}

/** HAProxy does not start without a listener, so it gets one that is not used. */
function configurationOf(servers: readonly Scripted[], port: number, folder: string): string {
  return [
    "global",
    "  log stdout format raw local0",
    "defaults",
    "  mode http",
    "  timeout connect 10s",
    "  timeout client 10s",
    "  timeout server 10s",
    "  timeout check 10s",
    "frontend unused",
    `  bind unix@${folder}/unused.sock`,
    "backend all",
    "  log global",
    "  option log-health-checks",
    "  option httpchk GET /",
    ...servers.map(({ policy: { rise, fall } }, i) =>
      `  server s${i} ${
        addressOf(i)
      }:${port} check inter ${INTERVAL_MS}ms rise ${rise} fall ${fall}`
    ),
    "",
  ].join("\n");
}

function addressOf(index: number): string {
  return `127.1.${index >> 8}.${index & 255}`;
}

/** Answers the next of the server's script, and closes. */
async function answer(connection: Deno.TcpConn, servers: readonly Scripted[]): Promise<void> {
  const [, , high, low] = connection.localAddr.hostname.split(".").map(Number);
  const server = servers[(high! << 8) + low!]!;
  try {
    if (await connection.read(new Uint8Array(1024)) !== null) {
      const ok = server.next();
      server.answers.push(ok);
      const status = ok ? "200 OK" : "503 Service Unavailable";
      await connection.write(new TextEncoder().encode(`HTTP/1.0 ${status}\r\n\r\n`));
    }
  } catch (error) {
    // HAProxy is gone with its checks in flight.
    if (
      !(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe)
    ) {
      throw error;
    }
  } finally {
    connection.close();
  }
}

const LINE =
  /Health check for server all\/s(\d+) (succeeded|failed), reason: ([^,]*).*status: (\d+)\/\d+ (UP|DOWN)\./;

/** Takes a line of HAProxy's log over; `n/m UP` counts from `rise` on, as HAProxy prints it. */
function take(line: string, servers: readonly Scripted[]): void {
  const match = LINE.exec(line);
  if (match === null) return;
  const [, index, , reason, shown, side] = match;
  const server = servers[Number(index)]!;
  const { policy, counters } = server;
  server.spoiled ||= !/^Layer7 (check passed|wrong status)$/.test(reason!);
  if (server.spoiled) return;
  const counter = side === "UP" ? Number(shown) + policy.rise - 1 : Number(shown);
  assert.equal(isUp(counter, policy), side === "UP", line);
  // A line of a check that moved nothing is there for another reason, such as being the first.
  if (counter !== (counters.at(-1) ?? policy.rise)) counters.push(counter);
}

/** Has HAProxy check the servers until each script was played. */
async function play(servers: readonly Scripted[]): Promise<void> {
  const listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const answers: Promise<void>[] = [];
  const serving = (async () => {
    for await (const connection of listener) answers.push(answer(connection, servers));
  })();
  const folder = await Deno.makeTempDir({ prefix: "maglev-haproxy-" });
  await Deno.writeTextFile(
    `${folder}/haproxy.cfg`,
    configurationOf(servers, (listener.addr as Deno.NetAddr).port, folder),
  );
  const haproxy = new Deno.Command(HAPROXY, {
    args: ["-db", "-f", `${folder}/haproxy.cfg`],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const late = setTimeout(() => haproxy.kill("SIGKILL"), DEADLINE_MS);
  let rest = "";
  let killed = false;
  for await (const text of haproxy.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) take(line, servers);
    if (!killed && servers.every(isPlayed)) {
      killed = true;
      haproxy.kill("SIGKILL");
    }
  }
  await haproxy.status;
  clearTimeout(late);
  listener.close();
  await serving;
  await Promise.all(answers);
  await Deno.remove(folder, { recursive: true });
  assert.ok(killed, `HAProxy did not play all scripts within ${DEADLINE_MS / 1000} s`);
}

/** True when HAProxy's counter went as ours does; the last answers may still have been on their way. */
function isOurs({ policy, answers, counters, spoiled }: Scripted): boolean {
  const ours = moves(policy, answers).slice(0, counters.length);
  return !spoiled && JSON.stringify(counters) === JSON.stringify(ours);
}

/** True when HAProxy has logged all that the first answers moved. */
function isPlayed({ policy, answers, counters, spoiled }: Scripted): boolean {
  if (spoiled) return true;
  return answers.length >= RESULTS &&
    counters.length >= moves(policy, answers.slice(0, RESULTS)).length;
}

function skipReason(): string | undefined {
  try {
    Deno.statSync(HAPROXY);
    return undefined;
  } catch {
    return `HAProxy is not installed (${HAPROXY}, Debian package haproxy)`;
  }
}

const reason = skipReason();
Deno.test({
  name: "a server's counter equals HAProxy's after every check, on random and alternating results" +
    (reason === undefined ? "" : ` [skipped: ${reason}]`),
  ignore: reason !== undefined,
  async fn() {
    const servers: Scripted[] = [];
    let left = Array.from({ length: SERVERS }, (_, i) => i);
    for (let round = 0; round < ROUNDS && left.length > 0; round++) {
      for (let at = 0; at < left.length; at += AT_ONCE) {
        const batch = left.slice(at, at + AT_ONCE);
        for (const i of batch) servers[i] = scripted(i);
        await play(batch.map((i) => servers[i]!));
      }
      left = left.filter((i) => !isOurs(servers[i]!));
    }
    for (const i of left.slice(0, 1)) {
      const { policy, answers, counters } = servers[i]!;
      const told = `${left.length} of ${SERVERS} servers, such as ${i}, seed ${fuzz(i).seed}, ` +
        `rise ${policy.rise}, fall ${policy.fall}: ${answers.map((ok) => ok ? "P" : "F").join("")}`;
      assert.deepEqual(counters, moves(policy, answers), told);
    }
    assert.deepEqual(left, [], "HAProxy gave up checks of these in every round");
    let changes = 0;
    for (const { policy, counters } of servers) {
      assert.ok(counters.every((counter) => counter <= counterMax(policy)));
      changes += counters.filter((counter) => counter === 0).length;
    }
    assert.ok(changes > SERVERS, `${changes} servers went down: the scripts prove too little`);
  },
});
