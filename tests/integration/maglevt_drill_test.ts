/**
 * Drills: maglevt as a process against servers of the test that record the truth. Goal: each outage
 * is measured within one interval of it, and there are no others.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../support/judges/until.ts";
import { certificates } from "../support/servers/certificates.ts";
import { withFolder } from "../support/servers/daemon.ts";
import { notTls, tlsServer } from "../support/servers/tls_servers.ts";
import { type Absence, vipConfig, VipServer } from "../support/servers/vip_server.ts";
import { maglevcEnvironment } from "../support/terminals/maglevc.ts";
import {
  Maglevt,
  maglevt,
  maglevtCommand,
  type MaglevtLine,
  type MaglevtRun,
} from "../support/terminals/maglevt.ts";

/** A period is at most 10 % above the interval. */
const INTERVAL_MS = 100;
const PERIOD_MS = 110;

const summaryOf = (run: MaglevtRun): MaglevtLine => {
  const summary = run.lines.at(-1);
  assert.equal(summary?.type, "summary", run.stderr);
  return summary!;
};
const vipOf = (summary: MaglevtLine, name: string): MaglevtLine =>
  summary.vips.find(({ vip }: MaglevtLine) => vip === name);

/** Waits until the run that writes this log has probed for a second. */
async function firstSecond(log: string): Promise<void> {
  const text = () => Deno.readTextFile(log).catch(() => "");
  await until(async () => (await text()).includes('{"type":"second"'), { what: "a second's line" });
}

/** The outages of a VIP are the absences of its server, each end within one period. */
function assertTrue(
  summary: MaglevtLine,
  name: string,
  absences: readonly Absence[],
): void {
  const { outages } = vipOf(summary, name);
  // A probe that was sent late sees the change later by that.
  const mostMs = PERIOD_MS + summary.prober.late_max_ms + 5;
  const said = `${name}: ${JSON.stringify(outages)} for ${JSON.stringify(absences)}`;
  assert.equal(outages.length, absences.length, said);
  for (const [at, { beginMs, endMs }] of absences.entries()) {
    const { begin, end } = outages[at];
    for (const [measured, truth] of [[begin, beginMs], [end, endMs]]) {
      const lateMs = Date.parse(measured) - truth;
      // A probe that was under way when the server changed was sent just before.
      assert.ok(lateMs >= -20 && lateMs <= mostMs, `${said}: ${lateMs} ms`);
    }
  }
}

/** True when a VIP was not probed during one of the absences. */
function wasBlind(summary: MaglevtLine, absences: readonly Absence[]): boolean {
  return summary.vips.some(({ blind }: MaglevtLine) =>
    blind.some(({ begin, end }: MaglevtLine) =>
      absences.some(({ beginMs, endMs }) =>
        Date.parse(begin) < endMs + PERIOD_MS && Date.parse(end) > beginMs - PERIOD_MS
      )
    )
  );
}

Deno.test("a drill: closed, drained, flapping, an expired certificate, never up", async () => {
  // A prober that gets no time from a busy machine is blind, and then has nothing to compare.
  for (let attempt = 1; await drill() === "blind"; attempt++) assert.ok(attempt < 4);
});

