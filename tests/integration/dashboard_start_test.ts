/** maglevd-frontend's start and end: TLS, unix sockets, settings, the password file, signals. */
import assert from "node:assert/strict";
import { once } from "node:events";
import tls from "node:tls";
import { LAUNCHER, LAUNCHER_ENVIRONMENT } from "../../src/demo/daemon_process.ts";
import { until } from "../support/judges/until.ts";
import { certificates } from "../support/servers/certificates.ts";
import { printedCommand, withFolder } from "../support/servers/daemon.ts";
import {
  Frontend,
  type FrontendOptions,
  LOGIN,
  loginOf,
  parseAnswer,
  withFrontend,
} from "../support/servers/frontend.ts";
import { readAll, readPast, send } from "../support/worlds/http_world.ts";

Deno.test("it serves https, and with --admin-requires-tls refuses the login without it", async () => {
  const made = await certificates();
  const flags = [
    `--listen-tls-cert=${made.folder}/good.pem`,
    `--listen-tls-key=${made.folder}/good.key`,
  ];
  await withFrontend({ flags }, async (frontend) => {
    const socket = tls.connect({
      host: "127.0.0.1",
      port: frontend.port,
      ca: made.ca,
      ALPNProtocols: ["http/1.1"],
    });
    const text = await new Promise<string>((resolve, reject) => {
      let all = "";
      socket.on("error", reject).on("data", (bytes) => all += bytes).on("end", () => resolve(all));
      socket.write(`GET /admin/ HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\n\r\n`);
    });
    socket.destroy();
    const { status, headers } = parseAnswer(text);
    assert.equal(status, 401);
    assert.equal(headers.get("www-authenticate"), 'Basic realm="vpp-maglev", charset="UTF-8"');
    assert.equal((await frontend.seen(({ msg }) => msg === "dashboard-listen")).tls, true);
  });
  const open = ["--admin-requires-tls", "--allowed-hosts=lb.example.net,.pop.example.net"];
  await withFrontend({ flags: open }, async (frontend) => {
    const headers = { Authorization: loginOf() };
    assert.equal((await frontend.ask("/admin/", { headers })).status, 403);
    assert.ok((await frontend.ask("/view/")).status !== 403);
    const called = async (Host: string) =>
      (await frontend.ask("/view/api/version", { headers: { Host } })).status;
    assert.equal(await called("lb.example.net:8080"), 200);
    assert.equal(await called("a.pop.example.net"), 200);
    assert.equal(await called("lb.example.org"), 421);
  });
});

Deno.test("a certificate that is renewed behind a symbolic link is served, and ends no stream", async () => {
  const made = await certificates();
  await withFolder(async (folder) => {
    // As an ACME client keeps them: the link moves to the new pair in one step.
    for (const name of ["good", "renewed"] as const) {
      await Deno.mkdir(`${folder}/${name}`);
      for (const kind of ["pem", "key"]) {
        await Deno.copyFile(`${made.folder}/${name}.${kind}`, `${folder}/${name}/live.${kind}`);
      }
    }
    const live = `${folder}/live`;
    await Deno.symlink(`${folder}/good`, live);
    const flags = [`--listen-tls-cert=${live}/live.pem`, `--listen-tls-key=${live}/live.key`];
    // The link may lead to any file of it, and the grant is made at the start.
    const env = { ...LOGIN, MAGLEV_READ_PATHS: folder };
    await withFrontend({ flags, env }, async (frontend) => {
      const open = async (path: string) => {
        const socket = tls.connect({ host: "127.0.0.1", port: frontend.port, ca: made.ca });
        const answer = { text: "", ended: false };
        socket.on("data", (bytes) => answer.text += bytes).on("close", () => answer.ended = true);
        await once(socket, "secureConnect");
        socket.write(`GET ${path} HTTP/1.1\r\nHost: good.test\r\n\r\n`);
        return { socket, answer, serial: socket.getPeerCertificate().serialNumber };
      };
      const served = async () => {
        const { socket, serial } = await open("/healthz");
        socket.destroy();
        return serial;
      };
      const stream = await open("/view/api/events");
      await until(() => stream.answer.text.includes("retry: "));
      await Deno.symlink(`${folder}/renewed`, `${live}.new`);
      await Deno.rename(`${live}.new`, live);
      const { level } = await frontend.seen(({ msg }) => msg === "dashboard-certificate");
      assert.equal(String(level).toLowerCase(), "info");
      assert.notEqual(await served(), stream.serial);
      assert.equal(stream.answer.ended, false);
      stream.socket.destroy();
    });
  });
});

