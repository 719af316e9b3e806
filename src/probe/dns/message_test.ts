import assert from "node:assert/strict";
import { fuzz, mutateBytes, rounds } from "../../../tests/support/fakes/fuzz.ts";
import { DNS_TYPES } from "../../config/schema/checks/datagram.ts";
import {
  decodeAnswer,
  type DnsQuestion,
  encodeQuestion,
  MAX_RECORDS,
  withRandomCase,
} from "./message.ts";

const QUESTION: DnsQuestion = { id: 0x1234, name: "wWw.eXample.org", type: 1, recursion: true };

/** A name without compression. */
function nameBytes(name: string): number[] {
  return [...name.split(".").flatMap((label) => [label.length, ...bytesOf(label)]), 0];
}

function bytesOf(text: string): number[] {
  return [...text].map((letter) => letter.charCodeAt(0));
}

/** A pointer to the name of the question. */
const POINTER = [0xc0, 12];

function u16(value: number): number[] {
  return [value >> 8, value & 255];
}

interface Parts {
  readonly id?: number;
  readonly flags?: number;
  readonly question?: readonly number[];
  readonly questions?: number;
  readonly answers?: number;
  readonly records?: readonly (readonly number[])[];
}

function answer(parts: Parts = {}): Uint8Array {
  const { id = 0x1234, flags = 0x8180, records = [] } = parts;
  const { question = [...nameBytes(QUESTION.name), 0, 1, 0, 1], questions = 1 } = parts;
  const { answers = records.length } = parts;
  const counts = [questions, answers, 0, 0].flatMap(u16);
  return Uint8Array.of(...u16(id), ...u16(flags), ...counts, ...question, ...records.flat());
}

function record(
  type: keyof typeof DNS_TYPES,
  data: readonly number[],
  owner: readonly number[] = POINTER,
) {
  return [...owner, ...u16(DNS_TYPES[type]), 0, 1, 0, 0, 0, 60, ...u16(data.length), ...data];
}

Deno.test("encodeQuestion() is a question of RFC 1035", () => {
  assert.equal(
    encodeQuestion({ ...QUESTION, name: "ab.c", type: 28 }).toHex(),
    "1234" + "0100" + "0001000000000000" + "02" + "6162" + "01" + "63" + "00" + "001c" + "0001",
  );
  const root = encodeQuestion({ id: 1, name: "", type: 6, recursion: false });
  assert.equal(root.toHex(), "0001" + "0000" + "0001000000000000" + "00" + "0006" + "0001");
});

Deno.test("withRandomCase() changes letters alone", () => {
  assert.equal(withRandomCase("aB-1.c", Uint8Array.of(1, 0, 1, 1, 1, 3)), "Ab-1.C");
});

