/**
 * maglevt's screen as an operator uses it: in a real terminal (tmux), against servers of the test.
 * Every step waits for the screen; the terminal's settings are compared before and after.
 */
import assert from "node:assert/strict";
import { visibleWidth } from "../../src/terminal/text.ts";
import { withFolder } from "../support/servers/daemon.ts";
import { vipConfig, VipServer } from "../support/servers/vip_server.ts";
import { maglevtCommand } from "../support/terminals/maglevt.ts";
import {
  MaglevcTerminal,
  type MaglevcTerminalOptions,
} from "../support/terminals/maglevc_terminal.ts";
import { missingPrograms } from "../support/terminals/shell_terminal.ts";

const ENTRY = new URL("../support/terminals/crashing_maglevt.ts", import.meta.url).pathname;
const VIPS = 40;

interface Scene {
  readonly terminal: MaglevcTerminal;
  readonly servers: readonly VipServer[];
}

/** A terminal in whose folder `m.yaml` has 40 VIPs. `net`: third number of their addresses. */
function screenTest(
  name: string,
  options: { readonly net: number } & Omit<MaglevcTerminalOptions, "home">,
  fn: (scene: Scene) => Promise<void>,
): void {
  const missing = missingPrograms("tmux");
  Deno.test({
    name: `maglevt's screen: ${name}${missing === undefined ? "" : ` (${missing})`}`,
    ignore: missing !== undefined,
    fn: async () => {
      const addresses = Array.from({ length: VIPS }, (_, at) => `127.0.${options.net}.${at + 1}`);
      const servers = VipServer.group(addresses);
      for (const server of servers) server.names = ["nginx0", "nginx1"];
      try {
        await withFolder(async (home) => {
          const vips = Object.fromEntries(servers.map((server, at) => [`web${at + 1}`, server]));
          await Deno.writeTextFile(`${home}/m.yaml`, vipConfig(vips));
          const command = maglevtCommand();
          await using terminal = await MaglevcTerminal.open({ command, ...options, home });
          await fn({ terminal, servers });
        });
      } finally {
        for (const server of servers) server.close();
      }
    },
  });
}

async function start({ terminal }: Scene, flags = ""): Promise<void> {
  await terminal.command(`./run --config m.yaml ${flags}`);
  await terminal.until(/^web1 .* 200 [\s\S]*nginx0 \d+% \(50\)/m, "the first answers");
}

/** The status at the end, after a look whether the terminal is as it was. */
async function endOf({ terminal }: Scene): Promise<number> {
  const status = await terminal.ended();
  const [before, after] = await terminal.settings();
  assert.equal(after, before);
  const screen = await terminal.screen();
  assert.doesNotMatch(screen, /^web1 /m, "the alternate screen is left");
  // No setting of the terminal's driver, but of the terminal itself.
  assert.equal(await terminal.pasted("x"), "x\n");
  return status;
}

screenTest("scrolling, mark, pause, reset and q", { net: 76 }, async (scene) => {
  const { terminal } = scene;
  await start(scene, "--log run.json");
  await terminal.until(/1-\d+ of 40$/, "the range");
  await terminal.type("", "Down", "Down");
  await terminal.until(/^web3 [\s\S]* 3-\d+ of 40$/m, "scrolled down by two");
  await terminal.type("", "Up");
  await terminal.until(/ 2-\d+ of 40$/, "scrolled up by one");
  await terminal.type("", "End");
  await terminal.until(/^web40 [\s\S]*-40 of 40$/m, "the end");
  await terminal.type("", "PPage");
  await terminal.until((screen) => !/^web40 /m.test(screen), "a page up");
  await terminal.type("", "Home");
  await terminal.until(/^web1 [\s\S]* 1-\d+ of 40$/m, "the begin");
  await terminal.type("m");
  await terminal.until(/\d\d:\d\d:\d\d\.\d\d\d marked/, "the mark");
  await terminal.type("p");
  await terminal.until(/PAUSED$/m, "the pause");
  await terminal.type(" ");
  await terminal.until((screen) => !/PAUSED/.test(screen), "the end of the pause");
  await terminal.type("r");
  const reset = await terminal.until(/all figures begin again/, "the reset");
  assert.doesNotMatch(reset, /marked/);
  await terminal.type("q");
  assert.equal(await endOf(scene), 0);
  await terminal.command('grep -c \'"type":"mark"\' run.json');
  await terminal.until(/^1$/m, "the mark in the log");
});

