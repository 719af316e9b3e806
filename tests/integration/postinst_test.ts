/**
 * The script that runs after the package was unpacked. Goal: an upgrade restarts maglevd only when a
 * start would succeed and keep the VIPs. Method: the script itself, in folders of the test, with
 * stand-ins for the programs of the system; tests/packaging plays the same with systemd.
 */
import assert from "node:assert/strict";
import { withFolder } from "../support/servers/daemon.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const CONFIG = "/etc/vpp-maglev/maglev.yaml";
const RESTART = "deb-systemd-invoke try-restart vpp-maglev.service";

/** A drop-in of an operator, whose other commands must not run for a check. */
const DROP_IN = `[Unit]
Wants=none.service
[Service]
ExecStartPre=/bin/sh -c \\
  "exit 0"
ExecStopPost=+/bin/touch /stopped
ExecStart=
ExecStart=/usr/sbin/maglevd $MAGLEV_ARGS --config /etc/elsewhere.yaml
`;

interface Situation {
  readonly words: readonly string[];
  /** Units that run. */
  readonly active?: readonly string[];
  /** Exit status and output of `maglevd --check`. */
  readonly check?: readonly [status: number, output: string];
  /** Files before it, below the test's folder. */
  readonly files?: Readonly<Record<string, string>>;
}

interface Outcome {
  readonly code: number;
  readonly stderr: string;
  /** Calls of the stand-ins. */
  readonly calls: readonly string[];
  /** The unit of the check; undefined: none was started. */
  readonly unit: string | undefined;
}

/** Runs the script. */
async function configure(
  { words, active = ["vpp-maglev.service"], check = [0, "valid: 1 frontends"], files = {} }:
    Situation,
): Promise<Outcome> {
  return await withFolder(async (folder) => {
    for (const path of ["bin", "run/systemd/system", "etc/vpp-maglev", "lib/systemd/system"]) {
      await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    }
    const unit = await Deno.readTextFile(`${ROOT}debian/units/vpp-maglev.service`);
    await Deno.writeTextFile(`${folder}/unit`, `${unit}\n# a drop-in\n${DROP_IN}`);
    for (const [path, text] of Object.entries(files)) {
      await Deno.writeTextFile(folder + path, text);
    }
    const [status] = check;
    const output = check[1].replaceAll(CONFIG, folder + CONFIG);
    const stub = async (name: string, text: string) =>
      await Deno.writeTextFile(
        `${folder}/bin/${name}`,
        `#!/bin/sh\necho "${name} $*" >> ${folder}/calls\n${text}\n`,
        { mode: 0o755 },
      );
    for (const name of ["adduser", "addgroup", "deb-systemd-invoke", "deb-systemd-helper"]) {
      await stub(name, "");
    }
    await stub("dpkg", "exit 1");
    await stub("getent", '[ "$2" = vpp ] && exit 2; echo "$2:x:990:"');
    await stub(
      "systemctl",
      `case "$*" in
  cat*) cat ${folder}/unit ;;
  *is-active*) for unit in ${
        active.join(" ")
      }; do case "$*" in *" $unit") exit 0 ;; esac; done; exit 3 ;;
  *start*-check.service)
    cp ${folder}/run/systemd/system/vpp-maglev-check.service ${folder}/started
    printf '%s\\n' '${output}' > ${folder}/run/vpp-maglev-check; exit ${status} ;;
esac`,
    );
    const script = await Deno.readTextFile(`${ROOT}debian/vpp-maglevd.postinst`);
    await Deno.writeTextFile(
      `${folder}/postinst`,
      script.replaceAll(/(?<![\w/])\/(run|etc|lib)\//g, `${folder}/$1/`),
    );
    const { code, stderr } = await new Deno.Command("sh", {
      args: [`${folder}/postinst`, ...words],
      env: { PATH: `${folder}/bin:/usr/bin:/bin` },
      stdin: "null",
      stdout: "null",
    }).output();
    const text = (path: string) => Deno.readTextFile(path).catch(() => undefined);
    assert.equal(await text(`${folder}/run/systemd/system/vpp-maglev-check.service`), undefined);
    assert.equal(await text(`${folder}/run/vpp-maglev-check`), undefined, "nothing is left");
    return {
      code,
      stderr: new TextDecoder().decode(stderr).replaceAll(folder, ""),
      calls: (await text(`${folder}/calls`) ?? "").split("\n"),
      unit: await text(`${folder}/started`),
    };
  });
}

const UPGRADE = ["configure", "1:0.1.0"];

Deno.test("an upgrade restarts maglevd when the new version accepts a file with frontends", async () => {
  const { code, stderr, calls } = await configure({ words: UPGRADE });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.ok(calls.includes(RESTART), calls.join("\n"));
});

Deno.test("an upgrade leaves maglevd running when a start would fail or remove all VIPs", async () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, `${CONFIG}: valid: 0 frontends, 0 backends, 0 healthchecks`],
    [2, `${CONFIG}:7:5: semantic error`],
    [1, `${CONFIG}:9:1: cannot be parsed`],
  ];
  for (const check of cases) {
    const { code, stderr, calls } = await configure({ words: UPGRADE, check });
    assert.equal(code, 0);
    assert.ok(!calls.includes(RESTART), calls.join("\n"));
    assert.ok(stderr.includes(`\n  ${check[1]}\n`), stderr);
    assert.match(stderr, /do not stop maglevd before; then: systemctl restart vpp-maglev$/m);
  }
});

