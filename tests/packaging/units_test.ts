/** The units as systemd judges them without running them. */
import assert from "node:assert/strict";
import { packagingTest, ROOT, run, withPlace } from "./support.ts";

/** The highest exposure that is accepted, of `systemd-analyze security`: 0 to 10. */
const UNITS = [
  { name: "vpp-maglev.service", exposure: 2.0 },
  { name: "vpp-maglev-frontend.service", exposure: 1.3 },
];

packagingTest(
  "the units are well-formed and hardened",
  ["systemd-analyze"],
  () =>
    withPlace(async (place) => {
      for (const { name, exposure } of UNITS) {
        const text = await Deno.readTextFile(`${ROOT}/debian/units/${name}`);
        // The programs are not installed here; all else is judged.
        const there = text.replaceAll(/=\/usr\/sbin\/maglevd\S*/g, "=/bin/true");
        await Deno.writeTextFile(`${place}/${name}`, there);
        const verified = await run(["systemd-analyze", "verify", "--man=no", `${place}/${name}`]);
        assert.deepEqual([verified.code, verified.stderr], [0, ""], name);
        const judged = await run([
          ...["systemd-analyze", "security", "--no-pager", "--offline=true"],
          ...[`--threshold=${Math.round(exposure * 10)}`, `${place}/${name}`],
        ]);
        assert.equal(judged.code, 0, judged.stdout);
      }
    }),
);

Deno.test("a stop of the service removes no shared memory: VPP's may have its group", async () => {
  const unit = await Deno.readTextFile(`${ROOT}/debian/units/vpp-maglev.service`);
  assert.doesNotMatch(unit, /^(?:RemoveIPC|DynamicUser)=yes$/m);
});

Deno.test("the documented file of maglev.announce is in a folder that a stop of the service keeps", async () => {
  const page = await Deno.readTextFile(`${ROOT}/docs/policies.md`);
  const unit = await Deno.readTextFile(`${ROOT}/debian/units/vpp-maglev.service`);
  const [, folder] = /^ {4}file: \/run\/([^/\n]+)\/[^/\n]+$/m.exec(page) ?? [];
  const lines = unit.split("\n");
  assert.ok(folder !== undefined && lines.includes(`RuntimeDirectory=${folder}`));
  assert.ok(lines.includes("RuntimeDirectoryPreserve=yes"));
});
