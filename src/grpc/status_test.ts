import assert from "node:assert/strict";
import { MaglevError } from "../base/errors.ts";
import { errorOf, MAX_MESSAGE_LENGTH, STATUS, STATUS_NAMES, statusOf } from "./status.ts";

Deno.test("errorOf() reverses statusOf() for every error", () => {
  const codes = [
    "invalid-argument",
    "not-found",
    "failed-precondition",
    "unavailable",
    "deadline-exceeded",
    "aborted",
    "resource-exhausted",
    "permission-denied",
    "unauthenticated",
    "unimplemented",
    "internal",
  ] as const;
  for (const code of codes) {
    const error = errorOf(statusOf(new MaglevError(code, "why")));
    assert.deepEqual([error.code, error.message], [code, "why"]);
  }
  assert.equal(errorOf({ code: STATUS.CANCELLED, details: "" }).code, "aborted");
  assert.equal(errorOf({ code: STATUS.DATA_LOSS, details: "" }).code, "internal");
  assert.equal(errorOf({ code: 99, details: "" }).code, "internal");
});

Deno.test("statusOf() shortens a message that is too long for a header, without half a character", () => {
  const fits = "x".repeat(MAX_MESSAGE_LENGTH);
  assert.equal(statusOf(new MaglevError("internal", fits)).details, fits);
  const { details } = statusOf(new MaglevError("internal", `x${"😀".repeat(600)}`));
  assert.ok(details.endsWith("… (1201 characters)"));
  assert.ok(details.isWellFormed() && details.length < MAX_MESSAGE_LENGTH + 30);
  // Otherwise writing the header would throw.
  encodeURI(statusOf(new MaglevError("internal", "\ud800")).details);
});

Deno.test("STATUS_NAMES has a name for each number", () => {
  const numbers = Object.values(STATUS);
  assert.deepEqual(numbers, [...STATUS_NAMES.keys()]);
  assert.equal(STATUS_NAMES[STATUS.CANCELLED], "Canceled");
  assert.equal(STATUS_NAMES[STATUS.UNAUTHENTICATED], "Unauthenticated");
});
