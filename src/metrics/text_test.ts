import assert from "node:assert/strict";
import fc from "fast-check";
import { readMetrics } from "../../tests/support/judges/prometheus_text.ts";
import { familyHead, formatValue, SeriesWriter } from "./text.ts";

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

Deno.test("SeriesWriter: any labels survive a round trip", () => {
  const writer = new SeriesWriter("maglev_backend_state");
  const parts = new SeriesWriter("maglev_backend_state");
  const name = fc.oneof(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.string({ unit: fc.constantFrom("\\", '"', "\n", "n", "{", "}", ",", "=", " ") }),
  );
  fc.assert(fc.property(name, name, fc.double({ noNaN: true }), (a, b, value) => {
    const line = writer.line([a, b, "check", "up"], value);
    const families = readMetrics(familyHead("maglev_backend_state") + line);
    assert.deepEqual(families.get("maglev_backend_state")!.samples, [{
      name: "maglev_backend_state",
      labels: { backend: a, address: b, healthcheck: "check", state: "up" },
      value: value === 0 ? 0 : value,
    }]);
    const start = parts.open([a, b, "check"]);
    assert.equal(`${start}up"} ${formatValue(value)}\n`, line, "in two parts");
  }));
});

Deno.test("SeriesWriter refuses label values that do not match the table", () => {
  const writer = new SeriesWriter("maglev_backend_health");
  assert.throws(() => writer.line([], 1), /labels without values/);
  assert.throws(() => writer.line(["a", "b"], 1), /labels without values/);
  assert.equal(new SeriesWriter("maglev_vpp_connected").line([], 1), "maglev_vpp_connected 1\n");
});
