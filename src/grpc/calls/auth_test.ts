import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import {
  type AccessPolicy,
  type Caller,
  type CertificateSubject,
  identify,
  isThisHost,
  type Peer,
  refusal,
} from "./auth.ts";
import { type Role } from "./methods.ts";
import { METHODS } from "./methods.ts";
import { TokenTable } from "./tokens.ts";

function tokensOf(text: string): TokenTable {
  const table = TokenTable.parse(text);
  assert.ok(typeof table !== "string", String(table));
  return table;
}

const TOKENS = tokensOf("viewer look\noperator act Alice\n");
const HOME: Peer = { text: "127.0.0.1:1", local: true, certificate: undefined };
const AWAY: Peer = { text: "192.0.2.1:1", local: false, certificate: undefined };

function holding(commonName: string, ...organizationalUnits: string[]): Peer {
  const certificate: CertificateSubject = { commonName, organizationalUnits };
  return { ...AWAY, certificate };
}

function policy(options: Partial<AccessPolicy> = {}): AccessPolicy {
  return { tokens: undefined, clientCertificates: false, anonymousRole: "viewer", ...options };
}

Deno.test("identify() takes the role from the token, otherwise from the certificate, otherwise from the address", () => {
  const withTokens = policy({ tokens: TOKENS });
  const mutual = policy({ clientCertificates: true });
  const both = policy({ tokens: TOKENS, clientCertificates: true });
  const open = policy({ anonymousRole: "operator" });
  const shut = policy({ anonymousRole: "none" });
  const cases: [Peer, string[], AccessPolicy, role: Role, identity: string, trusted: boolean][] = [
    [HOME, [], policy(), "operator", "", true],
    [AWAY, [], policy(), "viewer", "", false],
    [AWAY, [], open, "operator", "", false],
    [AWAY, [], shut, "none", "", false],
    [HOME, [], shut, "operator", "", true],
    // An address gives no role when credentials are configured.
    [HOME, [], withTokens, "viewer", "", true],
    [HOME, [], mutual, "viewer", "", true],
    [AWAY, ["Bearer look"], withTokens, "viewer", "token of line 1", true],
    [AWAY, ["Bearer act"], withTokens, "operator", 'token "Alice"', true],
    [AWAY, ["bEaReR   act  "], withTokens, "operator", 'token "Alice"', true],
    // Tokens are ignored without a token file.
    [AWAY, ["Bearer act"], policy(), "viewer", "", false],
    [HOME, ["Basic x"], policy(), "operator", "", true],
    [holding("bob"), [], mutual, "operator", 'certificate "bob"', true],
    [holding("bob", "viewer"), [], mutual, "viewer", 'certificate "bob"', true],
    [holding("bob", "x", "viewer"), [], mutual, "viewer", 'certificate "bob"', true],
    [holding("bob", "Viewer"), [], mutual, "operator", 'certificate "bob"', true],
    [holding('b"o\nb'), [], mutual, "operator", 'certificate "b\\"o\\nb"', true],
    // The token wins, whether its role is higher or lower than the certificate's.
    [holding("bob"), ["Bearer look"], both, "viewer", "token of line 1", true],
    [holding("bob", "viewer"), ["Bearer act"], both, "operator", 'token "Alice"', true],
    [holding("bob"), [], both, "operator", 'certificate "bob"', true],
  ];
  for (const [peer, authorization, rules, role, identity, trusted] of cases) {
    assert.deepEqual(
      identify(peer, { authorization, user: [] }, rules),
      { peer: peer.text, identity, role, anonymous: identity === "", trusted },
      JSON.stringify([peer, authorization]),
    );
  }
});

Deno.test("identify() refuses a token that is not in the file", () => {
  const wrong = [
    ["Bearer nobody"],
    ["Bearer "],
    ["Bearer"],
    [""],
    ["act"],
    ["Basic act"],
    ["Bearer act act"],
    ["Bearer act", "Bearer act"],
    ["xBearer act"],
  ];
  for (const authorization of wrong) {
    for (const peer of [HOME, AWAY, holding("bob")]) {
      const rules = policy({ tokens: TOKENS, anonymousRole: "operator" });
      const judged = identify(peer, { authorization, user: [] }, rules);
      assert.ok(judged instanceof MaglevError, authorization.join("|"));
      assert.equal(judged.code, "unauthenticated");
      assert.ok(!/nobody|act/.test(judged.message), "the token is not repeated");
    }
  }
});

