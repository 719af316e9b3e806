/**
 * The shell as an operator uses it: in a real terminal (tmux), against a real maglevd. Every step
 * waits for output on the screen; the terminal's settings are compared before and after.
 */
import assert from "node:assert/strict";
import { visibleWidth } from "../../src/terminal/text.ts";
import { type MaglevcStage, onMaglevcStage } from "../support/terminals/maglevc.ts";
import {
  MaglevcTerminal,
  type MaglevcTerminalOptions,
} from "../support/terminals/maglevc_terminal.ts";
import { missingPrograms } from "../support/terminals/shell_terminal.ts";

const ENTRY = new URL("../support/terminals/crashing_maglevc.ts", import.meta.url).pathname;

interface Scene extends MaglevcStage {
  readonly terminal: MaglevcTerminal;
  /** The prompt. */
  readonly prompt: string;
}

function shellTest(
  name: string,
  options: { readonly net: number } & Omit<MaglevcTerminalOptions, "home">,
  fn: (scene: Scene) => Promise<void>,
): void {
  const missing = missingPrograms("tmux");
  Deno.test({
    name: `maglevc's shell: ${name}${missing === undefined ? "" : ` (${missing})`}`,
    ignore: missing !== undefined,
    fn: () =>
      onMaglevcStage(options, async (stage) => {
        await using terminal = await MaglevcTerminal.open({ ...options, home: stage.home });
        await fn({ ...stage, terminal, prompt: `maglevc ${stage.address}> ` });
      }),
  });
}

/** Starts the shell and waits until it asks. */
async function start({ terminal, address, prompt }: Scene): Promise<string> {
  await terminal.command(`./run --server ${address}`);
  return await terminal.until((screen) => lastLine(screen) === prompt.trimEnd(), "the prompt");
}

function lastLine(screen: string): string {
  return screen.split("\n").at(-1)!;
}

/** Waits until the last line of the screen is the prompt and this. */
async function line({ terminal, prompt }: Scene, text: string): Promise<string> {
  const wanted = `${prompt}${text}`.trimEnd();
  return await terminal.until((screen) => lastLine(screen) === wanted, JSON.stringify(wanted));
}

/** Leaves, and looks whether the terminal is as it was. */
async function endsWith({ terminal }: Scene, status: number): Promise<void> {
  assert.equal(await terminal.ended(), status);
  const [before, after] = await terminal.settings();
  assert.equal(after, before);
  // No setting of the terminal's driver, but of the terminal itself.
  assert.equal(await terminal.pasted("x"), "x\n");
}

shellTest("typing, TAB, ?, Ctrl-C and Ctrl-D", { net: 64 }, async (scene) => {
  const { terminal, prompt, address } = scene;
  const greeting = await start(scene);
  assert.match(greeting, /maglevc \d+\.\d+\.\d+/);
  assert.match(greeting, new RegExp(`${address}: maglevd \\d+\\.\\d+\\.\\d+`));

  await terminal.type("sh", "Tab");
  await line(scene, "show");
  await terminal.type("ba", "Tab");
  await line(scene, "show backends");
  // All names begin with b: that is filled in, and the next TAB lists them.
  await terminal.type("", "Tab");
  await line(scene, "show backends b");
  await terminal.type("", "Tab");
  await terminal.until(/\nb0 +b1 +b2\n.*show backends b$/, "the names");
  await terminal.type("1", "Enter");
  await terminal.until(/\nname +b1\n[\s\S]*> $|\nname +b1\n[\s\S]*>$/, "b1");

  await terminal.clear();
  await terminal.type("show b b1");
  await terminal.type("", "Left", "Left", "Left", "?");
  const help = await terminal.until(/backends +\S.*\n.*show b b1$/, "what may follow");
  assert.doesNotMatch(help, /\?/);
  const { column, row } = await terminal.cursor();
  assert.deepEqual([column, row], [prompt.length + "show b".length, help.split("\n").length - 1]);
  await terminal.type("ackend", "Enter");
  await terminal.until(/show backend b1\n[\s\S]*name +b1\n/, "b1 again");

  await terminal.clear();
  await terminal.type('set backend b0 pause reason "why?" fo');
  await line(scene, 'set backend b0 pause reason "why?" fo');
  await terminal.type("", "C-c");
  await terminal.until((screen) => screen.endsWith(`fo^C\n${prompt.trimEnd()}`), "an empty line");
  await terminal.type("shwo", "Enter");
  await terminal.until(/\nmaglevc: unknown word "shwo"/, "the complaint");
  await terminal.type("", "C-d");
  await endsWith(scene, 0);
});

