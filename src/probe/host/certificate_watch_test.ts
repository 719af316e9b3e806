import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { healthcheck, http } from "../../../tests/support/worlds/healthcheck.ts";
import { later } from "../../base/instant.ts";
import { UNREAD_PAIR } from "../../config/client_certificates.ts";
import type { Config } from "../../config/model.ts";
import { CertificateWatch, LOOK_MS } from "./certificate_watch.ts";

const DAY_MS = 86_400_000;
const FILE = "/etc/vpp-maglev/probe.pem";

function setUp() {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const startMs = clock.wallMs();
  /** Checks with the same certificate, which ends that many days after the start. */
  const expiring = (days: number): Pick<Config, "healthchecks"> => {
    const validUntilMs = later(startMs, days * DAY_MS);
    const client = { certPath: FILE, keyPath: FILE, ...UNREAD_PAIR, validUntilMs };
    const tls = { serverName: "", insecureSkipVerify: false, alpn: [], client };
    const check = healthcheck({ params: { ...http(), type: "https", ...tls } });
    return { healthchecks: new Map([["a", check], ["b", check], ["c", healthcheck()]]) };
  };
  const passDays = (days: number) => {
    for (let hour = 0; hour < days * 24; hour++) clock.advance(LOOK_MS);
  };
  const records = () =>
    logger.records.map(({ level, event, fields }) => [level, event, fields.message]);
  return { clock, logger, expiring, passDays, records };
}

/** One record, as setUp().records() has it. */
function record(level: string, end: string): unknown[] {
  const message = `a certificate in it ${end}; renew it and reload`;
  return [level, "client-certificate-expires", message];
}

Deno.test("CertificateWatch reports a certificate once a day from two weeks before its end on", () => {
  const { clock, logger, expiring, passDays, records } = setUp();
  const end = new Date(clock.wallMs() + 16.5 * DAY_MS).toISOString().slice(0, 10);
  const watch = new CertificateWatch({ clock, logger, config: () => expiring(16.5) });
  watch.start();
  passDays(2);
  assert.deepEqual(records(), []);
  passDays(1);
  assert.deepEqual(records(), [record("warn", `expires on ${end}`)]);
  passDays(13);
  assert.deepEqual(records(), Array(14).fill(record("warn", `expires on ${end}`)));
  passDays(2);
  const expired = record("error", `expired on ${end}`);
  assert.deepEqual(records().slice(14), [expired, expired]);
  watch.stop();
  passDays(2);
  assert.equal(records().length, 16);
});

Deno.test("CertificateWatch reports no certificate that the configuration has just warned of", () => {
  const { clock, logger, expiring, passDays, records } = setUp();
  let config = expiring(3.5);
  const watch = new CertificateWatch({ clock, logger, config: () => config });
  watch.start();
  passDays(0.25);
  assert.deepEqual(records(), []);
  // A reload of a renewed file.
  config = expiring(60);
  passDays(5);
  assert.deepEqual(records(), []);
  watch.stop();
});