Deno.test("refusal() allows each role what lower roles may do, and otherwise names the fix", () => {
  const anonymous: Caller = {
    peer: "192.0.2.1:1",
    identity: "",
    role: "viewer",
    anonymous: true,
    trusted: false,
  };
  const cases: [
    method: string,
    Partial<Caller>,
    Partial<AccessPolicy>,
    says: string | undefined,
  ][] = [
    ["maglev.Maglev/GetBackend", {}, {}, undefined],
    ["maglev.Maglev/PauseBackend", { role: "operator" }, {}, undefined],
    ["maglev.Maglev/GetBackend", { role: "operator" }, {}, undefined],
    ["grpc.health.v1.Health/Check", { role: "none" }, {}, undefined],
    [
      "maglev.Maglev/GetBackend",
      { role: "none" },
      {},
      "permission-denied: GetBackend needs role viewer; an anonymous caller from 192.0.2.1:1 " +
      "has no role: call from maglevd's own host, or start maglevd with " +
      "--grpc-anonymous-role=viewer or with --grpc-tokens",
    ],
    [
      "maglev.Maglev/PauseBackend",
      {},
      { tokens: TOKENS },
      "unauthenticated: PauseBackend needs role operator; an anonymous caller from " +
      "192.0.2.1:1 has role viewer: present a token with role operator as " +
      "`authorization: Bearer TOKEN`; maglevd's --grpc-tokens names the file of tokens",
    ],
    [
      "maglev.Maglev/CheckConfig",
      { identity: "token of line 1", anonymous: false },
      { tokens: TOKENS },
      'permission-denied: CheckConfig needs role operator; "token of line 1" from 192.0.2.1:1 ' +
      "has role viewer: present a token with role operator as `authorization: Bearer TOKEN`; " +
      "maglevd's --grpc-tokens names the file of tokens",
    ],
    [
      "maglev.Maglev/ReloadConfig",
      { identity: 'certificate "bob"', anonymous: false },
      { clientCertificates: true },
      'permission-denied: ReloadConfig needs role operator; "certificate \\"bob\\"" from ' +
      "192.0.2.1:1 has role viewer: present a client certificate without OU=viewer, of the " +
      "authority that maglevd's --grpc-client-ca names",
    ],
    [
      "maglev.Maglev/ReloadConfig",
      {},
      { clientCertificates: true },
      "permission-denied: ReloadConfig needs role operator; an anonymous caller from " +
      "192.0.2.1:1 has role viewer: present a client certificate, of the authority that " +
      "maglevd's --grpc-client-ca names",
    ],
  ];
  for (const [path, caller, rules, says] of cases) {
    const error = refusal(METHODS.get(`/${path}`)!, { ...anonymous, ...caller }, policy(rules));
    assert.equal(error === undefined ? undefined : `${error.code}: ${error.message}`, says);
  }
});

Deno.test("isThisHost() is true for loopback and for callers with the address that they called", () => {
  const cases: [remote: string, local: string, here: boolean][] = [
    ["127.0.0.1", "127.0.0.2", true],
    ["127.255.0.9", "10.0.0.1", true],
    ["::1", "::1", true],
    ["::ffff:127.0.0.1", "::ffff:10.0.0.1", true],
    ["::FFFF:127.0.0.1", "", true],
    ["192.0.2.1", "192.0.2.1", true],
    ["::ffff:192.0.2.1", "192.0.2.1", true],
    ["2001:db8::1", "2001:db8::1", true],
    ["192.0.2.1", "192.0.2.2", false],
    ["2001:db8::1", "2001:db8::2", false],
    ["128.0.0.1", "127.0.0.1", false],
    ["fe80::1%eth0", "fe80::2%eth0", false],
    ["", "", false],
    ["x", "", false],
  ];
  for (const [remote, local, here] of cases) {
    assert.equal(isThisHost(remote, local), here, `${remote} ${local}`);
  }
});

Deno.test("identify() adds an unproved name to the identity, without effect on the role", () => {
  for (const peer of [HOME, AWAY, holding("bob"), { ...HOME, text: "unix", user: "carol" }]) {
    for (const authorization of [[], ["Bearer look"], ["Bearer act"]]) {
      for (
        const rules of [policy(), policy({ tokens: TOKENS }), policy({ anonymousRole: "none" })]
      ) {
        const judge = (user: string[]) => {
          const judged = identify(peer, { authorization, user }, rules);
          assert.ok(!(judged instanceof MaglevError));
          return judged;
        };
        const [without, claimed] = [judge([]), judge(["root"])];
        assert.deepEqual({ ...claimed, identity: "" }, { ...without, identity: "" });
        assert.ok(claimed.identity.endsWith("root (unverified)"), claimed.identity);
      }
    }
  }
});

Deno.test("identify() takes the user of a unix socket from the kernel, without credentials", () => {
  const unix: Peer = { text: "unix", local: true, user: "alice", certificate: undefined };
  const shown = { authorization: [], user: ["alice"] };
  assert.deepEqual(identify(unix, shown, policy()), {
    peer: "unix",
    identity: 'user "alice"',
    role: "operator",
    anonymous: true,
    trusted: true,
  });
  const judged = identify(unix, shown, policy({ tokens: TOKENS }));
  assert.ok(!(judged instanceof MaglevError) && judged.role === "viewer");
  const error = refusal(
    METHODS.get("/maglev.Maglev/PauseBackend")!,
    judged,
    policy({ tokens: TOKENS }),
  );
  assert.equal(error?.code, "unauthenticated", "a token would help");
});
