/** A start that fails because of a file of gRPC names the flag of that file. */
import assert from "node:assert/strict";
import { certificates } from "../support/servers/certificates.ts";
import { runToEnd, withFolder } from "../support/servers/daemon.ts";

Deno.test("a file of gRPC that cannot be used is reported with the flag that names it", async () => {
  const { folder: tls } = await certificates();
  await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, "maglev:\n  backends:\n    a: { address: 127.0.0.1 }\n");
    const file = async (name: string, text: string, mode = 0o600) => {
      await Deno.writeTextFile(`${folder}/${name}`, text, { mode });
      await Deno.chmod(`${folder}/${name}`, mode);
      return `${folder}/${name}`;
    };
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    const empty = await file("empty", "");
    const cert = await file("cert", await Deno.readTextFile(`${tls}/good.pem`));
    const key = await file("key", await Deno.readTextFile(`${tls}/good.key`));
    const pair = { "grpc-tls-cert": cert, "grpc-tls-key": key };
    const cases: [Record<string, string>, flag: string, says: RegExp][] = [
      [{ "grpc-tokens": `${folder}/none` }, "grpc-tokens", /no such file/],
      [{ "grpc-tokens": empty }, "grpc-tokens", /it has no tokens/],
      [
        { "grpc-tokens": await file("open", "viewer x\n", 0o644) },
        "grpc-tokens",
        /readable or writable by others/,
      ],
      [{ ...pair, "grpc-tls-cert": empty }, "grpc-tls-cert", /no certificate/],
      [{ ...pair, "grpc-tls-key": empty }, "grpc-tls-key", /key/],
      [{ ...pair, "grpc-tls-key": `${folder}/none` }, "grpc-tls-key", /no such file/],
      [{ ...pair, "grpc-client-ca": empty }, "grpc-client-ca", /no certificate/],
      [{ "grpc-addr": `127.0.0.1:${port}` }, "grpc-addr", /in use/],
    ];
    for (const [flags, flag, says] of cases) {
      const given = { "grpc-addr": "127.0.0.1:0", "metrics-addr": "", ...flags };
      const { code, stderr } = await runToEnd({
        config,
        flags: Object.entries(given).map(([name, value]) => `--${name}=${value}`),
        files: [folder],
      });
      assert.equal(code, 1, stderr);
      assert.match(stderr, new RegExp(`^maglevd: cannot start: flag --${flag}: `), stderr);
      assert.match(stderr, says);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    }
  });
});
