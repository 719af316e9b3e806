/**
 * Permissions of callers: without credentials, with tokens, with certificates; from this host, from
 * another one, over a unix socket. The client is python's grpcio on a live daemon.
 */
import assert from "node:assert/strict";
import { certificates } from "../support/servers/certificates.ts";
import { clientCertificate } from "../support/servers/client_certificates.ts";
import { runToEnd, withFolder } from "../support/servers/daemon.ts";
import { GrpcClient, type Target } from "../support/judges/grpc_client.ts";
import {
  actionsSeen,
  type GrpcStage,
  grpcTest,
  onGrpcStage,
} from "../support/worlds/grpc_stage.ts";

const GET = "GetBackend";
const PAUSE = "PauseBackend";
const B0 = { name: "b0" };

function bearer(token: string): { metadata: [string, string][] } {
  return { metadata: [["authorization", `Bearer ${token}`]] };
}

/** `OK` or the status with its message, for a read and for a change. */
async function rights(
  client: GrpcClient,
  options: { metadata?: [string, string][] } = {},
): Promise<[look: string, act: string]> {
  const look = await client.call(GET, B0, options);
  const act = await client.call(PAUSE, B0, options);
  return [look.code, act.code];
}

async function writePrivate(path: string, text: string): Promise<string> {
  await Deno.writeTextFile(path, text, { mode: 0o600 });
  await Deno.chmod(path, 0o600);
  return path;
}

grpcTest("a caller of this host is an operator by default", async () => {
  await onGrpcStage({ grpcAddr: "[::1]:0" }, async ({ client, daemon }) => {
    assert.deepEqual(await rights(client), ["OK", "OK"]);
    await actionsSeen(daemon, 1);
    const [line] = daemon.lines.filter(({ msg }) => msg === "operator-action");
    assert.match(String(line!.peer), /^\[::1\]:\d+$/);
  });
  // All addresses of both families.
  await onGrpcStage({ grpcAddr: ":0" }, async ({ client, address }) => {
    const port = address.slice(address.lastIndexOf(":") + 1);
    for (const target of [`127.0.0.1:${port}`, `[::1]:${port}`]) {
      await client.connect({ target });
      assert.deepEqual(await rights(client), ["OK", "OK"], target);
    }
  });
});

grpcTest(
  "with tokens, a caller has the token's role, and no role without a token",
  async () => {
    await withFolder(async (folder) => {
      const tokens = await writePrivate(
        `${folder}/tokens`,
        "# who\nviewer look-but-not-touch\n\noperator open-sesame Alice of the night shift\n",
      );
      const flags = [`--grpc-tokens=${tokens}`];
      await onGrpcStage({ flags, files: [tokens] }, async ({ client, daemon }) => {
        assert.deepEqual(await rights(client), ["OK", "UNAUTHENTICATED"]);
        assert.deepEqual(await rights(client, bearer("look-but-not-touch")), [
          "OK",
          "PERMISSION_DENIED",
        ]);
        assert.deepEqual(await rights(client, bearer("open-sesame")), ["OK", "OK"]);
        for (const wrong of ["open-sesam", "open-sesamee", "Open-sesame", "a b"]) {
          const said = await client.call(GET, B0, bearer(wrong));
          assert.equal(said.code, "UNAUTHENTICATED", `with ${JSON.stringify(wrong)}`);
          assert.match(said.details, /^unknown token: need one from the token file/);
        }
        assert.equal((await client.call("grpc.health.v1.Health/Check")).code, "OK");

        const anonymous = await client.call(PAUSE, { ...B0, reason: "none" });
        assert.match(
          anonymous.details,
          /^PauseBackend needs role operator; an anonymous caller from 127\.0\.0\.1:\d+ has role viewer: present a token with role operator as `authorization: Bearer TOKEN`; maglevd.s --grpc-tokens names the file of tokens$/,
        );
        const viewer = await client.call(PAUSE, B0, bearer("look-but-not-touch"));
        assert.match(viewer.details, /"token of line 2" from .* has role viewer/);

        const actions = await actionsSeen(daemon, 5);
        assert.deepEqual(
          actions.map(({ before, after }) => [before, after]),
          [["up", "up"], ["up", "up"], ["up", "paused"], ["paused", "paused"], [
            "paused",
            "paused",
          ]],
          "what was refused has its values too",
        );
        assert.deepEqual(
          actions.map(({ identity, result, reason }) => [identity, result, reason]),
          [
            ["", "unauthenticated", undefined],
            ["token of line 2", "permission-denied", undefined],
            ['token "Alice of the night shift"', "ok", undefined],
            ["", "unauthenticated", "none"],
            ["token of line 2", "permission-denied", undefined],
          ],
        );
        const everything = JSON.stringify(daemon.lines) + daemon.process.errors;
        assert.ok(!/sesam|look-but/.test(everything), "no token is in the log");

        await writePrivate(tokens, "viewer open-sesame\noperator changed\n");
        const mark = daemon.mark;
        daemon.process.signal("SIGHUP");
        await daemon.seen(({ msg }) => msg === "grpc-reload", { from: mark });
        assert.deepEqual(await rights(client, bearer("open-sesame")), ["OK", "PERMISSION_DENIED"]);
        assert.deepEqual(await rights(client, bearer("changed")), ["OK", "OK"]);
        const bad: [text: string, mode: number, says: RegExp][] = [
          ["operator x\n", 0o604, /readable or writable by others/],
          ["operator x\n", 0o602, /readable or writable by others/],
          ["admin x\n", 0o600, /line 1: need `viewer TOKEN`/],
          ["operator\n", 0o600, /line 1: need a token after operator/],
          ["viewer x\noperator x\n", 0o600, /line 2: the token is also on an earlier line/],
          ["# nobody\n", 0o600, /it has no tokens/],
        ];
        for (const [text, mode, says] of bad) {
          await writePrivate(tokens, text);
          await Deno.chmod(tokens, mode);
          const from = daemon.mark;
          daemon.process.signal("SIGHUP");
          const line = await daemon.seen(({ msg }) => msg === "grpc-reload", { from });
          assert.equal(line.ok, false);
          assert.match(String(line.err), says);
          assert.deepEqual(
            await rights(client, bearer("changed")),
            ["OK", "OK"],
            "the old ones stay",
          );
        }
      });
    });
  },
);

