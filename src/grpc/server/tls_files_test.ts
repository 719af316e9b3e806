import assert from "node:assert/strict";
import { createSecureContext } from "node:tls";
import { certificates } from "../../../tests/support/servers/certificates.ts";
import { readTlsFiles } from "./tls_files.ts";

Deno.test("readTlsFiles() returns matching files, and names a file that does not match", async () => {
  const { folder: source, ca } = await certificates();
  const folder = await Deno.makeTempDir({ prefix: "maglev-test-" });
  try {
    const good = {
      cert: await Deno.readTextFile(`${source}/good.pem`),
      key: await Deno.readTextFile(`${source}/good.key`),
      ca,
    };
    const [cert, key, clientCa] = ["cert", "key", "ca"].map((name) => `${folder}/${name}`);
    const write = async (files: Partial<typeof good>) => {
      for (const [name, text] of Object.entries({ ...good, ...files })) {
        await Deno.writeTextFile(`${folder}/${name}`, text);
      }
    };
    const paths = { cert: cert!, key: key!, clientCa: clientCa! };
    await write({});
    assert.deepEqual(await readTlsFiles(paths), {
      cert: good.cert,
      key: good.key,
      clientCa: good.ca,
    });
    assert.equal((await readTlsFiles({ ...paths, clientCa: "" })).clientCa, undefined);

    const otherKey = await Deno.readTextFile(`${source}/renewed.key`);
    const torn = good.cert.replace(/^.*\n/, "-----BEGIN CERTIFICATE-----\nAAAA");
    const locked = good.key.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    const half = good.cert.slice(0, good.cert.length / 2);
    const cases: [files: Partial<typeof good>, file: string, says: RegExp][] = [
      [{ key: otherKey }, "key", /it is not the key of the certificate in .*\/cert$/],
      [{ key: "" }, "key", /it has no private key in PEM form$/],
      [{ key: good.cert }, "key", /it has no private key in PEM form, only CERTIFICATE$/],
      [
        { key: locked },
        "key",
        /its private key has a passphrase; `openssl pkey` writes it without/,
      ],
      [{ key: `${otherKey}${otherKey}` }, "key", /none of its 2 keys is that of a certificate in/],
      [{ cert: "" }, "cert", /it has no certificate in PEM form$/],
      [{ cert: good.key }, "cert", /it has no certificate in PEM form, only PRIVATE KEY$/],
      [{ cert: half }, "cert", /it has no certificate in PEM form/],
      [{ cert: torn }, "cert", /certificate 1 in it cannot be read/],
      [{ cert: `${good.cert}${torn}` }, "cert", /certificate 2 in it cannot be read/],
      [{ ca: "x" }, "ca", /it has no certificate in PEM form/],
      [{ cert: `${good.cert}${"#".repeat(1024 * 1024)}` }, "cert", /more than 1048576 bytes/],
    ];
    for (const [files, file, says] of cases) {
      await write(files);
      await assert.rejects(readTlsFiles(paths), (error: Error) => {
        assert.ok(error.message.startsWith(`cannot use ${folder}/${file}: `), error.message);
        assert.match(error.message, says);
        return true;
      });
    }
    await write({});
    await Deno.remove(clientCa!);
    await assert.rejects(readTlsFiles(paths), /ca: no such file/);
    await assert.rejects(readTlsFiles({ ...paths, cert: folder }), /not a regular file/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readTlsFiles() finds a certificate, its chain and its key in one PEM file, in any order", async () => {
  const { folder: source, ca } = await certificates();
  const read = (name: string) => Deno.readTextFile(`${source}/${name}`);
  const [cert, key, otherKey] = [
    await read("good.pem"),
    await read("good.key"),
    await read("renewed.key"),
  ];
  const parameters =
    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  const path = await Deno.makeTempFile({ prefix: "maglev-test-" });
  try {
    const orders = [
      [cert, ca, key],
      [key, cert, ca],
      ["Bag Attributes\n  friendlyName: lb\n", ca, parameters, key, "\r\n", cert],
      [otherKey, ca, cert, key],
    ];
    for (const parts of orders) {
      await Deno.writeTextFile(path, parts.join(""));
      const material = await readTlsFiles({ cert: path, key: path, clientCa: path });
      assert.equal(material.cert, cert + ca, "its own certificate first, then the chain");
      assert.equal(material.key, key);
      assert.ok(!material.clientCa!.includes("PRIVATE KEY"));
      createSecureContext({ cert: material.cert, key: material.key });
    }
  } finally {
    await Deno.remove(path);
  }
});
