/**
 * A real maglevd, with exactly the documented permissions, on HTTPS servers and a source address:
 * servers come up and go down with their certificates, a reload applies a changed ca-file, and a
 * bad one changes nothing.
 */
import assert from "node:assert/strict";
import { certificates } from "../support/servers/certificates.ts";
import { Daemon, runToEnd, withFolder } from "../support/servers/daemon.ts";
import { tlsServer } from "../support/servers/tls_servers.ts";

const CHECK = [
  "interval: 200ms",
  "fast-interval: 50ms",
  "down-interval: 100ms",
  "timeout: 200ms",
  "rise: 1",
  "fall: 2",
].join(", ");

function config(port: number, caFile: string): string {
  return `maglev:
  healthchecks:
    web:
      { type: https, port: ${port}, ${CHECK}, params: { server-name: good.test, ca-file: ${caFile} } }
    handshake:
      { type: tcp, port: ${port}, ${CHECK}, params: { ssl: true, insecure-skip-verify: true } }
    sourced:
      {
        type: https,
        port: ${port},
        ${CHECK},
        probe-ipv4-src: 127.0.0.78,
        params: { insecure-skip-verify: true },
      }
    lost: { type: tcp, port: ${port}, ${CHECK}, probe-ipv4-src: 192.0.2.9 }
    public: { type: tcp, port: ${port}, ${CHECK}, params: { ssl: true, server-name: good.test } }
  backends:
    web: { address: 127.0.0.1, healthcheck: web }
    handshake: { address: 127.0.0.1, healthcheck: handshake }
    sourced: { address: 127.0.0.1, healthcheck: sourced }
    lost: { address: 127.0.0.1, healthcheck: lost }
    public: { address: 127.0.0.1, healthcheck: public }
`;
}

Deno.test("maglevd follows HTTPS servers, their certificates, and the ca-file", async () => {
  const made = await certificates();
  const server = await tlsServer(made.of("good"));
  await withFolder(async (folder) => {
    const [path, caFile] = [`${folder}/maglev.yaml`, `${folder}/ca.pem`];
    await Deno.writeTextFile(caFile, made.ca);
    await Deno.writeTextFile(path, config(server.port, caFile));
    const daemon = new Daemon({ config: path, files: [caFile] });
    try {
      for (const name of ["web", "handshake", "sourced"]) await daemon.transition(name, "up");
      const blind = await daemon.seen(({ msg }) => msg === "prober-blind");
      assert.equal(blind.err, "source address 192.0.2.9 is not on this host");
      const notPublic = await daemon.transition("public", "down");
      assert.equal(notPublic.detail, 'certificate not trusted: issued by "Test Authority"');
      assert.ok(server.clients.includes("127.0.0.78"));

      let mark = daemon.mark;
      server.show(made.of("expired"));
      const down = await daemon.transition("web", "down", mark);
      assert.deepEqual([down.layer, down.code], ["L6", "L6RSP"]);
      assert.equal(down.detail, "certificate expired on 2021-01-01T00:00:00Z");
      server.show(made.of("renewed"));
      await daemon.transition("web", "up", mark);

      mark = daemon.mark;
      await Deno.writeTextFile(caFile, made.otherCa);
      daemon.process.signal("SIGHUP");
      const foreign = await daemon.transition("web", "down", mark);
      assert.equal(
        foreign.detail,
        'certificate not trusted: issued by "Test Authority"; the authority of that name in ca-file ' +
          "has another key",
      );

      mark = daemon.mark;
      await Deno.writeTextFile(caFile, "no certificate\n");
      daemon.process.signal("SIGHUP");
      const refused = await daemon.seen(({ msg }) => msg === "config-error", { from: mark });
      assert.match(`${refused.message}`, /ca\.pem: no certificate in it/);

      mark = daemon.mark;
      await Deno.writeTextFile(caFile, made.ca);
      daemon.process.signal("SIGHUP");
      await daemon.transition("web", "up", mark);
      const moved = daemon.lines.filter(({ msg, backend, to }) =>
        msg === "backend-transition" && backend === "handshake" && to !== "up"
      );
      assert.deepEqual(moved, [], "a check without the ca-file goes on undisturbed");
      assert.equal(await daemon.stop(), 0);
      assert.equal(daemon.process.errors, "");
    } finally {
      await daemon.stop();
      await server.close();
    }
  });
});

Deno.test("maglevd --check names a ca-file that is missing or that it may not read", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/maglev.yaml`;
    for (
      const [file, reason] of [
        ["/etc/vpp-maglev/none.pem", "cannot read the file: no such file"],
        ["/etc/hostname", "cannot read the file: the program was started without that permission"],
      ]
    ) {
      await Deno.writeTextFile(path, config(443, file!));
      const { code, stdout } = await runToEnd({ config: path, flags: ["--check"] });
      assert.equal(code, 2);
      assert.ok(
        stdout.includes(`maglev.healthchecks.web.params.ca-file: ${file}: ${reason}`),
        stdout,
      );
    }
  });
});
