import assert from "node:assert/strict";
import { stamped } from "./build.ts";

const CHECKOUT = { version: "1.2.3", commit: "unknown", date: "unknown" };
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const DATE = "2026-11-28T17:12:00+01:00";

Deno.test("the version of a checkout has the commit and date that the launcher read", () => {
  assert.deepEqual(stamped(CHECKOUT, `${COMMIT} ${DATE}`), {
    version: "1.2.3",
    commit: COMMIT,
    date: DATE,
  });
  assert.equal(stamped(CHECKOUT, COMMIT).date, "unknown");
  assert.equal(stamped(CHECKOUT, `${COMMIT} ${DATE.replace("+01:00", "Z")}`).commit, COMMIT);
});

Deno.test("a stamp that is not from the launcher is not shown", () => {
  for (const stamp of ["", "HEAD", `${COMMIT} today`, `${COMMIT}\n${DATE}`, `${COMMIT}00`]) {
    assert.deepEqual(stamped(CHECKOUT, stamp), CHECKOUT, stamp);
  }
});

Deno.test("the stamp of a release overrides that of a checkout", () => {
  const release = { version: "1.2.3", commit: "f".repeat(40), date: DATE };
  assert.deepEqual(stamped(release, COMMIT), release);
});
