/** Files with credentials, good and bad ones, on a real disk. */
import assert from "node:assert/strict";
import { certificates } from "../../../tests/support/servers/certificates.ts";
import { type CredentialPaths, readCredentials } from "./credentials.ts";

const NONE: CredentialPaths = { tls: true, ca: "", cert: "", key: "", serverName: "", token: "" };

interface Case {
  readonly text: string;
  readonly mode?: number;
  readonly message: RegExp;
}

const TOKENS: Readonly<Record<string, Case>> = {
  "that others can read": { text: "t", mode: 0o604, message: /readable or writable by others/ },
  "that others can write": { text: "t", mode: 0o602, message: /readable or writable by others/ },
  "that is empty": { text: "# t\n", message: /need one line with a token/ },
  "with two tokens": { text: "a\nb\n", message: /need one line with a token/ },
  "with a role": { text: "viewer t\n", message: /without role and name/ },
  "with a long token": { text: "t".repeat(1025), message: /need one line with a token/ },
  "that is too large": { text: "#".repeat(1024 * 1024 + 1), message: /more than 1048576 bytes/ },
};

async function inFile(
  { text, mode = 0o600 }: Pick<Case, "text" | "mode">,
  fn: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "maglevc-credentials-" });
  try {
    await Deno.writeTextFile(path, text);
    await Deno.chmod(path, mode);
    await fn(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("a token file may be read by its group, and have comments", async () => {
  await inFile({ text: "# mine\n\n  token-1 \r\n", mode: 0o640 }, async (token) => {
    assert.deepEqual(await readCredentials({ ...NONE, tls: false, token }), {
      tls: undefined,
      token: "token-1",
    });
  });
});

for (const [name, { message, ...file }] of Object.entries(TOKENS)) {
  Deno.test(`a token file ${name} is refused with its path, without its text`, async () => {
    await inFile(file, async (token) => {
      await assert.rejects(readCredentials({ ...NONE, token }), (error: Error) => {
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(`cannot use --token-file ${token}: `));
        assert.ok(error.message.length < token.length + 150);
        return true;
      });
    });
  });
}

Deno.test("an invalid certificate and an invalid key are refused with their paths", async () => {
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  await inFile({ text: broken }, async (path) => {
    const refused = async (paths: Partial<CredentialPaths>, message: RegExp) =>
      await assert.rejects(readCredentials({ ...NONE, ...paths }), { message });
    await refused({ ca: path }, /: certificate 1 in it cannot be read: /);
    await refused({ cert: path, key: path }, /: certificate 1 in it cannot be read: /);
    await refused({ ca: "/dev/null" }, /^cannot use --tls-ca \/dev\/null: not a regular file$/);
    await refused({ ca: `${path}.none` }, /: no such file$/);
  });
});

Deno.test("the client's certificate and key may stand in one file, in any order", async () => {
  const { of } = await certificates();
  const { cert, key } = of("good");
  for (const text of [cert + key, key + cert]) {
    await inFile({ text }, async (path) => {
      const { tls } = await readCredentials({ ...NONE, cert: path, key: path });
      assert.deepEqual([tls?.cert, tls?.key], [cert, key]);
      await inFile({ text: of("renewed").key }, async (other) => {
        const mixed = readCredentials({ ...NONE, cert: path, key: other });
        await assert.rejects(mixed, { message: /: it is not the key of the certificate in / });
      });
    });
  }
});
