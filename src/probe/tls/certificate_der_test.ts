import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { oddCertificates } from "../../../tests/support/servers/odd_certificates.ts";
import { derFacts } from "./certificate_der.ts";
import { unusable, unusableSignature } from "./certificate_limits.ts";
import { CertificateTap } from "./certificate_tap.ts";

const { folder } = await oddCertificates();

function der(name: string): Uint8Array {
  return new X509Certificate(Deno.readTextFileSync(`${folder}/${name}.pem`)).raw;
}

Deno.test("derFacts() reads key, signature, extensions and usage of a certificate", () => {
  const P256 = { algorithm: "1.2.840.10045.2.1", curve: "1.2.840.10045.3.1.7", rsaBits: 0 };
  assert.deepEqual(derFacts(der("clientOnly")), {
    signature: "1.2.840.10045.4.3.2",
    key: P256,
    critical: [],
    usages: ["1.3.6.1.5.5.7.3.2"],
  });
  assert.deepEqual(derFacts(der("criticalExtension"))!.critical, ["2.5.29.19", "1.2.3.4"]);
  const { key, signature } = derFacts(der("rsa1024"))!;
  assert.deepEqual(key, { algorithm: "1.2.840.113549.1.1.1", curve: "", rsaBits: 1024 });
  assert.equal(signature, "1.2.840.113549.1.1.11");
});

Deno.test("derFacts() ends, and stays within the bytes, for any input", () => {
  const whole = der("clientOnly");
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(damage, fc.nat(whole.length), (changes, length) => {
      const bytes = whole.slice(0, length);
      for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
      const facts = derFacts(bytes);
      for (const oid of [facts?.signature ?? "", ...facts?.critical ?? []]) {
        assert.match(oid, /^[\d.e+]*$/);
        assert.ok(oid.length <= 64);
      }
      assert.equal(typeof (unusable(bytes) ?? ""), "string");
      assert.equal(typeof (unusableSignature(bytes) ?? ""), "string");
    }),
    { numRuns: 2000 },
  );
  assert.equal(derFacts(new Uint8Array(0)), undefined);
  assert.equal(unusable(new Uint8Array(0)), "it is not well-formed DER");
});

/** A server's flight of TLS 1.2: ServerHello, then Certificate, in records of `size` bytes. */
function flight(certificates: readonly Uint8Array[], size: number): Uint8Array {
  const uint24 = (n: number) => [n >> 16, (n >> 8) & 255, n & 255];
  const list = certificates.flatMap((one) => [...uint24(one.length), ...one]);
  const hello = [2, ...uint24(3), 3, 3, 0];
  const body = [...uint24(list.length), ...list];
  const messages = [...hello, 11, ...uint24(body.length), ...body, 14, 0, 0, 0];
  const records: number[] = [];
  for (let at = 0; at < messages.length; at += size) {
    const piece = messages.slice(at, at + size);
    records.push(22, 3, 3, piece.length >> 8, piece.length & 255, ...piece);
  }
  return Uint8Array.from([...records, 20, 3, 3, 0, 1, 1]);
}

Deno.test("CertificateTap finds the certificates with any split of records and reads", () => {
  const chain = [Uint8Array.of(1, 2, 3), new Uint8Array(700).fill(7)];
  for (const size of [1, 5, 300, 16_384]) {
    const bytes = flight(chain, size);
    for (const step of [1, 7, bytes.length]) {
      const tap = new CertificateTap();
      for (let at = 0; at < bytes.length; at += step) tap.feed(bytes.subarray(at, at + step));
      assert.deepEqual(tap.certificates, chain, `records of ${size}, reads of ${step}`);
    }
  }
});

Deno.test("CertificateTap has no certificates from truncated, foreign or endless input", () => {
  const bytes = flight([Uint8Array.of(1, 2, 3)], 100);
  for (let length = 0; length < bytes.length; length++) {
    const tap = new CertificateTap();
    tap.feed(bytes.subarray(0, length));
    assert.ok(tap.certificates.length <= 1);
    if (length < 20) assert.deepEqual(tap.certificates, []);
  }
  const other = new CertificateTap();
  other.feed(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  assert.deepEqual(other.certificates, []);
  const endless = new CertificateTap();
  for (let i = 0; i < 100; i++) endless.feed(Uint8Array.from({ length: 16_384 }, () => 22));
  assert.deepEqual(endless.certificates, []);
});
