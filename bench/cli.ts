/**
 * Measures maglevc as a script runs it, from the start of the process to the first output and to
 * its end. Commands: without a server, with one, and with thousands of backends.
 *
 * The references alternate with it: a Deno program that prints a word (the share of starting Deno),
 * and a Python program with grpcio that makes the same call and prints the length of the reply.
 *
 * Options: --backends 10,1000,10000 --rounds 15
 */
import { parseArgs } from "node:util";
import { LAUNCHER, LAUNCHER_ENVIRONMENT, MaglevdProcess } from "../src/demo/daemon_process.ts";
import { environment } from "./support/environment.ts";
import { farmAddress } from "./support/farm_address.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    backends: { type: "string", default: "10,1000,10000" },
    rounds: { type: "string", default: "15" },
  },
});

const parameters = {
  backends: values.backends.split(",").map(Number),
  rounds: Number(values.rounds),
};

/** Debian's interpreter, which finds Debian's modules. */
const PYTHON = "/usr/bin/python3";

interface Sample {
  readonly firstOutputMs: number;
  readonly endMs: number;
  readonly bytes: number;
}

interface Figures {
  readonly firstOutputMs: number;
  readonly endMs: number;
}

interface Row {
  readonly command: string;
  readonly backends: number;
  readonly bytes: number;
  /** Medians, from the start of the process. */
  readonly maglevc: Figures;
  readonly hello: Figures;
  /** Undefined: grpcio is not installed, or there is nothing to call. */
  readonly python: Figures | undefined;
  /** To the end, of maglevc and a Deno program that prints a word. */
  readonly ratio: number;
  readonly ratioPython: number | undefined;
}

/** Runs a program to its end; fails when that fails. */
async function sample(command: readonly string[]): Promise<Sample> {
  const startMs = performance.now();
  const child = new Deno.Command(command[0]!, {
    args: command.slice(1),
    env: { ...LAUNCHER_ENVIRONMENT, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let [firstOutputMs, bytes] = [NaN, 0];
  for await (const chunk of child.stdout) {
    if (bytes === 0) firstOutputMs = performance.now() - startMs;
    bytes += chunk.length;
  }
  const { success } = await child.status;
  if (!success) throw new Error(`failed: ${command.slice(-6).join(" ")}`);
  return { firstOutputMs, endMs: performance.now() - startMs, bytes };
}

function maglevc(...args: string[]): readonly string[] {
  return [...LAUNCHER, "maglevc", ...args];
}

/** The same call in Python: the request asks for details. */
function python(address: string, method: string): readonly string[] {
  const program = `import grpc, sys
call = grpc.insecure_channel(sys.argv[1], [("grpc.max_receive_message_length", 1 << 26)]).unary_unary(
    "/maglev.Maglev/" + sys.argv[2], request_serializer=bytes, response_deserializer=bytes)
print(len(call(b"\\x08\\x01")))`;
  return [PYTHON, "-c", program, address, method];
}

async function hasPython(): Promise<boolean> {
  const options: Deno.CommandOptions = {
    args: ["-c", "import grpc"],
    stdout: "null",
    stderr: "null",
  };
  return await new Deno.Command(PYTHON, options).output().then((out) => out.success, () => false);
}

function configText(backends: number): string {
  const indices = Array.from({ length: backends }, (_, index) => index);
  return [
    "maglev:",
    "  backends:",
    // Without a healthcheck: this measures maglevc, so the daemon should be idle otherwise.
    ...indices.map((i) => `    b${i}: { address: ${farmAddress(i)} }`),
    "  frontends:",
    "    web:",
    "      address: 192.0.2.1",
    "      protocol: tcp",
    "      port: 80",
    `      pools: [ { name: main, backends: { ${indices.map((i) => `b${i}: {}`).join(", ")} } } ]`,
    "",
  ].join("\n");
}

/** Runs `fn` with the address of a maglevd with that number of backends. */
async function withMaglevd<T>(backends: number, fn: (address: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
  const config = `${folder}/maglev.yaml`;
  await Deno.writeTextFile(config, configText(backends));
  const listening = Promise.withResolvers<string>();
  const maglevd = new MaglevdProcess({
    config,
    vppApiAddr: "",
    grpcAddr: "127.0.0.1:0",
    logLevel: "info",
    onLine: ({ msg, address }) => {
      if (msg === "grpc-listen") listening.resolve(String(address));
    },
  });
  void maglevd.ended.then(() => listening.reject(new Error(maglevd.errors)));
  try {
    return await fn(await listening.promise);
  } finally {
    await maglevd.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

interface Contest {
  readonly command: string;
  readonly backends: number;
  readonly address: string;
  /** Method that the Python program calls; absent: none. */
  readonly method?: string;
}

async function measure({ command, backends, address, method }: Contest): Promise<Row> {
  const server = method === undefined ? [] : ["--server", address];
  const programs = {
    maglevc: maglevc(...server, ...command.split(" ")),
    hello: [Deno.execPath(), "eval", "console.log('hello')"],
    ...(method === undefined || !PYTHON_HERE ? {} : { python: python(address, method) }),
  };
  const samples = new Map<string, Sample[]>();
  // The first of each is not counted, because Deno compiles new code.
  for (let round = -1; round < parameters.rounds; round++) {
    for (const [name, program] of Object.entries(programs)) {
      const taken = await sample(program);
      if (round >= 0) samples.set(name, [...samples.get(name) ?? [], taken]);
    }
  }
  const figures = (name: string): Figures => ({
    firstOutputMs: median(samples.get(name)!.map((each) => each.firstOutputMs)),
    endMs: median(samples.get(name)!.map((each) => each.endMs)),
  });
  const [own, hello] = [figures("maglevc"), figures("hello")];
  const other = samples.has("python") ? figures("python") : undefined;
  return {
    command,
    backends,
    bytes: samples.get("maglevc")![0]!.bytes,
    maglevc: own,
    hello,
    python: other,
    ratio: rounded(own.endMs / hello.endMs),
    ratioPython: other === undefined ? undefined : rounded(own.endMs / other.endMs),
  };
}

function median(numbers: readonly number[]): number {
  return rounded(numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!);
}

function rounded(number: number): number {
  return Math.round(10 * number) / 10;
}

const PYTHON_HERE = await hasPython();
const rows: Row[] = [];
for (const backends of parameters.backends) {
  await withMaglevd(backends, async (address) => {
    const contests: Omit<Contest, "backends" | "address">[] = [
      ...(backends === parameters.backends[0]
        ? [{ command: "--version" }, { command: "show version", method: "GetVersion" }]
        : []),
      { command: "show frontends", method: "ListFrontends" },
      { command: "show backends", method: "ListBackends" },
      { command: "show backends --output json", method: "ListBackends" },
    ];
    for (const contest of contests) {
      const row = await measure({ ...contest, backends, address });
      console.error(JSON.stringify(row));
      rows.push(row);
    }
  });
}
console.log(JSON.stringify({ parameters, environment: environment(), figures: rows }, null, 1));
