import assert from "node:assert/strict";
import { badGrpcSettings, type GrpcSettings, servedMethods } from "./grpc.ts";

const DEFAULTS: GrpcSettings = {
  "grpc-addr": ":9090",
  "reflection": true,
  "grpc-tls-cert": "",
  "grpc-tls-key": "",
  "grpc-client-ca": "",
  "grpc-tokens": "",
  "grpc-anonymous-role": "viewer",
};
const PAIR = { "grpc-tls-cert": "/c", "grpc-tls-key": "/k" };

Deno.test("badGrpcSettings reports invalid addresses and combinations of flags", () => {
  const cases: [Partial<GrpcSettings>, says: string | undefined][] = [
    [{}, undefined],
    [{ "grpc-addr": "" }, undefined],
    [PAIR, undefined],
    [{ ...PAIR, "grpc-client-ca": "/a" }, undefined],
    [{ "grpc-addr": "unix:/run/x" }, undefined],
    [
      { "grpc-addr": "9090" },
      'flag --grpc-addr: cannot use "9090": need host:port, :port, [v6]:port or unix:/path',
    ],
    [{ "grpc-tls-cert": "/c" }, "flags --grpc-tls-cert and --grpc-tls-key: need both or neither"],
    [{ "grpc-tls-key": "/k" }, "flags --grpc-tls-cert and --grpc-tls-key: need both or neither"],
    [{ "grpc-client-ca": "/a" }, "flag --grpc-client-ca: needs --grpc-tls-cert too"],
    [{ ...PAIR, "grpc-addr": "unix:/x" }, "flag --grpc-tls-cert: a unix socket has no TLS"],
  ];
  for (const [settings, says] of cases) {
    assert.equal(badGrpcSettings({ ...DEFAULTS, ...settings }), says);
  }
});

Deno.test("servedMethods: without reflection, all but its two", () => {
  const names = (reflection: boolean) => servedMethods({ reflection }).map(({ path }) => path);
  const [all, fewer] = [names(true), names(false)];
  assert.deepEqual(all.filter((path) => !fewer.includes(path)), [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
  ]);
  assert.ok(fewer.includes("/maglev.Maglev/GetBackend"));
  assert.ok(fewer.includes("/grpc.health.v1.Health/Watch"));
});
