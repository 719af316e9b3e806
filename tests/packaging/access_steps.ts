/** The part of the machine's story about who may connect to sockets and read secrets. */
import assert from "node:assert/strict";
import type { Machine } from "./machine.ts";
import { ready } from "./story.ts";
import { ROOT } from "./support.ts";

/** `packages`: paths in the machine of those that are installed. Begins and ends with both units running. */
export async function accessSteps(
  t: Deno.TestContext,
  machine: Machine,
  packages: Readonly<Record<string, string>>,
): Promise<void> {
  await t.step("an upgrade takes secrets away from the group of the sockets", async () => {
    // As versions with one group documented it.
    const secrets = "/etc/vpp-maglev/tokens /etc/vpp-maglev/grpc.key";
    const others = "/etc/vpp-maglev/open /etc/vpp-maglev/hers";
    await machine.sh(
      `groupdel maglevd-web; touch ${secrets} ${others}; chown root:maglevd ${secrets} ${others}; ` +
        `chmod 0640 ${secrets} ${others}; chmod 0644 /etc/vpp-maglev/open; ` +
        "chown daemon /etc/vpp-maglev/hers; ln -s /etc/shadow /etc/vpp-maglev/link; " +
        "chown -h root:maglevd /etc/vpp-maglev/link; " +
        "adduser --system --quiet --no-create-home web; adduser --quiet web maglevd",
    );
    const modes = (paths: string) => machine.sh(`stat -c '%U:%G %a' ${paths}`);
    const shadow = await modes("/etc/shadow");
    const { stderr } = await machine.run(`dpkg -i ${packages["vpp-maglevd"]}`);
    assert.match(stderr, /web is in group maglevd, .*: deluser web maglevd, then restart it/);
    assert.match(await machine.sh("id -nG web"), /\bmaglevd-web\b/);
    assert.equal(await modes(secrets), "maglevd:root 600\nmaglevd:root 600");
    assert.equal(await modes(others), "root:maglevd 644\ndaemon:maglevd 640");
    assert.equal(await modes("/etc/shadow"), shadow);
    for (const [user, readable] of [["maglevd", true], ["web", false]] as const) {
      const read = await machine.run(
        `setpriv --reuid ${user} --regid nogroup --init-groups cat ${secrets}`,
      );
      assert.equal(read.code === 0, readable, user);
    }
    const again = await machine.run(`dpkg -i ${packages["vpp-maglevd"]}`);
    assert.doesNotMatch(again.stderr, /is in group/);
    await machine.sh(`rm ${secrets} ${others} /etc/vpp-maglev/link; deluser --quiet web`);
    await ready(machine);
  });

  await t.step("the dashboard uses the documented sockets", async () => {
    const page = await Deno.readTextFile(`${ROOT}/docs/dashboard.md`);
    const listen = /`--listen unix:(\S+)`/.exec(page)![1]!;
    const kept = await machine.sh("cat /etc/default/vpp-maglev");
    await machine.write(
      "/etc/default/vpp-maglev",
      `${kept}\nMAGLEV_GRPC_ADDR=unix:/run/vpp-maglev/grpc.sock\n` +
        "MAGLEV_FRONTEND_SERVER=unix:/run/vpp-maglev/grpc.sock\n" +
        `MAGLEV_FRONTEND_LISTEN=unix:${listen}\n`,
    );
    await machine.sh("mv /etc/systemd/system/vpp-maglev-frontend.service.d /root/kept");
    await machine.sh(
      "adduser --system --quiet --no-create-home web && adduser --quiet web maglevd-web && " +
        "systemctl daemon-reload && systemctl restart vpp-maglev vpp-maglev-frontend",
    );
    await ready(machine);
    // As the web server in front of it, which is in the group of the sockets.
    const program = "import socket; s = socket.socket(socket.AF_UNIX); " +
      `s.connect('${listen}'); s.sendall(b'GET /view/api/problems HTTP/1.0\\r\\nHost: localhost` +
      "\\r\\n\\r\\n'); print(b''.join(iter(lambda: s.recv(65536), b'')).decode())";
    await machine.until(
      `setpriv --reuid web --regid nogroup --init-groups python3 -c "${program}"`,
      ({ stdout }) => /^HTTP\S+ 200 [\s\S]*\n\[\]\s*$/.test(stdout),
    );
    // It reaches neither maglevd nor what maglevd alone reads.
    const asWeb = "setpriv --reuid web --regid nogroup --init-groups";
    const connect =
      "import socket; socket.socket(socket.AF_UNIX).connect('/run/vpp-maglev/grpc.sock')";
    const denied = await machine.run(`${asWeb} python3 -c "${connect}"`);
    assert.match(denied.stderr, /PermissionError/);
    await machine.write("/etc/default/vpp-maglev", `${kept}\n`);
    await machine.sh(
      "mv /root/kept /etc/systemd/system/vpp-maglev-frontend.service.d; deluser --quiet web; " +
        "systemctl daemon-reload && systemctl restart vpp-maglev vpp-maglev-frontend",
    );
    await ready(machine);
  });
}