Deno.test("after dpkg's Y an upgrade names the command that brings the operator's file back", async () => {
  const { stderr, calls } = await configure({
    words: UPGRADE,
    check: [2, `${CONFIG}:7:5: the key is missing`],
    files: { [`${CONFIG}.dpkg-old`]: "maglev:\n" },
  });
  assert.ok(!calls.includes(RESTART));
  assert.match(
    stderr,
    /: mv \S+\/maglev\.yaml\.dpkg-old \S+\/maglev\.yaml && systemctl restart vpp-maglev$/m,
  );
});

Deno.test("the check has the unit's sandbox and drop-ins, and runs no other command of them", async () => {
  const { unit = "" } = await configure({ words: UPGRADE });
  const lines = unit.split("\n");
  assert.deepEqual(lines.filter((line) => /^Exec|exit 0/.test(line)), [
    "ExecStart=/usr/sbin/maglevd --check $MAGLEV_ARGS",
    "ExecStart=",
    "ExecStart=/usr/sbin/maglevd --check $MAGLEV_ARGS --config /etc/elsewhere.yaml",
  ]);
  assert.ok(
    ["User=maglevd", "ProtectHome=yes", "Type=oneshot"].every((line) => lines.includes(line)),
  );
  assert.ok(lines.lastIndexOf("Type=oneshot") > lines.lastIndexOf("Type=notify"));
  assert.doesNotMatch(unit, /^(?:Wants|After|WantedBy)=/m);
});

Deno.test("a first installation checks and starts nothing", async () => {
  const { code, calls, unit } = await configure({ words: ["configure", ""], active: [] });
  assert.deepEqual([code, unit], [0, undefined]);
  assert.ok(!calls.some((call) => /^deb-systemd-invoke (?:re)?start/.test(call)), calls.join("\n"));
});

Deno.test("an older project's daemon is stopped only when ours would start", async () => {
  for (const [status, stopped] of [[0, true], [2, false]] as const) {
    const { calls } = await configure({
      words: ["configure", "1.0.2"],
      active: ["vpp-maglevd.service"],
      check: [status, status === 0 ? "valid: 1 frontends" : "an error"],
    });
    assert.equal(calls.includes("deb-systemd-invoke stop vpp-maglevd.service"), stopped);
    assert.equal(calls.includes("deb-systemd-invoke start vpp-maglev.service"), stopped);
  }
});

Deno.test("a removal that dpkg takes back starts the units that ran", async () => {
  const { calls } = await configure({
    words: ["abort-remove", "in-favour", "other", "1"],
    files: { "/run/vpp-maglevd-stopped": "vpp-maglev.service\n" },
  });
  assert.deepEqual(calls.filter((call) => call !== ""), [
    "deb-systemd-invoke start vpp-maglev.service",
  ]);
});
