/** Intents for tests: in few words, and at random. */
import fc from "fast-check";
import { LATEST_MS } from "../../../src/base/instant.ts";
import { wall } from "./instants.ts";
import { type DrainIntent, type Intent, intentKey } from "../../../src/intent/intent.ts";
import type { Durability, IntentStore } from "../../../src/intent/ports.ts";

/** The fields of every intent. */
const ASKED = {
  by: { peer: "127.0.0.1:1", identity: "ann" },
  reason: "",
  sinceMs: wall(1_700_000_000_000),
  untilMs: undefined,
};

export function backendIntent(
  kind: "pause" | "disable",
  backend: string,
  rest: Partial<Pick<Intent, "reason" | "sinceMs" | "untilMs">> = {},
): Intent {
  return { kind, backend, ...ASKED, ...rest };
}

/** A drain of a backend, which is disabled at its end. */
export function drainIntent(
  backend: string,
  rest: Partial<Omit<DrainIntent, "kind" | "backend">> & Pick<DrainIntent, "untilMs">,
): DrainIntent {
  return { kind: "drain", backend, then: "disable", ...ASKED, ...rest };
}

/** `place` is `frontend/pool/backend`, `weights` is `weight/instead`. */
export function weightIntent(
  place: string,
  weights: string,
  rest: Partial<Pick<Intent, "sinceMs" | "untilMs">> = {},
): Intent {
  const [frontend, pool, backend] = place.split("/") as [string, string, string];
  const [weight, instead] = weights.split("/").map(Number) as [number, number];
  return { kind: "weight", frontend, pool, backend, weight, instead, ...ASKED, ...rest };
}

/** `disable a`, `web/pool0/a 3`. */
export function textOfIntent(intent: Intent): string {
  return intent.kind === "weight"
    ? `${intent.frontend}/${intent.pool}/${intent.backend} ${intent.weight}`
    : intent.kind === "lameduck"
    ? "lameduck"
    : `${intent.kind} ${intent.backend}`;
}

const name = fc.oneof(
  fc.constantFrom("a", "b", "nginx0", "0", "__proto__", "ä€😀", '"', "\\"),
  fc.stringMatching(/^[!-~]{1,20}$/),
);
const line = fc.stringMatching(/^[ -~äöü€😀]{0,40}$/u);
const time = fc.integer({ min: 0, max: LATEST_MS }).map(wall);
const beginning = fc.option(fc.record({ fromMs: time, scheduled: fc.boolean() }), {
  nil: undefined,
});
const asked = fc.record({
  by: fc.record({ peer: line, identity: line }, { noNullPrototype: true }),
  reason: line,
  sinceMs: time,
  untilMs: fc.option(time, { nil: undefined }),
  beginning,
}).map(({ beginning, ...rest }) => ({
  ...rest,
  ...(beginning === undefined
    ? {}
    : { fromMs: beginning.fromMs, ...(beginning.scheduled ? { scheduled: true as const } : {}) }),
}));

/** Any intent that can be. */
export const anyIntent: fc.Arbitrary<Intent> = fc.oneof(
  asked.map(({ by, reason, sinceMs, untilMs }) => ({
    kind: "lameduck" as const,
    by,
    reason,
    sinceMs,
    untilMs,
  })),
  fc.tuple(fc.constantFrom("pause" as const, "disable" as const), name, asked)
    .map(([kind, backend, rest]) => ({ kind, backend, ...rest })),
  fc.tuple(fc.constantFrom("pause" as const, "disable" as const), name, asked, time)
    .map(([then, backend, rest, untilMs]) => ({
      kind: "drain" as const,
      backend,
      then,
      ...rest,
      untilMs,
    })),
  fc.tuple(
    fc.record({ frontend: name, pool: name, backend: name }),
    fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 2 }),
    asked,
  ).map(([place, [weight, instead], rest]) => ({
    kind: "weight" as const,
    ...place,
    weight: weight!,
    instead: instead!,
    ...rest,
  })),
);

/** Intents that can be in force together. */
export const anyIntents: fc.Arbitrary<readonly Intent[]> = fc.uniqueArray(anyIntent, {
  maxLength: 12,
  selector: intentKey,
});

/** A store that keeps what it is given. */
export class MemoryStore implements IntentStore {
  intents: readonly Intent[] = [];
  saves = 0;
  answer: Durability = { kind: "stored" };

  save(intents: () => readonly Intent[]): Promise<Durability> {
    this.intents = intents();
    this.saves++;
    return Promise.resolve(this.answer);
  }
}
