/**
 * The packages on a machine that has nothing: Debian's smallest system with a real systemd, without
 * Node, npm or a network. Goal: install, run, reload, upgrade and downgrade leave state,
 * configuration and VPP as they are; purge leaves nothing. Method: a container, and a simulated VPP
 * that counts what it is asked to change.
 */
import assert from "node:assert/strict";
import { type Simulator, startSimulator } from "../../src/sim/api_server.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { certificates } from "../support/servers/certificates.ts";
import { accessSteps } from "./access_steps.ts";
import { birdSteps } from "./bird_steps.ts";
import { Machine, MACHINE_NEEDS } from "./machine.ts";
import {
  changes,
  configText,
  copied,
  DROP_INS,
  ENVIRONMENT,
  install,
  ready,
  status,
  suggested,
} from "./story.ts";
import { upgradeSteps } from "./upgrade_steps.ts";
import { packagingTest, ROOT, versionOf, withPlace } from "./support.ts";

packagingTest(
  "packages on a machine that has nothing",
  MACHINE_NEEDS,
  (t) =>
    withPlace(async (place) => {
      const shared = `${place}/shared`;
      await Deno.mkdir(shared);
      await using machine = await Machine.boot(place, shared);
      const simulator = await startSimulator({
        path: `${shared}/api.sock`,
        clock: new SystemClock(),
      });
      await Deno.chmod(shared, 0o755);
      await Deno.chmod(`${shared}/api.sock`, 0o666);
      try {
        await story(t, machine, simulator);
      } finally {
        await simulator.stop();
      }
    }),
);

