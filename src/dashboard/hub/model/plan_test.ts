import assert from "node:assert/strict";
import fc from "fast-check";
import { readCommandLine } from "../../../cli/flags.ts";
import { parse } from "../../../cli/language/parse.ts";
import { Plan, ServerChange, TableShift, VipChange } from "../../../grpc/gen/maglev.ts";
import { create } from "../../../grpc/messages/codec.ts";
import { maglevcLine, planAnswer, type PlannedAction, shellWord } from "./plan.ts";

/** The words that a real shell makes of a line. */
async function wordsOf(lines: readonly string[]): Promise<string[][]> {
  const script = lines.map((line) => `printf '%s\\0' ${line}; printf '\\0'`).join("\n");
  const { stdout, success } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  assert.ok(success);
  return new TextDecoder().decode(stdout).split("\0\0").slice(0, -1).map((part) =>
    part.split("\0")
  );
}

Deno.test("shellWord() gives a shell back what it was given", async () => {
  const words = [
    ...["plain", "a b", "it's", "''", '"', "$HOME", "`id`", "\\", "*", "~", "#", "a\nb", "-x", "é"],
    ...fc.sample(
      fc.string({ unit: fc.constantFrom(..."ab'\"\\$`* ;|&<>(){}[]?!#~=%\n\t"), minLength: 1 }),
      { numRuns: 200, seed: 1 },
    ),
  ];
  const read = await wordsOf(words.map(shellWord));
  assert.deepEqual(read, words.map((word) => [word]));
});

Deno.test("maglevcLine() is read by maglevc as the action that was planned", async () => {
  const untilMs = Date.parse("2027-01-31T18:00:00.000Z");
  const weight = { kind: "weight", frontend: "web", pool: "main", backend: "b 0" } as const;
  const cases: [action: PlannedAction, command: string, args: Record<string, string>][] = [
    [{ kind: "pause", backend: "b0" }, "set backend pause", { backend: "b0" }],
    [
      { kind: "disable", backend: "-x", reason: "it's $broken", forMs: 5_400_000 },
      "set backend disable",
      { backend: "-x", reason: "it's $broken", for: "1h30m" },
    ],
    [
      { kind: "enable", backend: "b0", reason: "-" },
      "set backend enable",
      { backend: "b0", reason: "-" },
    ],
    [
      { ...weight, backend: "b0", weight: 7, untilMs },
      "set weight",
      {
        frontend: "web",
        pool: "main",
        backend: "b0",
        weight: "7",
        until: "2027-01-31T18:00:00.000Z",
      },
    ],
    [
      { kind: "drain", backend: "b0", forMs: 60_000, then: "pause", force: true, reason: "disk" },
      "set backend drain",
      { backend: "b0", for: "1m", then: "pause", force: "", reason: "disk" },
    ],
    [{ kind: "drain", backend: "b0" }, "set backend drain", { backend: "b0" }],
    [
      { ...weight, backend: "b0", weight: "file" },
      "set weight file",
      { frontend: "web", pool: "main", backend: "b0" },
    ],
  ];
  const lines = cases.map(([action]) => maglevcLine("unix:/run/a b.sock", action));
  for (const [at, [program, ...args]] of (await wordsOf(lines)).entries()) {
    assert.equal(program, "maglevc");
    const read = readCommandLine(args, () => undefined);
    assert.ok(read.kind === "ok", lines[at]!);
    assert.equal(read.settings.server, "unix:/run/a b.sock");
    const parsed = parse(read.words);
    assert.ok(parsed.kind === "command", JSON.stringify(parsed));
    const [, command, expected] = cases[at]!;
    assert.equal(parsed.invocation.command, command);
    assert.deepEqual(parsed.invocation.args, expected);
  }
  assert.equal(
    maglevcLine("lb1:9090", { kind: "disable", backend: "b0", forMs: 3_600_000 }),
    "maglevc --server lb1:9090 set backend b0 disable for 1h",
  );
});

Deno.test("planAnswer() has what moves right after the change, and the flows of what is flushed", () => {
  const share = (weight: number, buckets: number) => ({ weight, buckets });
  const plan = create(Plan, {
    states: [{ backend: "b0", from: "up", to: "disabled" }],
    vips: [create(VipChange, {
      frontend: "web",
      prefix: "192.0.2.1/32",
      protocol: "tcp",
      port: 80,
      change: "changed",
      servers: [
        create(ServerChange, {
          address: "10.0.0.0",
          change: "reweighted",
          flush: true,
          now: share(100, 512),
          atOnce: share(0, 0),
          settled: share(0, 0),
          backends: ["b0"],
        }),
        create(ServerChange, { address: "10.0.0.1", change: "kept", now: share(50, 256) }),
      ],
      atOnce: create(TableShift, { buckets: 1024, moved: 512, lost: 3, shareMoved: 0.5 }),
    })],
    vipsUnchanged: 4,
    warning: "w",
  });
  const answer = planAnswer(plan, { command: "c", flowsOf: () => 41 });
  assert.deepEqual(answer, {
    ok: true,
    warning: "w",
    states: [{ backend: "b0", from: "up", to: "disabled" }],
    vips: [{
      frontend: "web",
      change: "changed",
      buckets: 1024,
      share_moved: 0.5,
      moved: 512,
      lost: 3,
      servers: [
        {
          address: "10.0.0.0",
          backends: ["b0"],
          change: "reweighted",
          flush: true,
          weight_now: 100,
          weight_then: 0,
          buckets_now: 512,
          buckets_then: 0,
          flows: 41,
        },
        {
          address: "10.0.0.1",
          backends: [],
          change: "kept",
          flush: false,
          weight_now: 50,
          buckets_now: 256,
        },
      ],
    }],
    vips_unchanged: 4,
    command: "c",
  });
});