grpcTest("--grpc-anonymous-role is the role without credentials", async () => {
  await withFolder(async (folder) => {
    const tokens = await writePrivate(`${folder}/tokens`, "viewer v\noperator o\n");
    const cases: [role: string, rights: [string, string]][] = [
      ["none", ["UNAUTHENTICATED", "UNAUTHENTICATED"]],
      ["operator", ["OK", "OK"]],
    ];
    for (const [role, wanted] of cases) {
      const flags = [`--grpc-tokens=${tokens}`, `--grpc-anonymous-role=${role}`];
      await onGrpcStage({ flags, files: [tokens] }, async ({ client }) => {
        assert.deepEqual(await rights(client), wanted);
        const watch = client.stream("WatchEvents", { backend: true }, { timeout: 2 });
        const { code } = await watch.ended;
        assert.equal(code, wanted[0] === "OK" ? "DEADLINE_EXCEEDED" : wanted[0]);
        const list = client.bidi("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", [
          { listServices: "" },
        ]);
        assert.equal((await list.ended).code, wanted[0]);
        assert.equal((await client.call("grpc.health.v1.Health/Check")).code, "OK");
        assert.deepEqual(await rights(client, bearer("o")), ["OK", "OK"]);
      });
    }
  });
});

async function tlsStage(
  options: {
    readonly mutual: boolean;
    readonly flags?: string[];
    readonly files?: string[];
    readonly target: Partial<Target>;
  },
  fn: (stage: GrpcStage, folder: string) => Promise<void>,
): Promise<void> {
  const { folder: source } = await certificates();
  await withFolder(async (folder) => {
    for (const file of ["good.pem", "good.key", "ca.pem"]) {
      await Deno.copyFile(`${source}/${file}`, `${folder}/${file}`);
    }
    const flags = [
      `--grpc-tls-cert=${folder}/good.pem`,
      `--grpc-tls-key=${folder}/good.key`,
      ...(options.mutual ? [`--grpc-client-ca=${folder}/ca.pem`] : []),
      ...(options.flags ?? []),
    ];
    const target = {
      ca: `${source}/ca.pem`,
      options: { "grpc.ssl_target_name_override": "good.test" },
      ...options.target,
    };
    await onGrpcStage(
      { flags, files: [folder, ...(options.files ?? [])], target, logLevel: "debug" },
      (stage) => fn(stage, folder),
    );
  });
}

grpcTest(
  "over TLS callers have the same roles, and callers without TLS get nothing",
  async () => {
    await tlsStage({ mutual: false, target: {} }, async ({ client, address, daemon }) => {
      assert.deepEqual(await rights(client), ["OK", "OK"]);
      await client.connect({ target: address });
      assert.equal((await client.call(GET, B0, { timeout: 2 })).code, "UNAVAILABLE");
      const { folder } = await certificates();
      await client.connect({ target: address, ca: `${folder}/other_ca.pem` });
      assert.equal((await client.call(GET, B0, { timeout: 2 })).code, "UNAVAILABLE");
      await daemon.seen(({ msg, err }) => msg === "grpc-refused" && /^TLS: /.test(String(err)));
      assert.equal(daemon.process.errors, "");
    });
  },
);

