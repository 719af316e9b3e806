/** Reads Prometheus' text format, strictly, for tests. */
import assert from "node:assert/strict";

/** One line with a value. */
export interface Sample {
  /** Of the line, with `_bucket` and the like. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One family. */
export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The families of a page by name, in its order. Fails on invalid text. */
export function readMetrics(text: string): Map<string, ReadFamily> {
  assert.ok(text.endsWith("\n"), "the last line has its end");
  const families = new Map<string, ReadFamily & { samples: Sample[] }>();
  const seen = new Set<string>();
  let [name, help] = ["", ""];
  for (const line of text.slice(0, -1).split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind, of, rest] = comment as unknown as [string, string, string, string];
      if (kind === "HELP") [name, help] = [of, rest];
      else {
        assert.equal(of, name, "TYPE follows HELP");
        assert.ok(!families.has(name), `${name} comes twice`);
        families.set(name, { type: rest, help, samples: [] });
      }
      continue;
    }
    const sample = readSample(line);
    const suffix = families.get(name)?.type === "histogram" ? "(_bucket|_sum|_count)" : "";
    assert.match(sample.name, new RegExp(`^${name}${suffix}$`), "samples are of their family");
    const key = `${sample.name} ${JSON.stringify(sample.labels)}`;
    assert.ok(!seen.has(key), `${key} comes twice`);
    seen.add(key);
    families.get(name)!.samples.push(sample);
  }
  return families;
}

function readSample(line: string): Sample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0] ?? "";
  assert.ok(name !== "", `no sample: ${line}`);
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith("{")) {
    rest = rest.slice(1);
    while (!rest.startsWith("}")) {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(,?)/.exec(rest);
      assert.ok(label !== null, `no label: ${rest}`);
      const [all, key, value] = label as unknown as [string, string, string];
      labels[key] = value.replace(/\\(.)/g, (_, letter) => letter === "n" ? "\n" : letter);
      rest = rest.slice(all.length);
    }
    rest = rest.slice(1);
  }
  assert.match(rest, /^ (?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/, line);
  return { name, labels, value: Number(rest.trim().replace("Inf", "Infinity")) };
}

/** The value of the one series with these labels (others do not matter); undefined: none. */
export function valueOf(
  families: ReadonlyMap<string, ReadFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
  const fits = family?.samples.filter((sample) =>
    sample.name === name &&
    Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  ) ?? [];
  assert.ok(fits.length <= 1, `${name} ${JSON.stringify(labels)} is ${fits.length} series`);
  return fits[0]?.value;
}