/** `blind`: the prober missed probes while a server was away. */
async function drill(): Promise<"done" | "blind"> {
  const pairs = await certificates();
  const [closed, drained, flapping] = VipServer.group(["127.0.71.1", "127.0.71.2", "127.0.71.3"]);
  const expiresMs = Math.ceil((Date.now() + 4000) / 1000) * 1000;
  const secure = await tlsServer(await pairs.expiringAt(new Date(expiresMs)), undefined, {
    hostname: "127.0.0.1",
  });
  const silent = await notTls(() => {}, "127.0.71.5");
  drained!.names = ["nginx0", "nginx1.example.net"];
  try {
    return await withFolder(async (folder) => {
      const config = vipConfig({
        closed: closed!,
        drained: drained!,
        flapping: flapping!,
        silent: { address: "127.0.71.5", port: silent.port },
      }, {
        // The file of the daemon's host; here the authorities are the system's.
        secure: { address: "127.0.0.1", port: secure.port, caFile: "/nowhere/ca.pem" },
      });
      await Deno.writeTextFile(`${folder}/m.yaml`, config);
      const run = new Maglevt(
        [
          ...["--config", "m.yaml", "--output", "json", "--duration", "8500ms"],
          ...["--interval", `${INTERVAL_MS}ms`, "--timeout", "500ms", "--max-outage", "500ms"],
          "--insecure=false",
        ],
        { folder, env: { SSL_CERT_FILE: `${pairs.folder}/ca.pem` } },
      );
      await sleep(1500);
      closed!.close();
      await sleep(730);
      closed!.open();
      drained!.names = ["nginx0"];
      for (let i = 0; i < 3; i++) {
        flapping!.close();
        await sleep(320);
        flapping!.open();
        await sleep(400);
      }
      await sleep(Math.max(0, expiresMs + 2000 - Date.now()));
      secure.show(pairs.of("renewed"));
      const renewedMs = Date.now();
      const ended = await run.ended();
      const summary = summaryOf(ended);
      const absences = [...closed!.absences, ...flapping!.absences];
      if (wasBlind(summary, absences)) return "blind";
      assert.equal(ended.code, 3, ended.stderr);
      assert.match(ended.stderr, /ca-file.*not needed here/);
      assert.match(ended.stderr, /failed: max-outage 500ms: closed: \d+/);
      assert.equal(summary.passed, false);
      assert.deepEqual(
        summary.broken.map(({ rule, vip }: MaglevtLine) => `${rule} ${vip}`),
        ["max-outage closed", "max-outage silent", "max-outage secure"],
      );
      assertTrue(summary, "closed", closed!.absences);
      assertTrue(summary, "drained", []);
      assertTrue(summary, "flapping", flapping!.absences);
      // The second that the certificate names is its last.
      assertTrue(summary, "secure", [{ beginMs: expiresMs + 1000, endMs: renewedMs }]);
      // A prober that was blind for a moment cuts it.
      const { outages: never, outage_sum_ms, blind_sum_ms } = vipOf(summary, "silent");
      assert.ok(never.every(({ never_up }: MaglevtLine) => never_up));
      assert.equal(never.at(-1).open, true);
      assert.ok(outage_sum_ms + blind_sum_ms > 7500, `${outage_sum_ms} + ${blind_sum_ms}`);
      const servers = vipOf(summary, "drained").servers;
      assert.deepEqual(
        servers.map(({ backend, wanted_percent }: MaglevtLine) => [backend, wanted_percent]),
        [["nginx0", 50], ["nginx1", 50]],
      );
      const goneMs = Date.parse(servers[1].last) - closed!.absences[0]!.endMs;
      assert.ok(goneMs < 200, "the drained server was not seen afterwards");
      const errors = ended.lines.filter(({ type, vip }) => type === "error" && vip === "secure");
      assert.ok(errors.some(({ text }) => /expired/.test(text)), JSON.stringify(errors));
      return "done";
    });
  } finally {
    for (const server of [closed, drained, flapping]) server!.close();
    await secure.close();
    await silent.close();
  }
}

Deno.test("a prober that is stopped for 3 s reports a blind span and no outage", async () => {
  const [web, slow] = VipServer.group(["127.0.72.1", "127.0.72.2"]);
  try {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/m.yaml`, vipConfig({ web: web!, slow: slow! }));
      const run = new Maglevt(
        [
          ...["--config", "m.yaml", "--output", "json", "--duration", "5500ms"],
          ...["--timeout", "1s", "--max-outage", "200ms", "--log", "log"],
        ],
        { folder },
      );
      await firstSecond(`${folder}/log`);
      run.kill("SIGSTOP");
      await sleep(3000);
      run.kill("SIGCONT");
      run.kill("SIGUSR1");
      const ended = await run.ended();
      const summary = summaryOf(ended);
      assert.equal(ended.code, 0, `${ended.stderr} ${JSON.stringify(summary)}`);
      assert.ok(summary.prober.standstill_ms > 2700, `${summary.prober.standstill_ms}`);
      for (const name of ["web", "slow"]) {
        const { outage_count, failed, blind, max_ms } = vipOf(summary, name);
        assert.deepEqual([outage_count, failed], [0, 0], name);
        assert.ok(blind.some(({ ms }: MaglevtLine) => ms > 2700 && ms < 3500), `${name} ${blind}`);
        assert.ok(max_ms < 2000, "no latency is measured over the standstill");
      }
      assert.equal(ended.lines.filter(({ type }) => type === "mark").length, 1);
    });
  } finally {
    for (const server of [web, slow]) server!.close();
  }
});

// --- Ends and exit statuses -------------------------------------------------------------------

Deno.test("exit statuses: 0, 1 unreadable or nothing to probe, 2 command line", async () => {
  const [web] = VipServer.group(["127.0.73.1"]);
  try {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/m.yaml`, vipConfig({ web: web! }));
      const status = async (...args: string[]) => {
        const { code, stderr } = await maglevt(["--output=json", ...args], { folder });
        return `${code} ${stderr.trim().split("\n").at(-1)}`;
      };
      const short = ["--config=m.yaml", "--duration=300ms"];
      assert.equal(await status(...short), "0 maglevt: passed: 1 VIP, no outage");
      assert.match(await status("--config=none.yaml"), /^1 maglevt: none\.yaml: .*no such file/);
      assert.match(await status(...short, "--filter=^api"), /^1 .*no frontend matches/);
      assert.match(await status(...short, "--filter=("), /^2 .*--filter/);
      await Deno.writeTextFile(
        `${folder}/udp.yaml`,
        vipConfig({ dns: web! }).replace("protocol: tcp", "protocol: udp"),
      );
      assert.match(await status("--config=udp.yaml"), /^1 .*no frontend can be probed: dns: UDP/);
      assert.match(await status(...short, "--output=tui"), /^2 .*needs a terminal/);
      assert.match(await status("--no-such"), /^2 .*unknown flag/);
      web!.status = 404;
      assert.match(await status(...short, "--min-ok=50"), /^3 .*failed: min-ok 50%: web: 0%/);
      const { stderr } = await maglevt(short, { folder });
      assert.match(stderr, /every VIP answers 404 to \/\.well-known\/ipng\/healthz; .*--uri/);
      assert.match((await maglevt(["--version"], { folder })).stdout, /^maglevt \d+\.\d+\.\d+ /);
      assert.match((await maglevt(["--help"], { folder })).stdout, /fixed grid/);
    });
  } finally {
    web!.close();
  }
});

