import assert from "node:assert/strict";
import { RETVAL, retvalName, vppError } from "./retval.ts";

Deno.test("retvalName and vppError name VPP's error numbers", () => {
  const cases: readonly (readonly [number, string, string | undefined])[] = [
    [0, "ok", undefined],
    [7, "ERROR_7", "Not an error number of VPP"],
    [RETVAL.noSuchEntry, "NO_SUCH_ENTRY", "No such entry"],
    [RETVAL.valueExist, "VALUE_EXIST", "Value already exists"],
    [RETVAL.invalidAddressFamily, "INVALID_ADDRESS_FAMILY", "Invalid address family"],
    [-123456, "ERROR_-123456", "Unknown error"],
  ];
  for (const [retval, name, meaning] of cases) {
    assert.equal(retvalName(retval), name);
    assert.equal(vppError(retval)?.meaning, meaning);
  }
});
