/**
 * An independent gRPC client: python's grpcio in a process of its own, driven by
 * grpc_client.py. Needs Debian's python3-grpcio and protobuf-compiler, which `deno task setup`
 * installs where it may.
 */
import { linesOf } from "../../../bench/support/lines.ts";

const FOLDER = new URL("./", import.meta.url).pathname;
const PROTO = new URL("../../../proto/", import.meta.url).pathname;

/** Debian's, which sees Debian's modules; another one first on the path may not. */
const PYTHON = "/usr/bin/python3";

/** Files of proto/ that the client loads. */
const PROTO_FILES = [
  "maglev.proto",
  "grpc/health/v1/health.proto",
  "grpc/reflection/v1/reflection.proto",
  "grpc/reflection/v1alpha/reflection.proto",
];

/** A message in the standard JSON form. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** How a call ended. */
export interface Ended {
  /** Name of the status: `NOT_FOUND`. */
  readonly code: string;
  readonly details: string;
  /** Of a unary call that went well. */
  readonly message?: Json;
  /** Its bytes. */
  readonly size?: number;
}

export interface CallOptions {
  /** Seconds; default 10. */
  readonly timeout?: number;
  readonly metadata?: readonly (readonly [string, string])[];
}

export interface Target {
  /** As grpcio has it: `127.0.0.1:9090`, `unix:/path`. */
  readonly target: string;
  /** Paths of PEM files. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Channel options of grpcio. */
  readonly options?: Readonly<Record<string, string | number>>;
}

interface Answer extends Partial<Ended> {
  readonly id: number;
  readonly message?: Json;
}

/** A stream of answers. */
export class GrpcStream {
  readonly messages: Json[] = [];
  readonly ended: Promise<Ended>;
  readonly #client: GrpcClient;
  readonly #id: number;
  readonly #end = Promise.withResolvers<Ended>();
  #over = false;
  #wakeUp: () => void = () => {};

  constructor(client: GrpcClient, id: number) {
    this.#client = client;
    this.#id = id;
    this.ended = this.#end.promise;
  }

  take(answer: Answer): void {
    if (answer.code === undefined) this.messages.push(answer.message ?? null);
    else {
      this.#over = true;
      this.#end.resolve({ code: answer.code, details: answer.details ?? "" });
    }
    this.#wakeUp();
  }

  /** The first message from `from` on that fits, waited for at most 10 s. */
  async seen(fits: (message: Json) => boolean, from = 0): Promise<Json> {
    const endMs = performance.now() + 10_000;
    for (let at = from;; at++) {
      while (at >= this.messages.length) {
        if (this.#over || performance.now() > endMs) {
          const last = this.messages.slice(-5).map((message) => JSON.stringify(message));
          throw new Error(`Not seen in the stream: ${fits}; last: ${last.join("\n")}`);
        }
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 500);
          this.#wakeUp = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      if (fits(this.messages[at]!)) return this.messages[at]!;
    }
  }

  async cancel(): Promise<Ended> {
    await this.#client.cancel(this.#id);
    return await this.ended;
  }
}