async function story(t: Deno.TestContext, machine: Machine, simulator: Simulator): Promise<void> {
  const first = await copied(machine, "first");
  const before = await machine.files();

  await t.step("a first installation enables maglevd and starts nothing", async () => {
    assert.equal((await machine.run("command -v node npm deno")).stdout, "");
    await install(machine, first);
    assert.equal((await machine.run("systemctl is-enabled vpp-maglev")).stdout, "enabled\n");
    const frontend = await machine.run("systemctl is-enabled vpp-maglev-frontend");
    assert.equal(frontend.stdout, "disabled\n");
    assert.equal((await machine.run("systemctl is-active vpp-maglev")).stdout, "inactive\n");
    assert.match(await machine.sh("id maglevd"), /gid=\d+\(maglevd\)/);
    assert.equal(await machine.sh("stat -c '%a %U' /etc/default/vpp-maglev"), "640 root");
    for (const name of ["maglevd", "maglevd-frontend", "maglevc", "maglevt"]) {
      const version = await machine.sh(`${name} --version`);
      assert.ok(version.startsWith(`${name} ${versionOf("first")} (commit `), version);
    }
    // As `su` and `sudo -u` start it: its user may not enter the working folder.
    const elsewhere = await machine.sh(
      "cd /root && setpriv --reuid nobody --regid nogroup --clear-groups maglevc --version",
    );
    assert.ok(elsewhere.startsWith("maglevc "), elsewhere);
  });

  await t.step("VPP that is installed later gives maglevd its group", async () => {
    await machine.sh(
      "mkdir -p /tmp/vpp/DEBIAN /tmp/vpp/usr/bin && touch /tmp/vpp/usr/bin/vpp && " +
        "printf 'Package: vpp\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@b.example>\\n" +
        "Description: none\\n' > /tmp/vpp/DEBIAN/control && " +
        "printf '#!/bin/sh\\ngroupadd --system vpp\\n' > /tmp/vpp/DEBIAN/postinst && " +
        "chmod 755 /tmp/vpp/DEBIAN/postinst && dpkg-deb --build /tmp/vpp /tmp/vpp.deb && " +
        "dpkg -i /tmp/vpp.deb",
    );
    assert.match(await machine.sh("id -nG maglevd"), /\bvpp\b/);
    await machine.sh(
      "dpkg --purge vpp && gpasswd -d maglevd vpp && groupdel vpp && rm -r /tmp/vpp*",
    );
  });

  await t.step("a start with an inconsistent file fails, and is not tried again", async () => {
    const config = configText([2]).replace("backends: { server2: {} }", "backends: { other: {} }");
    await machine.write("/etc/vpp-maglev/maglev.yaml", config);
    assert.notEqual((await machine.run("systemctl start vpp-maglev")).code, 0);
    assert.equal(await status(machine, "ExecMainStatus"), "2");
    assert.equal(await status(machine, "ActiveState"), "failed");
    const log = await machine.sh("journalctl --no-pager -o cat -u vpp-maglev");
    assert.match(log, /"config-error".*other/);
  });

  await t.step("a file that cannot be parsed is tried again, so mending it is enough", async () => {
    await machine.write("/etc/vpp-maglev/maglev.yaml", configText([2]) + "  bad: [\n");
    await machine.write("/etc/default/vpp-maglev", ENVIRONMENT.replace("api.sock", "none.sock"));
    assert.notEqual((await machine.run("systemctl start vpp-maglev")).code, 0);
    assert.equal(await status(machine, "ExecMainStatus"), "1");
    assert.equal(await status(machine, "SubState"), "auto-restart");
    await machine.write("/etc/vpp-maglev/maglev.yaml", configText([2]));
    await machine.until(
      "systemctl is-active vpp-maglev",
      ({ stdout }) => stdout === "active\n",
      10_000,
    );
    await machine.sh("systemctl stop vpp-maglev");
  });

  await t.step("the unit starts while VPP is away, then programs it", async () => {
    await machine.write("/etc/vpp-maglev/maglev.yaml", configText([2, 3]));
    await machine.write("/etc/default/vpp-maglev", ENVIRONMENT.replace("api.sock", "none.sock"));
    // The folder of namespaces is then a mount that units share; a real machine shares all of /run.
    await machine.sh("ip netns add earlier");
    await machine.sh("systemctl start vpp-maglev");
    assert.match(await status(machine, "StatusText"), /^not ready: VPP is not connected/);
    await machine.write("/etc/default/vpp-maglev", ENVIRONMENT);
    await machine.sh("systemctl restart vpp-maglev");
    await ready(machine);
    assert.equal(simulator.requests.get("lb_add_del_vip_v2") ?? 0, 1);
    const capabilities = await machine.sh(
      `grep CapEff /proc/${await status(machine, "MainPID")}/status`,
    );
    assert.match(capabilities, /0000000000202000$/, "CAP_NET_RAW and CAP_SYS_ADMIN alone");
  });

  await t.step("reportbug's script prints the version and the state", async () => {
    const report = await machine.sh("sh /usr/share/bug/vpp-maglevd/script 3>&1");
    assert.ok(report.includes(`maglevd ${versionOf("first")} (commit `), report);
    assert.match(report, /^ready +yes$/m);
  });

  await t.step("its permissions are those that the launcher prints", async () => {
    const pid = await status(machine, "MainPID");
    const running = await machine.sh(`tr '\\0' '\\n' < /proc/${pid}/cmdline`);
    const printed = await machine.sh(
      "set -a; . /etc/default/vpp-maglev; MAGLEV_STATE_DIR=/var/lib/vpp-maglev; " +
        "maglevd --print-permissions",
    );
    assert.equal(running, printed);
  });

  await t.step(
    "a reload with a bad file fails and changes nothing; a good one is done",
    async () => {
      const pid = await status(machine, "MainPID");
      const done = changes(simulator);
      await machine.write("/etc/vpp-maglev/maglev.yaml", configText([2, 3]) + "  bad: [\n");
      assert.notEqual((await machine.run("systemctl reload vpp-maglev")).code, 0);
      assert.equal(await status(machine, "ActiveState"), "active");
      assert.equal(changes(simulator), done);
      await machine.write("/etc/vpp-maglev/maglev.yaml", configText([2, 3, 4]));
      await machine.sh("systemctl reload vpp-maglev");
      await machine.until("maglevc show backends", ({ stdout }) => /server4 .*\bup\b/.test(stdout));
      assert.equal(await status(machine, "MainPID"), pid);
      assert.ok(changes(simulator) > done);
    },
  );

  await t.step(
    "the dashboard gets its secrets from systemd as its unit suggests, and has no capability",
    async () => {
      const { cert, key } = (await certificates()).of("good");
      const secrets = { password: "secret", token: "sesame", "key.pem": key };
      for (const [name, text] of Object.entries(secrets)) {
        const path = `/etc/vpp-maglev/frontend-${name}`;
        await machine.write(path, `${text}\n`);
        await machine.sh(`chmod 0600 ${path}`);
      }
      await machine.write("/etc/vpp-maglev/frontend-cert.pem", cert);
      await machine.sh(`mkdir -p ${DROP_INS}`);
      await machine.write(
        `${DROP_INS}/secrets.conf`,
        `${await suggested("vpp-maglev-frontend")}\n` +
          "Environment=MAGLEV_FRONTEND_LISTEN_TLS_CERT=/etc/vpp-maglev/frontend-cert.pem\n",
      );
      await machine.sh("systemctl daemon-reload; systemctl start vpp-maglev-frontend");
      // The file has the older name of its address.
      const get = (path: string, headers = {}) =>
        "DENO_DIR=/tmp/deno /usr/lib/vpp-maglev/deno eval --unsafely-ignore-certificate-errors " +
        `'const { status } = await fetch("https://127.0.0.1:8082${path}", ` +
        `{ headers: ${JSON.stringify(headers)} }); console.log(status);'`;
      await machine.until(get("/view/"), ({ stdout }) => stdout.trim() === "200");
      assert.equal(await machine.sh(get("/admin/")), "401");
      const login = { Authorization: `Basic ${btoa("admin:secret")}` };
      assert.equal(await machine.sh(get("/admin/", login)), "200");
      const pid = await status(machine, "MainPID", "vpp-maglev-frontend");
      assert.match(await machine.sh(`grep CapEff /proc/${pid}/status`), /0000000000000000$/);
    },
  );

  await t.step("a folder elsewhere is written as the environment's file describes", async () => {
    const text = await Deno.readTextFile(`${ROOT}/debian/etc/default`);
    const variable = /^#(MAGLEV_WRITE_PATHS=(.*))$/m.exec(text)!;
    const setting = /^# +(ReadWritePaths=.*)$/m.exec(text)!;
    const folder = variable[2]!;
    await machine.sh(
      `install -d -o maglevd ${folder}; echo '${variable[1]}' >> /etc/default/vpp-maglev; ` +
        "mkdir /etc/systemd/system/vpp-maglev.service.d; " +
        `printf '[Service]\n${setting[1]}\n' > ` +
        "/etc/systemd/system/vpp-maglev.service.d/paths.conf; systemctl daemon-reload",
    );
    const config = configText([2, 3, 4], `  announce: { file: ${folder}/announce.conf }\n`);
    await machine.write("/etc/vpp-maglev/maglev.yaml", config);
    await machine.sh("systemctl restart vpp-maglev");
    await machine.until(
      `cat ${folder}/announce.conf`,
      ({ stdout }) => stdout.includes("define MAGLEV_IPV4"),
    );
    await machine.write("/etc/vpp-maglev/maglev.yaml", configText([2, 3, 4]));
    await machine.sh(
      `rm -r ${
        folder.replace(/\/[^/]*$/, "")
      } /etc/systemd/system/vpp-maglev.service.d; systemctl daemon-reload; ` +
        "sed -i /WRITE_PATHS/d /etc/default/vpp-maglev; systemctl restart vpp-maglev",
    );
    await ready(machine);
  });

  await t.step("a ca-file that the unit hides is refused with that reason", async () => {
    await machine.sh("mkdir -p /home/operator && touch /home/operator/ca.pem");
    const config = await machine.sh("cat /etc/vpp-maglev/maglev.yaml");
    const hidden = `healthchecks:
    tls: { type: https, port: 443, params: { path: /, ca-file: /home/operator/ca.pem } }
`;
    await machine.write(
      "/etc/vpp-maglev/maglev.yaml",
      `${config.replace("healthchecks:\n", hidden)}\n`,
    );
    const kept = await machine.sh("cat /etc/default/vpp-maglev");
    for (const granted of ["", "MAGLEV_READ_PATHS=/home/operator\n"]) {
      await machine.write("/etc/default/vpp-maglev", `${kept}\n${granted}`);
      assert.notEqual((await machine.run("systemctl reload vpp-maglev")).code, 0);
      await machine.until(
        "journalctl --no-pager -o cat -n 5 -u vpp-maglev",
        ({ stdout }) =>
          stdout.includes("ca-file") && stdout.includes("unit hides /home (ProtectHome=yes)") &&
          (granted === "" || stdout.includes("permission denied")),
      );
    }
    await machine.write("/etc/default/vpp-maglev", `${kept}\n`);
    await machine.write("/etc/vpp-maglev/maglev.yaml", `${config}\n`);
    await machine.sh("rm -r /home/operator && systemctl reload vpp-maglev");
  });

  await accessSteps(t, machine, first);
  await birdSteps(t, machine);
  await upgradeSteps(t, { machine, simulator });

  await t.step("a stop is quick and leaves VPP as it is", async () => {
    const done = changes(simulator);
    // As VPP with `api-segment { gid maglevd }` makes it.
    await machine.sh("install -m 0660 -g maglevd /dev/null /dev/shm/vpe-api");
    const startMs = performance.now();
    await machine.sh("systemctl stop vpp-maglev vpp-maglev-frontend");
    assert.ok(performance.now() - startMs < 2500, `${performance.now() - startMs} ms`);
    assert.equal(await status(machine, "Result"), "success");
    await machine.sh("rm /dev/shm/vpe-api");
    assert.equal(changes(simulator), done);
    await machine.sh("systemctl start vpp-maglev");
  });

  await t.step("a removal that dpkg takes back starts what ran", async () => {
    await machine.sh(
      "mkdir -p /tmp/other/DEBIAN && printf 'Package: other\\nVersion: 1\\nArchitecture: all\\n" +
        "Maintainer: a <a@b.example>\\nConflicts: vpp-maglevd\\nReplaces: vpp-maglevd\\n" +
        "Provides: vpp-maglevd\\nDescription: other\\n' > /tmp/other/DEBIAN/control && " +
        "printf '#!/bin/sh\\nexit 1\\n' > /tmp/other/DEBIAN/preinst && " +
        "chmod 755 /tmp/other/DEBIAN/preinst && dpkg-deb --build /tmp/other /tmp/other.deb",
    );
    const pid = await status(machine, "MainPID");
    assert.notEqual((await machine.run("dpkg -i --auto-deconfigure /tmp/other.deb")).code, 0);
    await ready(machine);
    assert.notEqual(await status(machine, "MainPID"), pid, "it was stopped meanwhile");
    assert.equal(
      (await machine.run("systemctl is-active vpp-maglev-frontend")).stdout,
      "inactive\n",
    );
    await machine.sh("rm -r /tmp/other /tmp/other.deb; ! test -e /run/vpp-maglevd-stopped");
  });

  await t.step("removal keeps configuration and state; purge leaves nothing", async () => {
    const names = "vpp-maglevd vpp-maglev vpp-maglev-runtime";
    await machine.sh(`dpkg --remove ${names}`);
    assert.equal((await machine.run("systemctl is-active vpp-maglev")).stdout, "inactive\n");
    await machine.sh("test -f /etc/vpp-maglev/maglev.yaml && test -d /var/lib/vpp-maglev");
    await machine.sh(`rm -r ${DROP_INS}`);
    await machine.sh(
      "rm /etc/vpp-maglev/frontend-*; ip netns del dataplane; ip netns del earlier",
    );
    await machine.sh(
      "touch /etc/vpp-maglev/tokens && chown maglevd:maglevd /etc/vpp-maglev/tokens && " +
        "chmod 600 /etc/vpp-maglev/tokens",
    );
    await machine.sh("dpkg --purge vpp-maglevd && test -d /var/cache/vpp-maglev");
    await machine.sh("dpkg --purge vpp-maglev vpp-maglev-runtime");
    const known = await machine.run("getent passwd maglevd; getent group maglevd maglevd-web");
    assert.equal(known.stdout, "");
    // Its number may be given to another user.
    assert.equal(await machine.sh("stat -c '%U:%G %a' /etc/vpp-maglev/tokens"), "root:root 600");
    await machine.sh("rm /etc/vpp-maglev/tokens; rmdir /etc/vpp-maglev");
    const left = (await machine.files()).filter((path) => !before.includes(path));
    // What other programs keep of each change of users, apt of itself, and what was copied here.
    const others =
      /^\/etc\/\w+-$|^\/var\/lib\/systemd\/|^\/var\/(cache|lib)\/apt\/|^\/root\/\w+-vpp-[^/]+\.deb$/;
    assert.deepEqual(left.filter((path) => !others.test(path)), []);
  });

  await t.step("ours runs after the older project's package, if that ran", async () => {
    const config = configText([2]);
    await machine.sh(
      "mkdir -p /tmp/old/DEBIAN /tmp/old/usr/sbin /tmp/old/lib/systemd/system && " +
        "printf '#!/bin/sh\\nexec sleep 1000\\n' > /tmp/old/usr/sbin/maglevd && " +
        "chmod 755 /tmp/old/usr/sbin/maglevd && " +
        "printf '[Service]\\nExecStart=/usr/sbin/maglevd\\n' > " +
        "/tmp/old/lib/systemd/system/vpp-maglevd.service && " +
        "printf 'Package: vpp-maglev\\nVersion: 0.9.4\\nArchitecture: amd64\\n" +
        "Maintainer: a <a@b.example>\\nDescription: old\\n' > /tmp/old/DEBIAN/control && " +
        "dpkg-deb --root-owner-group -Znone --build /tmp/old /tmp/old.deb && dpkg -i /tmp/old.deb && " +
        "systemctl daemon-reload && systemctl start vpp-maglevd && mkdir /etc/vpp-maglev",
    );
    await machine.write("/etc/vpp-maglev/maglev.yaml", config);
    await machine.write("/etc/default/vpp-maglev", ENVIRONMENT);
    await machine.sh(
      `dpkg -i --auto-deconfigure --force-confold ${Object.values(first).join(" ")}`,
    );
    assert.notEqual((await machine.run("systemctl is-active vpp-maglevd")).stdout, "active\n");
    await ready(machine);
  });
}