grpcTest("a certificate is renewed on SIGHUP, and no connection is dropped for it", async () => {
  const { folder: source } = await certificates();
  await tlsStage({ mutual: false, target: {} }, async ({ client, address, daemon }, folder) => {
    const watch = client.stream("WatchEvents");
    await watch.seen(() => true);
    const shown = () => shownCertificate(address);
    const before = await shown();
    const reload = async () => {
      const from = daemon.mark;
      daemon.process.signal("SIGHUP");
      return await daemon.seen(({ msg }) => msg === "grpc-reload", { from });
    };
    await Deno.copyFile(`${source}/renewed.pem`, `${folder}/good.pem`);
    const mismatch = await reload();
    assert.equal(mismatch.ok, false);
    assert.match(String(mismatch.err), /it is not the key of the certificate/);
    assert.equal(await shown(), before, "what does not fit changes nothing");
    await Deno.copyFile(`${source}/renewed.key`, `${folder}/good.key`);
    assert.equal((await reload()).ok, true);
    assert.notEqual(await shown(), before);
    assert.equal((await client.call(PAUSE, B0)).code, "OK");
    await watch.seen((message) => JSON.stringify(message).includes('"paused"'), 5);
    for (
      const [text, says] of [["rubbish", /no certificate in PEM form/], [
        "",
        /no certificate/,
      ]] as const
    ) {
      await Deno.writeTextFile(`${folder}/good.pem`, text);
      const refused = await reload();
      assert.match(String(refused.err), says);
    }
    await using other = await GrpcClient.start({
      target: address,
      ca: `${source}/ca.pem`,
      options: { "grpc.ssl_target_name_override": "good.test" },
    });
    assert.equal((await other.call(GET, B0)).code, "OK");
  });
});

/** Serial number of the certificate that is shown there. */
async function shownCertificate(address: string): Promise<string> {
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-connect", address, "-alpn", "h2"],
    stdin: "null",
    stderr: "null",
  });
  const { stdout } = await child.output();
  const pem = /-----BEGIN[^]*END CERTIFICATE-----/.exec(new TextDecoder().decode(stdout));
  assert.ok(pem !== null);
  return pem[0];
}

grpcTest(
  "with a client CA, callers have their certificate's identity, and others get nothing",
  async () => {
    const { folder: source } = await certificates();
    const alice = await clientCertificate("/CN=alice");
    const bob = await clientCertificate("/CN=bob/OU=viewer");
    const mallory = await clientCertificate("/CN=mallory", "other_ca");
    await tlsStage({ mutual: true, target: alice }, async ({ client, address, daemon }) => {
      assert.deepEqual(await rights(client), ["OK", "OK"]);
      const as = (files: Partial<Target>) =>
        client.connect({
          target: address,
          ca: `${source}/ca.pem`,
          options: { "grpc.ssl_target_name_override": "good.test" },
          ...files,
        });
      await as(bob);
      assert.deepEqual(await rights(client), ["OK", "PERMISSION_DENIED"]);
      const { details } = await client.call(PAUSE, B0);
      assert.match(
        details,
        /"certificate \\"bob\\"" from .*: present a client certificate without OU=viewer/,
      );
      for (const subject of ["/OU=ops/OU=viewer/CN=carol", "/OU=viewer/OU=ops/CN=carol"]) {
        await as(await clientCertificate(subject));
        assert.deepEqual(await rights(client), ["OK", "PERMISSION_DENIED"], subject);
      }
      for (const files of [{}, mallory]) {
        await as(files);
        assert.equal((await client.call(GET, B0, { timeout: 2 })).code, "UNAVAILABLE");
      }
      assert.deepEqual(
        (await actionsSeen(daemon, 5)).map(({ identity, result }) => [identity, result]),
        [
          ['certificate "alice"', "ok"],
          ['certificate "bob"', "permission-denied"],
          ['certificate "bob"', "permission-denied"],
          ['certificate "carol"', "permission-denied"],
          ['certificate "carol"', "permission-denied"],
        ],
      );
      assert.equal(daemon.process.errors, "");
    });
  },
);

