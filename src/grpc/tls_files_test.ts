import assert from "node:assert/strict";
import { certificates } from "../../tests/support/certificates.ts";
import { readTlsFiles } from "./tls_files.ts";

Deno.test("readTlsFiles gives what fits together, and names the file that does not", async () => {
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
    const half = good.cert.slice(0, good.cert.length / 2);
    const cases: [files: Partial<typeof good>, file: string, says: RegExp][] = [
      [{ key: otherKey }, "key", /it is not the key of the certificate in .*\/cert$/],
      [{ key: "" }, "key", /it is no private key without passphrase in PEM form/],
      [{ key: good.cert }, "key", /it is no private key/],
      [{ cert: "" }, "cert", /it has no certificate in PEM form/],
      [{ cert: half }, "cert", /it has no certificate in PEM form/],
      [{ cert: torn }, "cert", /certificate 1 in it cannot be read/],
      [{ cert: `${good.cert}${torn}` }, "cert", /certificate 2 in it cannot be read/],
      [{ ca: "x" }, "ca", /it has no certificate in PEM form/],
      [{ cert: `${good.cert}${"#".repeat(1024 * 1024)}` }, "cert", /more than 1048576 bytes/],
    ];
    for (const [files, file, says] of cases) {
      await write(files);
      await assert.rejects(readTlsFiles(paths), (error: Error) => {
        assert.ok(error.message.startsWith(`Cannot use ${folder}/${file}: `), error.message);
        assert.match(error.message, says);
        return true;
      });
    }
    await write({});
    await Deno.remove(clientCa!);
    await assert.rejects(readTlsFiles(paths), /ca: there is no such file/);
    await assert.rejects(readTlsFiles({ ...paths, cert: folder }), /it is no ordinary file/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