Deno.test("it serves a proxy by a unix socket, and believes it when that is configured", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/web.sock`;
    const options = { listen: `unix:${path}`, flags: ["--trusted-proxies=unix"] };
    await withFrontend(options, async () => {
      const conn = await Deno.connect({ transport: "unix", path });
      await send(
        conn,
        "GET /admin/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
          "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n\r\n",
      );
      const { status, headers } = parseAnswer(await readAll(conn));
      conn.close();
      assert.equal(status, 401);
      assert.match(headers.get("www-authenticate")!, /not encrypted/);
    });
  });
});

Deno.test("a login that crosses the network in clear is warned of at the start, with the cures", async () => {
  const warnings = async (options: FrontendOptions) => {
    const frontend = await Frontend.start(options);
    assert.equal(await frontend.stop(), 0);
    return frontend.lines.filter(({ msg }) => msg === "dashboard-warning")
      .map(({ message }) => String(message)).filter((message) => /admin/.test(message));
  };
  const [open] = await warnings({ listen: "0.0.0.0:0" });
  assert.match(open ?? "", /not encrypted.*--listen-tls-cert.*127\.0\.0\.1 or unix:/);
  assert.deepEqual(await warnings({ listen: "127.0.0.1:0" }), []);
  assert.deepEqual(await warnings({ listen: "[::1]:0" }), []);
  assert.deepEqual(await warnings({ listen: "localhost:0" }), []);
  assert.deepEqual(await warnings({ listen: ":0", flags: ["--admin-requires-tls"] }), []);
  assert.deepEqual(await warnings({ listen: ":0", env: {} }), []);
  const [half] = await warnings({ env: { MAGLEV_FRONTEND_USER: "ops" } });
  assert.equal(half, "/admin/ does not exist: its password is not set");
});

/** Runs the launcher to its end. */
async function startFails(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stderr: string }> {
  const [program, ...launcher] = LAUNCHER;
  const { code, stderr } = await new Deno.Command(program!, {
    args: [...launcher, "maglevd-frontend", "--listen=127.0.0.1:0", ...args],
    env: { ...LAUNCHER_ENVIRONMENT, ...env },
    stdin: "null",
    stdout: "null",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test("settings that cannot be used are named, and the start fails", async () => {
  const server = "--server=127.0.0.1:1";
  const cases: [args: string[], env: Record<string, string>, code: number, text: RegExp][] = [
    [[], {}, 2, /flag --server: need the address of a maglevd's gRPC/],
    [["--server=a,,b"], {}, 2, /flag --server: cannot use ""/],
    [["--server=x=a,x=b"], {}, 2, /flag --server: two servers have the name "x"/],
    [[server, "--listen=nowhere"], {}, 2, /flag --listen: cannot use "nowhere": need host:port/],
    [[server, "--trusted-proxies=x"], {}, 2, /flag --trusted-proxies: cannot use "x"/],
    [[server, "--allowed-hosts=a:1"], {}, 2, /flag --allowed-hosts: cannot use "a:1": need a name/],
    [[server, "--user=a:b"], {}, 2, /flag --user: need a name without colons/],
    [[server, "--listen-tls-cert=/x"], {}, 2, /--listen-tls-cert: needs --listen-tls-key/],
    [[server, "--tls-key=/x"], {}, 2, /flag --tls-key: needs --tls-cert/],
    [[server, "extra"], {}, 2, /extra/],
    [[server, "--password-file=/nonexistent"], {}, 1, /--password-file: .*no such file/],
    [[server, "--token-file=/nonexistent"], {}, 1, /--token-file \/nonexistent: no such file/],
    [[server], { MAGLEV_FRONTEND_PASSWORD: "a\nb" }, 1, /PASSWORD: need one line/],
    [
      [server, "--listen=192.0.2.254:80"],
      {},
      1,
      /flag --listen: cannot listen on 192\.0\.2\.254:80/,
    ],
  ];
  for (const [args, env, code, text] of cases) {
    const result = await startFails(args, env);
    assert.equal(result.code, code, `${args}: ${result.stderr}`);
    assert.match(result.stderr, text, args.join(" "));
    assert.equal(result.stderr.trim().split("\n").length, 1, result.stderr);
  }
});

Deno.test("a password file is one line that others cannot read", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/password`;
    const write = async (text: string, mode: number) => {
      await Deno.writeTextFile(path, text);
      await Deno.chmod(path, mode);
    };
    const flags = ["--user=ops", `--password-file=${path}`];
    const fails = async (env = {}) => {
      const { code, stderr } = await startFails(["--server=127.0.0.1:1", ...flags], env);
      assert.equal(code, 1);
      assert.ok(stderr.includes("--password-file") && !stderr.includes("s3cret"), stderr);
      return stderr;
    };
    await write("s3cret\n", 0o644);
    assert.match(await fails(), /readable or writable by others; run `chmod o= /);
    await write("", 0o600);
    assert.match(await fails(), /it is empty/);
    await write("\n", 0o600);
    assert.match(await fails(), /it is empty/);
    await write("s3cret\ns3cret\n", 0o600);
    assert.match(await fails(), /need one line/);
    await write("s3cret\n", 0o640);
    assert.match(await fails({ MAGLEV_FRONTEND_PASSWORD: "x" }), /remove one of them/);
    await withFrontend({ flags, env: {} }, async (frontend) => {
      const login = (password: string) => ({ Authorization: `Basic ${btoa(`ops:${password}`)}` });
      const ask = (password: string) =>
        frontend.ask("/admin/api/version", { headers: login(password) });
      assert.equal((await ask("s3cret")).status, 200);
      assert.equal((await ask("s3cret\n")).status, 401);
    });
  });
});

Deno.test("hang-ups never end it, a signal does within two seconds, streams included", async () => {
  const frontend = await Frontend.start();
  const conn = await frontend.connect();
  await send(conn, "GET /view/api/events HTTP/1.1\r\nHost: a\r\n\r\n");
  await readPast(conn, "retry: 2000\n\n");
  // Deno takes the signal over half a second after the start.
  for (let n = 0; n < 20; n++) {
    frontend.process.signal("SIGHUP");
    await new Promise((go) => setTimeout(go, 50));
  }
  assert.equal((await frontend.ask("/healthz")).status, 200);
  const startMs = performance.now();
  assert.equal(await frontend.stop(), 0);
  assert.ok(performance.now() - startMs < 2000);
  await readAll(conn);
  conn.close();
  assert.equal(frontend.lines.at(-1)!.msg, "shutdown");
  assert.equal(frontend.lines.at(-1)!.by, "SIGTERM");
});

Deno.test("a maglevd with an address narrows the network to it and to the listener", async () => {
  await withFrontend({ server: "lb1=127.0.0.1:1,lb2=[::1]:1" }, async (frontend) => {
    const cmdline = await Deno.readTextFile(`/proc/${frontend.process.pid}/cmdline`);
    const running = cmdline.split("\0").slice(0, -1);
    const own = running.slice(running.findIndex((word) => word.endsWith("/frontend.ts")) + 1);
    assert.deepEqual(printedCommand([...LAUNCHER, "maglevd-frontend", ...own]), running);
    const net = running.find((word) => word.startsWith("--allow-net"));
    assert.equal(net, "--allow-net=127.0.0.1:1,[::1]:1,127.0.0.1:0");
    assert.ok(!running.some((word) => /^--allow-(ffi|run|sys|all)/.test(word)));
  });
});