grpcTest(
  "the authority of clients is renewed on SIGHUP, for connections that come after it",
  async () => {
    const { folder: source } = await certificates();
    const alice = await clientCertificate("/CN=alice");
    const mallory = await clientCertificate("/CN=mallory", "other_ca");
    await tlsStage({ mutual: true, target: alice }, async ({ client, address, daemon }, folder) => {
      assert.equal((await client.call(GET, B0)).code, "OK");
      const target = {
        target: address,
        ca: `${source}/ca.pem`,
        options: { "grpc.ssl_target_name_override": "good.test" },
      };
      await using other = await GrpcClient.start({ ...target, ...mallory });
      assert.equal((await other.call(GET, B0, { timeout: 2 })).code, "UNAVAILABLE");
      await Deno.copyFile(`${source}/other_ca.pem`, `${folder}/ca.pem`);
      daemon.process.signal("SIGHUP");
      const line = await daemon.seen(({ msg }) => msg === "grpc-reload");
      assert.deepEqual([line.ok, line.tls], [true, "mutual"]);
      await other.connect({ ...target, ...mallory });
      assert.deepEqual(await rights(other), ["OK", "OK"]);
      assert.equal((await client.call(GET, B0)).code, "OK", "a connection stays");
      // Another option makes grpcio open a new connection.
      await client.connect({ ...target, ...alice, options: { ...target.options, "x.y": 1 } });
      assert.equal((await client.call(GET, B0, { timeout: 2 })).code, "UNAVAILABLE");
      await Deno.copyFile(`${source}/ca.pem`, `${folder}/ca.pem`);
      const from = daemon.mark;
      daemon.process.signal("SIGHUP");
      await daemon.seen(({ msg }) => msg === "grpc-reload", { from });
      await client.connect({
        ...target,
        cert: `${source}/expired.pem`,
        key: `${source}/expired.key`,
      });
      assert.equal((await client.call(GET, B0, { timeout: 2 })).code, "UNAVAILABLE", "expired");
      assert.equal(daemon.process.errors, "");
    });
  },
);

grpcTest(
  "an invalid certificate does not keep a removed token valid, nor the other way",
  async () => {
    await withFolder(async (closed) => {
      const tokens = await writePrivate(`${closed}/tokens`, "operator old\n");
      const flags = [`--grpc-tokens=${tokens}`];
      const { folder: source } = await certificates();
      const stage = { mutual: false, flags, files: [closed], target: {} };
      await tlsStage(stage, async ({ client, address, daemon }, folder) => {
        const reload = async () => {
          const from = daemon.mark;
          daemon.process.signal("SIGHUP");
          return await daemon.seen(({ msg }) => msg === "grpc-reload", { from });
        };
        assert.deepEqual(await rights(client, bearer("old")), ["OK", "OK"]);
        await writePrivate(tokens, "operator new\n");
        await Deno.copyFile(`${source}/renewed.pem`, `${folder}/good.pem`);
        const torn = await reload();
        assert.equal(torn.ok, false);
        assert.match(
          String(torn.err),
          /good\.key: it is not the key of .*; keeping the previous certificate$/,
        );
        assert.deepEqual(await rights(client, bearer("old")), [
          "UNAUTHENTICATED",
          "UNAUTHENTICATED",
        ]);
        assert.deepEqual(await rights(client, bearer("new")), ["OK", "OK"]);

        const before = await shownCertificate(address);
        await Deno.copyFile(`${source}/renewed.key`, `${folder}/good.key`);
        await Deno.chmod(tokens, 0o644);
        const open = await reload();
        assert.equal(open.ok, false);
        assert.match(
          String(open.err),
          /readable or writable by others; run `chmod o= .*`; keeping the previous tokens$/,
        );
        assert.notEqual(await shownCertificate(address), before);
        assert.deepEqual(await rights(client, bearer("new")), ["OK", "OK"]);
      });
    });
  },
);

grpcTest(
  "a unix socket is for its owner and group, and replaces a stale one",
  async () => {
    await withFolder(async (folder) => {
      const path = `${folder}/grpc.sock`;
      const options = { grpcAddr: `unix:${path}`, target: { target: `unix:${path}` } };
      await onGrpcStage(options, async ({ client, daemon }) => {
        const { mode, isSocket } = await Deno.lstat(path);
        assert.ok(isSocket);
        assert.equal(mode! & 0o777, 0o660);
        assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["grpc.sock"]);
        assert.deepEqual(await rights(client), ["OK", "OK"]);
        await actionsSeen(daemon, 1);
        const [line] = daemon.lines.filter(({ msg }) => msg === "operator-action");
        assert.equal(line!.peer, "unix");
        const second = await runToEnd({
          config: `${folder}/none.yaml`,
          flags: ["--grpc-addr", `unix:${path}`],
        });
        assert.notEqual(second.code, 0);
        daemon.process.signal("SIGKILL");
        await daemon.process.ended;
        assert.ok((await Deno.lstat(path)).isSocket, "left over");
      });
      await onGrpcStage(options, async ({ client, daemon }) => {
        assert.deepEqual(await rights(client), ["OK", "OK"]);
        await daemon.stop();
        assert.deepEqual([...Deno.readDirSync(folder)], [], "removed at the end");
      });
    });
  },
);
