/**
 * The part of the machine's story in which BIRD follows maglev.announce by the unit and the file that
 * docs/policies.md shows. A stand-in for birdc copies what BIRD would read.
 */
import assert from "node:assert/strict";
import { blocksOf } from "../support/judges/documents.ts";
import type { Machine } from "./machine.ts";
import { ROOT } from "./support.ts";

const FILE = "/run/vpp-maglev/announce.conf";
const UNIT = "/etc/systemd/system/bird-maglev.service";
const TMPFILES = "/etc/tmpfiles.d/bird-maglev.conf";

/** The block of the document that begins with the name of its file. */
async function shown(path: string): Promise<string> {
  const blocks = blocksOf(await Deno.readTextFile(`${ROOT}/docs/policies.md`));
  const found = blocks.filter(({ text }) => text.startsWith(`# ${path}\n`));
  assert.equal(found.length, 1, path);
  return found[0]!.text;
}

/** Ends with nothing left. maglevd may run, without `maglev.announce`. */
export async function birdSteps(t: Deno.TestContext, machine: Machine): Promise<void> {
  await t.step("the shown file of tmpfiles.d announces nothing after a boot", async () => {
    await machine.write(TMPFILES, await shown(TMPFILES));
    await machine.sh("systemd-tmpfiles --create bird-maglev.conf");
    assert.equal(
      await machine.sh(`stat -c '%U %a' ${FILE}; cat ${FILE}`),
      "maglevd 644\ndefine MAGLEV_IPV4 = [];\ndefine MAGLEV_IPV6 = [];",
    );
  });

  await t.step("BIRD reads the last of many changes, also after birdc failed", async () => {
    await machine.write(UNIT, await shown(UNIT));
    await machine.write(
      "/usr/sbin/birdc",
      "#!/bin/sh\n[ -e /root/bird-runs ] || exit 1\n" +
        `cp ${FILE} /root/read\nsleep 0.3\necho Reconfigured\n`,
    );
    await machine.sh("chmod 755 /usr/sbin/birdc && systemctl daemon-reload");
    await machine.sh("systemctl start bird-maglev && sleep 1 && touch /root/bird-runs");
    // At any moment of a `birdc configure`.
    await machine.sh(
      `for i in $(seq 40); do echo "# $i" > ${FILE}.new; mv ${FILE}.new ${FILE}; sleep 0.05; done`,
    );
    await machine.until("cat /root/read", ({ stdout }) => stdout === "# 40\n");
    assert.equal(await machine.sh("systemctl is-active bird-maglev"), "active");
    await machine.sh(
      "systemctl stop bird-maglev && " +
        `rm ${UNIT} ${TMPFILES} ${FILE} /usr/sbin/birdc /root/bird-runs /root/read && ` +
        "systemctl daemon-reload",
    );
  });
}
