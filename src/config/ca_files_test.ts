import assert from "node:assert/strict";
import { certificatesIn } from "./ca_files.ts";

function block(label: string, body: string): string {
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

Deno.test("certificatesIn() finds the certificates of a file that also holds a key, in any order", () => {
  const [one, two] = [block("CERTIFICATE", "AAAA"), block("CERTIFICATE", "BBBB")];
  const key = block("EC PARAMETERS", "CCCC") + block("EC PRIVATE KEY", "DDDD");
  const orders = [
    one + two + key,
    key + one + two,
    `# root\n${one}\r\n${key}Bag Attributes\n${two}`,
  ];
  for (const text of orders) {
    const judged: string[] = [];
    const readout = certificatesIn(text, (pem) => void judged.push(pem));
    assert.deepEqual(readout, { kind: "ok", pem: one + two });
    assert.equal(judged.length, 2, "only certificates are shown to the library");
  }
});
