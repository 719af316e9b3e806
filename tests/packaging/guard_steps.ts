/**
 * The part of the machine's story in which an upgrade must not restart maglevd: the file on the disk
 * would make a start fail, or take all VIPs away.
 */
import assert from "node:assert/strict";
import type { Machine } from "./machine.ts";
import { changes, configText, copied, install, ready, status } from "./story.ts";
import type { Stage } from "./upgrade_steps.ts";

const CONFIG = "/etc/vpp-maglev/maglev.yaml";
const DROP_IN = "/etc/systemd/system/vpp-maglev.service.d/guard.conf";

/** Begins with the first build, and a file of the operator; ends with them in force. */
export async function guardSteps(t: Deno.TestContext, stage: Stage): Promise<void> {
  const { machine, simulator } = stage;
  const kept = await machine.sh(`cat ${CONFIG}`);
  const mend = async () => await machine.write(CONFIG, `${kept}\n`);

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ["an error", `${configText([2, 3, 5])}  bad: [\n`, /^ {2}\/etc\/vpp-maglev\/maglev.yaml:\d+/m],
    ["no frontends", NO_FRONTENDS, /: valid: 0 frontends/],
  ];
  for (const [name, text, reason] of bad) {
    await t.step(`an upgrade over a file with ${name} leaves maglevd running`, async () => {
      const done = changes(simulator);
      const pid = await status(machine, "MainPID");
      await machine.write(CONFIG, text);
      const { code, printed } = await upgrade(machine, "--force-confold");
      assert.equal(code, 0, printed);
      assert.match(printed, reason);
      assert.match(printed, /do not stop maglevd before; then: systemctl restart vpp-maglev$/m);
      assert.equal(await status(machine, "MainPID"), pid);
      assert.equal(await status(machine, "StatusText"), "ready");
      assert.equal((await machine.run("systemctl cat vpp-maglev-check")).code, 1);
      await mend();
      await machine.sh("systemctl restart vpp-maglev");
      await ready(machine);
      assert.equal(changes(simulator), done, "no request changed VPP");
    });
  }

  await t.step(
    "the check before the restart has the unit's drop-ins, and runs nothing else of them",
    async () => {
      const pid = await status(machine, "MainPID");
      await machine.sh(
        `mkdir -p /etc/systemd/system/vpp-maglev.service.d && mkdir -p /etc/elsewhere && ` +
          `printf '[Unit]\\nWants=none.service\\n[Service]\\nExecStartPre=/bin/sh -c \\\\\\n  "exit 0"\\n` +
          `ExecStopPost=+/bin/touch /root/stopped\\nExecStart=\\n` +
          `ExecStart=/usr/sbin/maglevd $MAGLEV_ARGS --config /etc/elsewhere/maglev.yaml\\n' > ${DROP_IN}`,
      );
      await machine.write("/etc/elsewhere/maglev.yaml", NO_FRONTENDS);
      const { code, printed } = await upgrade(machine, "--force-confold");
      assert.equal(code, 0, printed);
      assert.match(printed, /^ {2}\/etc\/elsewhere\/maglev.yaml: valid: 0 frontends/m);
      assert.equal(await status(machine, "MainPID"), pid);
      assert.equal((await machine.run("test -e /root/stopped")).code, 1);
      await machine.sh(`rm -r ${DROP_IN} /etc/elsewhere; systemctl daemon-reload`);
      await machine.sh("rmdir /etc/systemd/system/vpp-maglev.service.d");
    },
  );

  await t.step(
    "without a terminal dpkg's question stops the upgrade, and maglevd runs on",
    async () => {
      const done = changes(simulator);
      const pid = await status(machine, "MainPID");
      const { code, printed } = await upgrade(machine, "");
      assert.notEqual(code, 0);
      assert.match(printed, /conffile|Configuration file/i);
      assert.equal(await status(machine, "MainPID"), pid);
      assert.equal(await machine.sh(`cat ${CONFIG}`), kept);
      // As apt advises, with the answer of docs/running.md.
      await machine.sh("dpkg --configure -a --force-confold");
      await ready(machine);
      assert.notEqual(await status(machine, "MainPID"), pid);
      assert.equal(await machine.sh("dpkg --audit"), "");
      assert.equal(changes(simulator), done, "no request changed VPP");
      await install(machine, await copied(machine, "first"));
      await ready(machine);
    },
  );

  await t.step(
    "dpkg's Y to the package's file takes no VIP away, at the upgrade and later",
    async () => {
      const done = changes(simulator);
      const pid = await status(machine, "MainPID");
      const { code, printed } = await upgrade(machine, "--force-confnew");
      assert.equal(code, 0, printed);
      assert.match(printed, /the key `ipv4-src-address` is missing/);
      assert.equal(await status(machine, "MainPID"), pid);
      // Of a certificate's renewal, for example.
      assert.notEqual((await machine.run("systemctl reload vpp-maglev")).code, 0);
      assert.equal(await status(machine, "MainPID"), pid);
      // A crash, or the machine's next boot.
      assert.notEqual((await machine.run("systemctl restart vpp-maglev")).code, 0);
      assert.equal(await status(machine, "ExecMainStatus"), "2");
      const command = /: (mv .*)$/m.exec(printed)![1]!;
      await machine.sh(command);
      await ready(machine);
      assert.notEqual(await status(machine, "MainPID"), pid);
      assert.equal(await machine.sh(`cat ${CONFIG}`), kept);
      assert.equal(changes(simulator), done, "no request changed VPP");
    },
  );
}

const NO_FRONTENDS = configText([]).replace(/ {2}backends:[^]*/, "");

let upgrades = 0;

/**
 * Installs the second build, with a file that no build before had: dpkg asks. `answer`: an option of
 * dpkg; empty: it has no terminal to ask on.
 */
async function upgrade(machine: Machine, answer: string) {
  const second = await copied(machine, "second");
  await machine.sh(
    `dpkg-deb -R ${second["vpp-maglevd"]} /tmp/changed && ` +
      `echo '# of later version ${++upgrades}' >> /tmp/changed${CONFIG} && ` +
      "dpkg-deb -Znone --build /tmp/changed /tmp/changed.deb",
  );
  const option = answer === "" ? "" : `-o Dpkg::Options::=${answer}`;
  // apt gives dpkg a terminal, so all that is printed is on the standard output.
  const { code, stdout, stderr } = await machine.run(
    `DEBIAN_FRONTEND=noninteractive apt-get install -y --allow-downgrades --reinstall ${option} ` +
      `${second["vpp-maglev-runtime"]} ${second["vpp-maglev"]} /tmp/changed.deb`,
  );
  await machine.sh("rm -r /tmp/changed /tmp/changed.deb");
  return { code, printed: stdout + stderr };
}
