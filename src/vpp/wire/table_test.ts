import assert from "node:assert/strict";
import { lbAsSetWeight, lbConf, lbConfGet } from "./messages.ts";
import { MessageTable } from "./table.ts";

const TABLE = new MessageTable(
  new Map([[lbConf.key, 89], ["lb_as_set_weight_00000000", 101], ["odd", 3]]),
);

Deno.test("MessageTable.idOf finds a message by name and CRC", () => {
  assert.equal(TABLE.idOf(lbConf), 89);
  assert.equal(TABLE.idOf(lbAsSetWeight), undefined);
});

Deno.test("MessageTable.nameOf removes the CRC, and keeps a name without CRC", () => {
  assert.equal(TABLE.nameOf(101), "lb_as_set_weight");
  assert.equal(TABLE.nameOf(3), "odd");
  assert.equal(TABLE.nameOf(4), undefined);
});

Deno.test("MessageTable.missing names missing messages and VPP's own variants", () => {
  assert.deepEqual(TABLE.missing([lbConfGet, lbConf, lbAsSetWeight]), [
    "lb_as_set_weight_2d89bdbd (has lb_as_set_weight_00000000)",
    "lb_conf_get_51077d14",
  ]);
  assert.deepEqual(TABLE.missing([lbConf]), []);
});