Deno.test("SIGINT, SIGTERM and SIGHUP end a machine-readable run with its summary", async () => {
  const [web] = VipServer.group(["127.0.74.1"]);
  try {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/m.yaml`, vipConfig({ web: web! }));
      const end = async (signal: Deno.Signal) => {
        const log = `${folder}/${signal}`;
        await Deno.writeTextFile(log, '{"type":"earlier"}\n');
        const types = async () =>
          Array.from(
            (await Deno.readTextFile(log)).matchAll(/^\{"type":"(\w+)"/gm),
            ([, type]) => type,
          );
        const run = new Maglevt(["--config=m.yaml", `--log=${log}`, "--max-outage=1s"], { folder });
        await firstSecond(log);
        run.kill(signal);
        const ended = await run.ended();
        assert.equal(ended.code, 0, ended.stderr);
        assert.equal(summaryOf(ended).passed, true);
        assert.ok(ended.lines.some(({ type }) => type === "second"));
        const logged = await types();
        assert.deepEqual(logged.slice(0, 2), ["earlier", "start"], "the log is appended to");
        assert.equal(logged.at(-1), "summary");
      };
      await Promise.all([end("SIGINT"), end("SIGTERM"), end("SIGHUP")]);
    });
  } finally {
    web!.close();
  }
});

Deno.test("a second signal ends the wait for answers, but not one that was sent twice", async () => {
  const silent = await notTls(() => {}, "127.0.74.2");
  try {
    await withFolder(async (folder) => {
      const vip = { address: "127.0.74.2", port: silent.port };
      await Deno.writeTextFile(`${folder}/m.yaml`, vipConfig({ silent: vip }));
      const run = new Maglevt(["--config=m.yaml", "--timeout=30s", "--log=log"], { folder });
      await firstSecond(`${folder}/log`);
      // `deno task` forwards a Ctrl-C that the terminal has already sent.
      run.kill("SIGINT");
      run.kill("SIGINT");
      let ended = false;
      const end = run.ended().finally(() => ended = true);
      await sleep(300);
      assert.equal(ended, false);
      run.kill("SIGINT");
      const { code, lines } = await end;
      assert.deepEqual([code, lines.at(-1)!.type, lines.at(-1)!.vips[0].sent], [0, "summary", 0]);
    });
  } finally {
    await silent.close();
  }
});

Deno.test("a log that is lost does not end the run, and the status is 1", async () => {
  const [web] = VipServer.group(["127.0.74.3"]);
  try {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/m.yaml`, vipConfig({ web: web! }));
      const prefix = ["sh", "-c", 'mkfifo log; head -c 1 log >first & exec "$@"', "sh"];
      const args = ["--config=m.yaml", "--duration=1500ms", "--log=log"];
      const { code, stderr, lines } = await maglevt(args, { folder, prefix });
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^maglevt: cannot write the log log: its reader has gone$/m);
      assert.match(stderr, /^maglevt: passed: 1 VIP, no outage$/m);
      assert.equal(lines.at(-1)!.type, "summary");
    });
  } finally {
    web!.close();
  }
});

Deno.test("a reader that goes away ends the run quietly", async () => {
  const [web] = VipServer.group(["127.0.75.1"]);
  try {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/m.yaml`, vipConfig({ web: web! }));
      const command = ["sh", "-c", '("$@"; echo $? >status) | head -1', "sh"];
      const { stderr } = await new Deno.Command(command[0]!, {
        args: [...command.slice(1), ...maglevtCommand(), "--config=m.yaml"],
        cwd: folder,
        clearEnv: true,
        env: maglevcEnvironment(folder),
        stdin: "null",
      }).output();
      assert.equal((await Deno.readTextFile(`${folder}/status`)).trim(), "141");
      assert.equal(new TextDecoder().decode(stderr), "");
    });
  } finally {
    web!.close();
  }
});
