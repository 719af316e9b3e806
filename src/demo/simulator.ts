/**
 * The simulated VPP as a program of its own, to try maglevd against without a VPP:
 *
 *   deno run -A src/demo/simulator.ts --socket /tmp/api.sock [--stats-socket /tmp/stats.sock] [--do "delay 50" …]
 *
 * Commands come in through standard input, one a line (`help` lists them); `--do` gives some
 * before the first client can connect. Ends with SIGTERM or SIGINT.
 */
import { parseArgs } from "node:util";
import { startSimulator } from "../sim/api_server.ts";
import { control, controlHelp } from "../sim/control.ts";
import { SignalInbox } from "../system/signals/inbox.ts";
import { SystemClock } from "../system/system_clock.ts";

const USAGE = `usage: simulator --socket PATH [--stats-socket PATH] [--do COMMAND]…

Commands, also read from standard input:
${controlHelp()}`;

Deno.exit(await main());

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const simulator = await startSimulator({
    path: options.socket,
    ...(options.stats === undefined ? {} : { statsPath: options.stats }),
    clock: new SystemClock(),
  });
  const stopped = Promise.withResolvers<void>();
  const signals = new SignalInbox();
  signals.handle({ onReload: () => {}, onStop: () => stopped.resolve() });
  for (const command of options.do) console.log(await control(command, simulator));
  console.log(`listening on ${options.socket}`);
  obeyLines(async (line) => console.log(await control(line, simulator)))
    .catch((error) => console.error(`standard input: ${error}`));
  await stopped.promise;
  await simulator.stop();
  signals.close();
  return 0;
}

function readOptions(): { socket: string; stats: string | undefined; do: string[] } | undefined {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: {
        socket: { type: "string" },
        "stats-socket": { type: "string" },
        do: { type: "string", multiple: true },
      },
    });
    if (values.socket === undefined) return undefined;
    return { socket: values.socket, stats: values["stats-socket"], do: values.do ?? [] };
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Calls `obey` with each line of standard input, one after the other, until it ends. */
async function obeyLines(obey: (line: string) => Promise<void>): Promise<void> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) await obey(line);
  }
}