/** One client with one channel at a time. */
export class GrpcClient implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #takers = new Map<number, (answer: Answer) => void>();
  readonly #reading: Promise<void>;
  #lastId = 0;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Starts the process and connects; `prefix`: a command to run it by, as in a namespace. */
  static async start(target: Target, prefix: readonly string[] = []): Promise<GrpcClient> {
    const [program, ...args] = [...prefix, PYTHON, "-u", `${FOLDER}grpc_client.py`];
    const child = new Deno.Command(program!, {
      args: [...args, await descriptorSet()],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      // Proxies of the environment are not for loopback.
      env: { no_grpc_proxy: "*", GRPC_VERBOSITY: "NONE" },
    }).spawn();
    const client = new GrpcClient(child);
    await client.connect(target);
    return client;
  }

  /** Another channel in place of the one there is. */
  async connect(target: Target): Promise<void> {
    await this.#ask({ op: "connect", ...target });
  }

  /** `method` of Maglev, or with its service: `grpc.health.v1.Health/Check`. */
  call(method: string, request: Json = {}, options: CallOptions = {}): Promise<Ended> {
    return this.#ask({ op: "unary", method: pathOf(method), request, ...options });
  }

  /** Bytes that may be an invalid message. */
  raw(method: string, bytes: Uint8Array, options: CallOptions = {}): Promise<Ended> {
    const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return this.#ask({ op: "raw", method: pathOf(method), bytes: text, ...options });
  }

  stream(method: string, request: Json = {}, options: CallOptions = {}): GrpcStream {
    return this.#open({ op: "stream", method: pathOf(method), request, timeout: 60, ...options });
  }

  bidi(method: string, requests: readonly Json[], options: CallOptions = {}): GrpcStream {
    return this.#open({ op: "bidi", method: pathOf(method), requests, ...options });
  }

  async cancel(of: number): Promise<void> {
    await this.#ask({ op: "cancel", of });
  }

  /** Kills the process, as a client that vanishes. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    const timer = setTimeout(() => this.#killIfRunning(), 2000);
    await this.#child.status;
    clearTimeout(timer);
    await this.#reading;
  }

  /** On a busy machine its end may not be known yet. */
  #killIfRunning(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  #open(command: object): GrpcStream {
    const stream = new GrpcStream(this, this.#lastId + 1);
    this.#send(command, (answer) => stream.take(answer));
    return stream;
  }

  #ask(command: object): Promise<Ended> {
    return new Promise((resolve) => {
      const id = this.#send(command, ({ code = "", details = "", message, size }) => {
        this.#takers.delete(id);
        resolve({
          code,
          details,
          ...(message === undefined ? {} : { message }),
          ...(size === undefined ? {} : { size }),
        });
      });
    });
  }

  #send(command: object, taker: (answer: Answer) => void): number {
    const id = ++this.#lastId;
    this.#takers.set(id, taker);
    this.#writer.write(new TextEncoder().encode(`${JSON.stringify({ id, ...command })}\n`)).catch(
      (error) => taker({ id, code: "CLIENT_GONE", details: String(error) }),
    );
    return id;
  }

  async #read(): Promise<void> {
    for await (const line of linesOf(this.#child.stdout)) {
      const answer: Answer = JSON.parse(line);
      this.#takers.get(answer.id)?.(answer);
    }
    for (const [id, taker] of this.#takers) taker({ id, code: "CLIENT_GONE", details: "" });
  }
}

function pathOf(method: string): string {
  return method.includes("/") ? method : `maglev.Maglev/${method}`;
}

let made: Promise<string> | undefined;

/** Path of protoc's description of proto/; the file goes with the temporary folder. */
export function descriptorSet(): Promise<string> {
  made ??= (async () => {
    const path = await Deno.makeTempFile({ prefix: "maglev-test-", suffix: ".pb" });
    addEventListener("unload", () => Deno.removeSync(path));
    const { success } = await new Deno.Command("protoc", {
      args: [`-I${PROTO}`, `--descriptor_set_out=${path}`, ...PROTO_FILES],
    }).output();
    if (!success) throw new Error("protoc refused proto/");
    return path;
  })();
  return made;
}

/** Why such a client cannot be had here; undefined: it can. */
export function missingForGrpcClient(): string | undefined {
  try {
    const args = ["-c", "import grpc, google.protobuf"];
    if (!new Deno.Command(PYTHON, { args, stderr: "null" }).outputSync().success) {
      return "needs python3-grpcio";
    }
    new Deno.Command("protoc", { args: ["--version"], stdout: "null" }).outputSync();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "needs python3-grpcio and protobuf-compiler";
    throw error;
  }
}

/** A part of a message: `part(info, "pools", 0, "name")`; undefined where it is missing. */
export function part(
  message: Json | undefined,
  ...path: readonly (string | number)[]
): Json | undefined {
  let at: Json | undefined = message;
  for (const key of path) {
    if (at === null || at === undefined || typeof at !== "object") return undefined;
    at = Array.isArray(at) ? at[Number(key)] : at[key];
  }
  return at;
}