Deno.test("decodeAnswer() reads each type of record", () => {
  const target = [3, ...bytesOf("ns1"), ...POINTER];
  const records = [
    record("A", [192, 0, 2, 1]),
    record("AAAA", [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    record("CNAME", target),
    record("NS", nameBytes("a.b")),
    record("PTR", [0], nameBytes("other.test")),
    record("MX", [0, 10, ...target]),
    record("SRV", [0, 1, 0, 2, 0x1f, 0x90, ...target]),
    record("TXT", [2, ...bytesOf("v="), 1, 0x31]),
    record("SOA", [
      ...target,
      ...POINTER,
      0,
      0,
      0,
      9,
      0,
      0,
      0,
      8,
      0,
      0,
      0,
      7,
      0,
      0,
      0,
      6,
      255,
      255,
      255,
      255,
    ]),
    record("DS", [1, 255]),
  ];
  assert.deepEqual(decodeAnswer(answer({ records }), QUESTION), {
    kind: "answer",
    rcode: "NOERROR",
    truncated: false,
    records: [
      "A 192.0.2.1",
      "AAAA 2001:db8::1",
      "CNAME ns1.www.example.org.",
      "NS a.b.",
      "PTR .",
      "MX 10 ns1.www.example.org.",
      "SRV 1 2 8080 ns1.www.example.org.",
      "TXT v=1",
      "SOA ns1.www.example.org. www.example.org. 9 8 7 6 4294967295",
      "DS 01ff",
    ],
  });
});

Deno.test("decodeAnswer() escapes as a zone file does, so that a record has one line and its own labels", () => {
  const odd = [4, ...bytesOf("a.\\\n"), 2, 0x62, 0xff, 0];
  const records = [
    record("NS", odd),
    record("TXT", [14, ...bytesOf("x\nA 192.0.2.1\x7f")]),
  ];
  const reading = decodeAnswer(answer({ records }), QUESTION);
  assert.deepEqual(reading.kind === "answer" && reading.records, [
    "NS a\\.\\\\\\010.b\\255.",
    "TXT x\\010A 192.0.2.1\\127",
  ]);
});

Deno.test("decodeAnswer() ignores what is not the answer to this question", () => {
  const foreign: readonly Uint8Array[] = [
    new Uint8Array(0),
    answer().subarray(0, 11),
    answer({ id: 0x1235 }),
    answer({ flags: 0x0180 }),
    answer({ flags: 0x9180 }),
    answer({ question: [...nameBytes("www.example.net"), 0, 1, 0, 1] }),
    answer({ question: [11, ...bytesOf("wWw.eXample"), 3, ...bytesOf("org"), 0, 0, 1, 0, 1] }),
    answer({ question: [...nameBytes(QUESTION.name), 0, 28, 0, 1] }),
    answer({ question: [...nameBytes(QUESTION.name), 0, 1, 0, 3] }),
  ];
  for (const bytes of foreign) assert.equal(decodeAnswer(bytes, QUESTION).kind, "foreign");
});

Deno.test("decodeAnswer() reports codes, truncation, and a question in another case", () => {
  const read = (parts: Parts) => decodeAnswer(answer(parts), QUESTION);
  const empty = { kind: "answer", truncated: false, records: [] };
  assert.deepEqual(read({ flags: 0x8183 }), { ...empty, rcode: "NXDOMAIN" });
  assert.deepEqual(read({ flags: 0x818f }), { ...empty, rcode: "15" });
  const headerOnly = { questions: 0, question: [] };
  assert.deepEqual(read({ ...headerOnly, flags: 0x8181 }), { ...empty, rcode: "FORMERR" });
  assert.equal(read(headerOnly).kind, "broken");
  const cut = record("A", [192, 0, 2, 1]).slice(0, 9);
  assert.deepEqual(read({ flags: 0x8380, records: [cut] }), {
    ...empty,
    truncated: true,
    rcode: "NOERROR",
  });
  assert.deepEqual(read({ records: [cut] }), {
    kind: "broken",
    problem: "a record in it is malformed",
  });
  const lower = [...nameBytes(QUESTION.name.toLowerCase()), 0, 1, 0, 1];
  assert.deepEqual(read({ question: lower }), {
    kind: "broken",
    problem: "it repeats the name of the question in another case",
  });
});

Deno.test("decodeAnswer() refuses names that point forwards or to themselves, or are too long", () => {
  const at = answer().length;
  const long = Array.from({ length: 5 }, () => [60, ...new Array(60).fill(0x61)]).flat();
  for (
    const owner of [
      [0xc0, at],
      [0xc0, at + 2],
      [1, 0x61, 0xc0, at],
      [0xff, 0xff],
      [0x80, 12],
      [...long, 0],
    ]
  ) {
    const records = [record("A", [192, 0, 2, 1], owner)];
    assert.equal(decodeAnswer(answer({ records }), QUESTION).kind, "broken", `${owner}`);
  }
  for (
    const [type, data] of [["A", [1, 2, 3]], ["AAAA", [1]], ["TXT", [5, 1]], ["MX", [0]]] as const
  ) {
    const records = [record(type, data)];
    assert.equal(decodeAnswer(answer({ records }), QUESTION).kind, "broken", type);
  }
});

Deno.test("decodeAnswer() bounds the records, and reads any bytes to an end", () => {
  const many = Array.from({ length: 1000 }, () => record("A", [192, 0, 2, 1]));
  const bounded = decodeAnswer(answer({ records: many }), QUESTION);
  assert.equal(bounded.kind === "answer" && bounded.records.length, MAX_RECORDS);
  const { below, seed } = fuzz();
  const target = [1, 0x61, ...POINTER];
  const whole = answer({
    records: [record("A", [192, 0, 2, 1]), record("MX", [0, 1, ...target]), record("TXT", [1, 65])],
  });
  const kinds = new Set<string>();
  for (let round = 0; round < rounds(20_000); round++) {
    const bytes = mutateBytes(whole, below);
    const reading = decodeAnswer(bytes, QUESTION);
    kinds.add(reading.kind);
    if (reading.kind !== "answer") continue;
    const size = reading.records.join("").length;
    if (size >= 4000) assert.fail(`seed ${seed}, round ${round}: ${bytes.toHex()}`);
  }
  assert.deepEqual([...kinds].sort(), ["answer", "broken", "foreign"]);
});
