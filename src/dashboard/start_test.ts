/** The whole server in this process, with a clock of the test: its certificate is replaced. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../tests/support/fakes/recording_logger.ts";
import { certificates, type KeyPair } from "../../tests/support/servers/certificates.ts";
import { withFolder } from "../../tests/support/servers/daemon.ts";
import { until } from "../../tests/support/worlds/http_world.ts";
import { readSettings } from "../system/settings.ts";
import { WATCH_INTERVAL_MS } from "../system/tls/files.ts";
import { FRONTEND_FLAGS } from "./flags.ts";
import { checkSettings } from "./settings.ts";
import { startDashboard } from "./start.ts";

/** A connection whose handshake is done, and what it has received. */
interface Connected {
  readonly socket: tls.TLSSocket;
  readonly serial: string;
  text: string;
}

function connect(port: number): Promise<Connected> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      const connected = { socket, serial: socket.getPeerCertificate().serialNumber, text: "" };
      socket.on("data", (bytes) => connected.text += bytes);
      resolve(connected);
    });
    socket.on("error", reject);
  });
}

async function close({ socket }: Connected): Promise<void> {
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.destroy();
  await closed;
}

async function renewal(): Promise<void> {
  const made = await certificates();
  const serialOf = ({ cert }: KeyPair) => new X509Certificate(cert).serialNumber;
  const [good, renewed] = [made.of("good"), made.of("renewed")];
  await withFolder(async (folder) => {
    const paths = { cert: `${folder}/cert.pem`, key: `${folder}/key.pem` };
    await Deno.writeTextFile(paths.cert, good.cert);
    await Deno.writeTextFile(paths.key, good.key);
    const read = readSettings(FRONTEND_FLAGS, {
      args: [
        ...["--server=127.0.0.1:1", "--listen=127.0.0.1:0"],
        ...[`--listen-tls-cert=${paths.cert}`, `--listen-tls-key=${paths.key}`],
      ],
      env: () => undefined,
    });
    assert.ok(read.kind === "ok");
    const checked = checkSettings(read.settings, read.given);
    assert.ok(typeof checked !== "string", String(checked));
    const clock = new FakeClock();
    const logger = new RecordingLogger();
    const dashboard = await startDashboard({ checked, clock, logger, prng: () => 0 });
    const [address] = dashboard.addresses;
    assert.ok(address?.kind === "tcp");
    const logged = (event: string) => logger.records.filter((record) => record.event === event);
    const served = async () => {
      const connected = await connect(address.port);
      await close(connected);
      return connected.serial;
    };
    const stream = await connect(address.port);
    try {
      stream.socket.write("GET /view/api/events HTTP/1.1\r\nHost: any.example\r\n\r\n");
      await until(() => stream.text.includes("retry: 2000\n\n"));
      assert.equal(stream.serial, serialOf(good));

      // Between the writing of the two files.
      await Deno.writeTextFile(paths.cert, renewed.cert);
      const warnings = logged("dashboard-warning").length;
      clock.advance(WATCH_INTERVAL_MS);
      await until(() => logged("dashboard-warning").length > warnings);
      assert.match(
        String(logged("dashboard-warning").at(-1)!.fields.message),
        /key\.pem: it is not the key of the certificate in .*cert\.pem$/,
      );
      assert.equal(await served(), serialOf(good));
      // Half of a file.
      await Deno.writeTextFile(paths.key, renewed.key.slice(0, renewed.key.length / 2));
      clock.advance(WATCH_INTERVAL_MS);
      await until(() => logged("dashboard-warning").length > warnings + 1);
      assert.equal(await served(), serialOf(good));

      await Deno.writeTextFile(paths.key, renewed.key);
      clock.advance(WATCH_INTERVAL_MS);
      await until(() => logged("dashboard-certificate").length === 1);
      assert.equal(await served(), serialOf(renewed));
      // The stream has its old one and goes on: these are pings of 15 s each.
      await until(() => stream.text.includes(": ping\n\n"));
    } finally {
      await Promise.all([close(stream), dashboard.stop()]);
    }
    assert.equal(clock.timers, 0);
  });
}

Deno.test({
  name: "a renewed certificate is served when both files are there, and ends no stream",
  // The gRPC library keeps its timer for the next attempt for a while after its client was closed.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: renewal,
});
