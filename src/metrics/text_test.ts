import assert from "node:assert/strict";
import fc from "fast-check";
import { readMetrics } from "../../tests/support/judges/prometheus_text.ts";
import { familyHead, formatValue, Page, SeriesWriter } from "./text.ts";

/** The text that `write` adds to a page. */
function written(write: (page: Page) => void): string {
  const page = new Page();
  write(page);
  return new TextDecoder().decode(page.take());
}

const NAMES = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.string({ unit: fc.constantFrom("\\", '"', "\n", "n", "{", "}", ",", "=", " ") }),
);

Deno.test("formatValue() writes numbers as the format has them", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [-1.5, "-1.5"],
    [1e21, "1e+21"],
    [1e-7, "1e-7"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
    [NaN, "NaN"],
  ];
  for (const [value, text] of cases) assert.equal(formatValue(value), text);
});

const NUMBERS = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.nat(20).map((power) => 10 ** power - 1),
  fc.nat(20).map((power) => 10 ** power),
  fc.constantFrom(0, -0, 2 ** 31 - 1, 2 ** 31, 2 ** 32, -Number.MIN_VALUE, -Number.MAX_VALUE),
);
const NOTHING = new Uint8Array();
const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("Page writes any number as formatValue() does", () => {
  fc.assert(fc.property(NUMBERS, (value) => {
    const line = `${formatValue(value)}\n`;
    assert.equal(written((page) => page.addValue(NOTHING, value)), line);
  }));
});

Deno.test("Page makes a line for each value of what was added last", () => {
  const ends = fc.array(fc.tuple(fc.string(), NUMBERS), { maxLength: 20 });
  fc.assert(fc.property(fc.string(), fc.string({ maxLength: 20_000 }), ends, (old, start, all) => {
    const text = written((page) => {
      page.addText(old);
      const from = page.length;
      page.addText(start);
      page.addLines(from, all.map(([end]) => bytesOf(end)), all.map(([, value]) => value));
    });
    const lines = all.map(([end, value]) => `${start}${end}${formatValue(value)}\n`);
    assert.equal(text, `${old}${lines.join("")}`);
  }));
});

Deno.test("Page holds everything that is added until it is taken, however much it is", () => {
  const part = fc.oneof(fc.string({ maxLength: 100_000 }), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(fc.array(fc.array(part)), (takes) => {
      const page = new Page();
      for (const parts of takes) {
        let expected = "";
        for (const text of parts) {
          page.addText(text);
          page.addBytes(bytesOf(text));
          page.addValue(bytesOf(text), 7);
          expected += `${text}${text}${text}7\n`;
        }
        assert.equal(page.length, bytesOf(expected).length);
        assert.deepEqual(page.take(), bytesOf(expected));
        assert.equal(page.length, 0);
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("SeriesWriter: any labels survive a round trip", () => {
  const writer = new SeriesWriter("maglev_backend_state");
  fc.assert(fc.property(NAMES, NAMES, fc.double({ noNaN: true }), (a, b, value) => {
    const line = written((page) => writer.line(page, value, a, b, "check", "up"));
    const families = readMetrics(familyHead("maglev_backend_state") + line);
    assert.deepEqual(families.get("maglev_backend_state")!.samples, [{
      name: "maglev_backend_state",
      labels: { backend: a, address: b, healthcheck: "check", state: "up" },
      value: value === 0 ? 0 : value,
    }]);
    const ends = [bytesOf('up"} ')];
    assert.equal(written((page) => writer.lines(page, ends, [value], a, b, "check")), line);
  }));
});

Deno.test("SeriesWriter refuses label values that do not match the table", () => {
  const page = new Page();
  const writer = new SeriesWriter("maglev_backend_health");
  const bare = new SeriesWriter("maglev_vpp_connected");
  assert.throws(() => writer.line(page, 1), /values do not match labels/);
  assert.throws(() => writer.line(page, 1, "a", "b"), /values do not match labels/);
  assert.throws(() => writer.lines(page, [], [], "a"), /values do not match labels/);
  assert.throws(() => bare.line(page, 1, "a"), /values do not match labels/);
  assert.equal(written((empty) => bare.line(empty, 1)), "maglev_vpp_connected 1\n");
});