screenTest("an outage is shown while it lasts and afterwards", { net: 77 }, async (scene) => {
  const { terminal, servers } = scene;
  await start(scene, "--max-outage 100ms");
  await terminal.until(/^no outage of 40 VIPs/m, "no outage");
  servers[0]!.close();
  await terminal.until(/^1 of 40 VIPs in an outage/m, "the outage");
  await terminal.until(/^web1 +net-err /m, "its last result");
  servers[0]!.open();
  await terminal.until(/^no outage now +longest .*\(web1\) +1 in all/m, "the end of the outage");
  await terminal.until(/ to \S+ web1 outage: outage of /, "the event");
  await terminal.type("q");
  assert.equal(await endOf(scene), 3);
});

screenTest("a log that is lost is shown, and the run goes on", { net: 82 }, async (scene) => {
  const { terminal } = scene;
  await terminal.command("mkfifo log; head -c 1 log >first &");
  await start(scene, "--log log");
  await terminal.until(/cannot write the log log: its reader has gone/, "the event");
  await terminal.type("m");
  await terminal.until(/marked/, "the mark");
  await terminal.type("q");
  assert.equal(await endOf(scene), 1);
});

screenTest("resizes at once, also to the smallest", { net: 78, columns: 140, rows: 45 }, async (
  scene,
) => {
  const { terminal } = scene;
  await start(scene);
  await terminal.until(/ALL% .* SENT +FAIL$/m, "all columns");
  for (const [columns, rows] of [[60, 20], [20, 5], [160, 50], [80, 24]] as const) {
    await terminal.resize(columns, rows);
    const fits = (screen: string) => {
      const lines = screen.split("\n");
      return lines.length === rows && lines.every((line) => visibleWidth(line) <= columns) &&
        /^maglevt /.test(lines[0]!) && /^q quit/.test(lines.at(-1)!);
    };
    await terminal.until(fits, `${columns}×${rows}`);
  }
  await terminal.type("q");
  assert.equal(await endOf(scene), 0);
});

screenTest("Ctrl-C, SIGTERM and SIGHUP restore the terminal", { net: 79 }, async (scene) => {
  const { terminal } = scene;
  await start(scene);
  await terminal.type("", "C-c");
  assert.equal(await endOf(scene), 0);
  for (const [signal, status] of [["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    await start(scene);
    await terminal.kill(signal);
    assert.equal(await endOf(scene), status, signal);
  }
});

screenTest(
  "an uncaught error restores the terminal",
  { net: 80, command: maglevtCommand(ENTRY, ["--config", "m.yaml"]) },
  async (scene) => {
    const { terminal } = scene;
    await start(scene);
    await terminal.kill("SIGUSR2");
    await terminal.until(/a mistake, for a test/, "the error");
    assert.equal(await endOf(scene), 1);
  },
);

screenTest("Ctrl-Z has no effect; a stop and a continue draw the screen again", { net: 81 }, async (
  scene,
) => {
  const { terminal } = scene;
  await start(scene);
  await terminal.type("", "C-z");
  await terminal.type("m");
  await terminal.until(/marked/, "the mark after Ctrl-Z");
  await terminal.kill("SIGSTOP");
  await terminal.kill("SIGCONT");
  await terminal.type("m");
  await terminal.until(/marked[\s\S]*marked/, "the mark after the stop");
  await terminal.type("q");
  assert.equal(await endOf(scene), 0);
});