shellTest("editing keys as in readline", { net: 65 }, async (scene) => {
  const { terminal } = scene;
  await start(scene);
  await terminal.type("set backend b0 pause");
  await terminal.type("", "C-w", "M-b", "C-k", "C-a", "C-y");
  await line(scene, "b0 set backend");
  await terminal.type("", "C-_", "C-e", "M-BSpace", "Home", "DC");
  await line(scene, "et");
  await terminal.type("", "C-k");
  await line(scene, "");
  await terminal.type("show", "Enter");
  await terminal.until(/incomplete/, "the complaint");
  await terminal.type("quit", "Enter");
  await endsWith(scene, 0);
});

shellTest("history over restarts and shells", { net: 66 }, async (scene) => {
  const { terminal, home } = scene;
  await start(scene);
  for (const command of ["show version", "show frontends", "show backends"]) {
    await terminal.clear();
    await terminal.type(command, "Enter");
    await terminal.until((screen) => screen.split("> ").length === 2 && />$/.test(screen), command);
  }
  await terminal.type("", "C-d");
  await endsWith(scene, 0);
  // Another shell wrote meanwhile.
  await Deno.writeTextFile(`${home}/state/maglevc/history`, "show vpp info\n", { append: true });
  await start(scene);
  await terminal.type("", "Up");
  await line(scene, "show vpp info");
  await terminal.type("", "Up", "Up");
  await line(scene, "show frontends");
  await terminal.type("", "Down");
  await line(scene, "show backends");
  await terminal.type("", "C-c", "C-r");
  await terminal.type("vers");
  await terminal.until(/\(reverse-i-search\)`vers': show version$/, "the search");
  await terminal.type("", "Enter");
  await terminal.until(/\nmaglevd +\d/, "the version");
  await terminal.type("", "C-d");
  await endsWith(scene, 0);
  const { mode } = await Deno.stat(`${home}/state/maglevc/history`);
  assert.equal(mode! & 0o777, 0o600);
});

shellTest("a long line, a paste, and a resize", { net: 67, columns: 60 }, async (scene) => {
  const { terminal, prompt } = scene;
  await start(scene);
  // At the bottom, where most lines are typed.
  await terminal.type("help", "Enter");
  await line(scene, "");
  const text = "set backend b0 pause reason 'ünï 日本語日本語日本語日本語 and so on'";
  await terminal.type(text);
  const joined = (screen: string) => screen.replaceAll("\n", "");
  const whole = prompt + text;
  await terminal.until((screen) => joined(screen).endsWith(whole), "the line over two rows");
  for (const columns of [31, 100, 47]) {
    await terminal.resize(columns, 24);
    const height = Math.ceil(visibleWidth(whole) / columns);
    const screen = await terminal.until(
      (screen) => screen.split("\n").slice(-height).join("") === whole,
      `the line at ${columns}`,
    );
    assert.equal(joined(screen).split(whole).length, 2, "it is there once");
  }
  await terminal.type("", "C-a", "C-k");
  await line(scene, "");
  await terminal.paste("x".repeat(10_000));
  await terminal.until(/^(x{47}\n){23}x{1,47}$/, "a screen of ten thousand letters");
  await terminal.type("", "C-u");
  await terminal.until((screen) => lastLine(screen) === prompt.trimEnd(), "an empty line");
  // A pasted line is not run before Enter, and what follows a mistake not at all.
  await terminal.clear();
  await terminal.resize(80, 24);
  await terminal.paste("show version\nshwo\nshow frontends");
  await terminal.until(/> show version\nshwo\nshow frontends$/, "the paste");
  await terminal.type("", "Enter");
  const screen = await terminal.until(/1 more pasted line not run\n/, "its end");
  assert.match(screen, /\nmaglevd +\d[\s\S]*unknown word "shwo"/);
  await terminal.type("", "C-d");
  await endsWith(scene, 0);
});

shellTest("a server that dies and returns", { net: 68 }, async (scene) => {
  const { terminal, daemon, address } = scene;
  await start(scene);
  await terminal.type("show frontends", "Enter");
  await terminal.until(/\nweb +/, "the frontends");
  await daemon.stop();
  await terminal.clear();
  await terminal.type("show frontends", "Enter");
  await terminal.until(/\nmaglevc: 127[\d.:]+: connection refused/, "the error");
  // Completion is silent, and the shell goes on.
  await terminal.clear();
  await terminal.type("show frontends ", "Tab", "C-u");
  await line(scene, "");
  const again = scene.start({ grpcAddr: address });
  for (const name of ["b0", "b1", "b2"]) await again.transition(name, "up");
  await terminal.clear();
  await terminal.type("show frontends", "Enter");
  await terminal.until(/\nweb +/, "the frontends again");
  // The same during a watch.
  await terminal.clear();
  await terminal.type("watch events frontend", "Enter");
  await terminal.until(/ {2}frontend {2}api {2}is up/, "the present state");
  await again.stop();
  await terminal.until(/\nmaglevc: 127[\d.:]+ went away \(.*; trying again/s, "the loss");
  const third = scene.start({ grpcAddr: address });
  for (const name of ["b0", "b1", "b2"]) await third.transition(name, "up");
  await terminal.until(/\nmaglevc: 127[\d.:]+ is back; [\s\S]* {2}api {2}is up/, "the return");
  await terminal.type("x");
  await line(scene, "");
  await terminal.type("", "C-d");
  await endsWith(scene, 0);
});

shellTest("watch events, ended by a key, and by Ctrl-C", { net: 69 }, async (scene) => {
  const { terminal, servers, address } = scene;
  await start(scene);
  await terminal.clear();
  await terminal.type("watch events backend", "Enter");
  await terminal.until((screen) => screen.split("  is up").length === 4, "the present state");
  servers[0]!.status = 503;
  const seen = await terminal.until(/ {2}backend {2}b0 {2}up → down {2}L7STS/, "what happens");
  assert.doesNotMatch(seen, /[{}"]/);
  await terminal.type("x");
  await line(scene, "");
  await terminal.clear();
  // Of one name only, completed by TAB.
  await terminal.type("watch ev", "Tab");
  await terminal.type("frontend w", "Tab");
  await line(scene, "watch events frontend web");
  await terminal.type("", "Enter");
  const one = await terminal.until(/ {2}frontend {2}web {2}is up/, "a frontend");
  assert.doesNotMatch(one, / {2}api {2}/);
  await terminal.type("", "C-c");
  await line(scene, "");
  await terminal.type("", "C-d");
  await endsWith(scene, 0);
  // The one-shot has the terminal too.
  await terminal.command(`./run --server ${address} watch events`);
  await terminal.until(/ {2}api {2}is up/, "the events");
  await terminal.type("q");
  await endsWith(scene, 0);
});

shellTest(
  "Ctrl-C is the ordinary end of a one-shot watch: status 0",
  { net: 69 },
  async (scene) => {
    const { terminal, address } = scene;
    await terminal.command(`./run --server ${address} watch events`);
    await terminal.until(/ {2}api {2}is up/, "the events");
    await terminal.type("", "C-c");
    // The kernel has shown the key.
    const screen = await terminal.until(/status 0\n\$ *$/, "the end");
    assert.doesNotMatch(screen, /interrupted/);
    const [before, after] = await terminal.settings();
    assert.equal(after, before);
    // Piped on, maglevc does not have the keys; the signal reaches it all the same.
    const reader = `sh -c 'trap "" INT; cat'`;
    await terminal.command(`./run --server ${address} watch events | ${reader}`);
    await terminal.until(/ {2}api {2}is up/, "the events");
    await terminal.type("", "C-c");
    await terminal.until(/status 0\n\$ *$/, "the end of the pipe");
  },
);

shellTest("Ctrl-C ends a command that hangs", { net: 70 }, async (scene) => {
  const { terminal } = scene;
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${(silent.addr as Deno.NetAddr).port}`;
  const other = { ...scene, address, prompt: `maglevc ${address}> ` };
  await terminal.command(`./run --server ${address}`);
  await terminal.until(/no answer within 1s/, "the greeting without the server");
  await line(other, "");
  await terminal.type("show version", "Enter");
  await terminal.untilRowStart();
  await terminal.type("", "C-c");
  await terminal.until(/\nmaglevc: interrupted\n/, "the end of the command");
  await terminal.type("quit", "Enter");
  await endsWith(other, 0);
});

shellTest("a set prints the share of new flows that moves", { net: 71 }, async (scene) => {
  const { terminal } = scene;
  await start(scene);
  await terminal.clear();
  await terminal.type("set frontend web pool main backend b1 weight 100", "Enter");
  await terminal.until(
    /\nweb pool main backend b1: weight 100[\s\S]*%/,
    "the weight and the share",
  );
  await terminal.type("", "C-d");
  await endsWith(scene, 0);
});

const BASH = "bash --noprofile --norc";

shellTest("Ctrl-Z and fg", { net: 75, shell: BASH }, async (scene) => {
  const { terminal } = scene;
  await start(scene);
  await terminal.type("show ver");
  await line(scene, "show ver");
  await terminal.type("", "C-z");
  await terminal.until(/Stopped[\s\S]*\n\$$/, "the shell outside");
  await terminal.type("fg", "Enter");
  await line(scene, "show ver");
  await terminal.type("", "Enter");
  await terminal.until(/\nmaglevd +\d/, "the version");
  await terminal.type("", "C-d");
  await endsWith(scene, 0);
});

for (const [signal, status] of [["SIGTERM", 143], ["SIGHUP", 129], ["SIGQUIT", 131]] as const) {
  shellTest(`${signal} leaves the terminal as it was`, { net: 72 }, async (scene) => {
    const { terminal } = scene;
    await start(scene);
    await terminal.type("show ver");
    await line(scene, "show ver");
    await terminal.kill(signal);
    await endsWith(scene, status);
  });
}

shellTest("a crash leaves the terminal as it was", { net: 73, entry: ENTRY }, async (scene) => {
  const { terminal } = scene;
  await start(scene);
  await terminal.kill("SIGUSR1");
  await terminal.until(/a mistake, for a test/, "the mistake");
  await endsWith(scene, 1);
  // During a watch too, which holds the terminal otherwise.
  await start(scene);
  await terminal.clear();
  await terminal.type("watch events", "Enter");
  await terminal.until(/ {2}api {2}is up/, "the events");
  await terminal.kill("SIGUSR1");
  await endsWith(scene, 1);
});

shellTest(
  "the prompt names two servers, and they reply together",
  { net: 74 },
  async (scene) => {
    const { terminal, address } = scene;
    const twin = `localhost:${address.split(":")[1]}`;
    const both = {
      ...scene,
      address: `${address},${twin}`,
      prompt: `maglevc ${address},${twin}> `,
    };
    await start(both);
    await terminal.clear();
    await terminal.type("show frontends", "Enter");
    await terminal.until(/\n127\.0\.0\.1, localhost: no differences\n/, "the comparison");
    await terminal.type("", "C-d");
    await endsWith(both, 0);
  },
);
