/**
 * Several maglevds with canned data in one process: calls of a dashboard's hub are answered immediately,
 * events come at a steady rate, and a stream that requests sums of activity gets those of probes, every
 * backend once a second. Prints `listening` with all addresses, and for each line on its standard
 * input how many records it has sent. Ends with its standard input. Arguments: maglevds, backends of
 * each, events per second of all.
 */
import { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";
import {
  BackendInfo,
  Event,
  type Event as EventMessage,
  StatusInfo,
  VersionInfo,
  VPPInfo,
  type VPPLBCounters,
  type VPPLBState,
  type WatchRequest,
} from "../../src/grpc/gen/maglev.ts";
import { create, encode } from "../../src/grpc/messages/codec.ts";
import { Maglev } from "../../src/grpc/messages/maglev.ts";
import type { MethodInfo } from "../../src/grpc/messages/methods.ts";
import { decode } from "../../src/grpc/messages/codec.ts";
import { closeSessionsLater } from "../../src/grpc/session_close.ts";
import { fakeBackend, fakeFrontend, MS } from "../../tests/support/fakes/fake_maglevd.ts";
import { linesOf } from "./lines.ts";

const [count, size, rate] = Deno.args.map(Number) as [number, number, number];
const PER_FRONTEND = 16;
/** Events are sent this often, in milliseconds, so that they do not come as one burst. */
const TICK_MS = 20;
/** As the hub requests. */
const PROBES_MS = 250;

let sent = 0;

function say(record: object): void {
  console.log(JSON.stringify(record));
}

type Call = grpc.ServerWritableStream<WatchRequest, Buffer>;

class Canned {
  readonly #names = Array.from({ length: size }, (_, at) => `backend${at}`);
  readonly #backends = new Map<string, BackendInfo>(
    this.#names.map((name, at) => [
      name,
      fakeBackend(name, {
        address: `10.0.${at >> 8}.${at & 255}`,
        sinceUnixNs: BigInt(Date.now() - 7_200_000) * MS,
        lastResult: { ok: true, layer: "L7", code: "L7OK", detail: "", durationNs: MS },
      }),
    ]),
  );
  readonly #frontends = Array.from({ length: Math.ceil(size / PER_FRONTEND) }, (_, at) => {
    const own = this.#names.slice(at * PER_FRONTEND, (at + 1) * PER_FRONTEND);
    return fakeFrontend(`frontend${at}`, {
      main: Object.fromEntries(own.map((name) => [name, 100])),
    }, { address: `192.0.${at >> 8}.${at & 255}` });
  });
  readonly #streams = { info: new Set<Call>(), error: new Set<Call>() };
  readonly #server = new grpc.Server();
  #next = 0;
  #probed = 0;

  async listen(): Promise<string> {
    const unary = <Req, Res>(
      method: MethodInfo<Req, Res>,
      answer: (request: Req) => Res,
    ): [string, grpc.MethodDefinition<Req, Buffer>, grpc.UntypedHandleCall] => [
      method.path,
      definition(method, false),
      (call: grpc.ServerUnaryCall<Req, Buffer>, callback: grpc.sendUnaryData<Buffer>) =>
        callback(null, bytesOf(encode(method.response, answer(call.request)))),
    ];
    const backends = () => [...this.#backends.values()];
    const rows = [
      unary(Maglev.GetVersion, () => create(VersionInfo, { version: "1", role: "operator" })),
      unary(Maglev.GetStatus, () => create(StatusInfo, { ready: true, vpp: "connected" })),
      unary(Maglev.GetVPPInfo, () => create(VPPInfo, { version: "26.10", weights: true })),
      unary(Maglev.GetVPPLBState, () => this.#lb()),
      unary(Maglev.GetVPPLBCounters, () => this.#counters()),
      unary(Maglev.ListBackends, () => ({ backendNames: this.#names, backends: backends() })),
      unary(Maglev.GetBackend, ({ name }) => this.#backends.get(name)!),
      unary(Maglev.ListFrontends, () => ({ frontendNames: [], frontends: this.#frontends })),
      unary(
        Maglev.GetFrontend,
        ({ name }) => this.#frontends.find((frontend) => frontend.name === name)!,
      ),
      unary(Maglev.ListHealthChecks, () => ({ healthcheckNames: [], healthchecks: [] })),
      unary(
        Maglev.CheckConfig,
        () => ({ ok: true, parseError: "", semanticError: "", issues: [], hash: "" }),
      ),
    ];
    const watch: [string, grpc.MethodDefinition<WatchRequest, Buffer>, grpc.UntypedHandleCall] = [
      Maglev.WatchEvents.path,
      definition(Maglev.WatchEvents, true),
      (call: Call) => this.#watch(call),
    ];
    const all = [...rows, watch];
    this.#server.addService(
      Object.fromEntries(all.map(([path, method]) => [path, method])) as grpc.ServiceDefinition,
      Object.fromEntries(all.map(([path, , handler]) => [path, handler])),
    );
    const port = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync(
        "127.0.0.1:0",
        grpc.ServerCredentials.createInsecure(),
        (error, port) => error === null ? resolve(port) : reject(error),
      )
    );
    return `127.0.0.1:${port}`;
  }

  /** A backend goes down or comes back. */
  change(): void {
    const name = this.#names[(this.#next * 7) % size]!;
    this.#next++;
    const before = this.#backends.get(name)!;
    const to = before.state === "up" ? "down" : "up";
    const atUnixNs = BigInt(Date.now()) * MS;
    const result = { ok: to === "up", layer: "L4", code: "L4CON", detail: "", durationNs: MS };
    this.#backends.set(name, { ...before, state: to, sinceUnixNs: atUnixNs, lastResult: result });
    const transition = { from: before.state, to, atUnixNs, result };
    this.#send("info", { $case: "backend", value: { name, transition } });
    const attributes = { backend: name, from: before.state, to, layer: "L4", code: "L4CON" };
    this.#log("info", "backend-transition", attributes);
  }

  /** The probes of a quarter of a second. */
  probe(): void {
    if (this.#streams.error.size === 0) return;
    const result = { ok: true, layer: "L7", code: "L7OK", detail: "", durationNs: MS };
    const probes = Array.from({ length: Math.round(size / 4) }, () => {
      const backend = this.#names[this.#probed++ % size]!;
      return { backend, count: 1, result, counter: 4 };
    });
    this.#send("error", { $case: "activity", value: { probes, vppCalls: 2, vppErrors: 0 } });
  }

  /** Each VIP with its servers; flows change with each look. */
  #lb(): VPPLBState {
    const flows = this.#next;
    return {
      conf: undefined,
      vips: this.#frontends.map(({ address, pools }) => ({
        ...{ prefix: `${address}/32`, protocol: "tcp", port: 80, encap: "gre4" },
        ...{ flowTableLength: 1024, srcIpSticky: false },
        applicationServers: pools[0]!.backends.map(({ name }) => ({
          ...{ address: this.#backends.get(name)!.address, weight: 100, flags: 1, numBuckets: 64 },
          ...{ flows, packets: 1000n, bytes: 1_000_000n, backends: [name] },
        })),
      })),
    };
  }

  #counters(): VPPLBCounters {
    const taken = BigInt(Date.now());
    return {
      takenAt: taken * MS,
      vips: this.#frontends.map(({ address }) => ({
        ...{ prefix: `${address}/32`, protocol: "tcp", port: 80 },
        ...{ first: taken, next: 10n * taken, noServer: 0n, untracked: 0n },
        ...{ fibPackets: undefined, fibBytes: undefined },
      })),
      servers: [],
    };
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #watch(call: Call): void {
    const level = call.request.logLevel === "error" ? "error" : "info";
    this.#streams[level].add(call);
    call.on("cancelled", () => this.#streams[level].delete(call));
    call.sendMetadata(new grpc.Metadata());
  }

  #log(level: "info", msg: string, attributes: Readonly<Record<string, string>>): void {
    const pairs = Object.entries(attributes).map(([key, value]) => ({ key, value }));
    const time = new Date().toISOString();
    this.#send(level, { $case: "log", value: { time, level, msg, attributes: pairs } });
  }

  #send(level: "error" | "info", event: EventMessage["event"]): void {
    const bytes = bytesOf(encode(Event, { event }));
    for (const call of this.#streams[level]) {
      call.write(bytes);
      sent++;
    }
  }
}

function definition<Req, Res>(
  { path, request }: MethodInfo<Req, Res>,
  responseStream: boolean,
): grpc.MethodDefinition<Req, Buffer> {
  return {
    path,
    requestStream: false,
    responseStream,
    requestSerialize: (message) => bytesOf(encode(request, message)),
    requestDeserialize: (bytes) => decode(request, bytes),
    responseSerialize: (bytes) => bytes,
    responseDeserialize: (bytes) => bytes,
  };
}

function bytesOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// As maglevd does: otherwise the process may end when a dashboard leaves.
closeSessionsLater();
const maglevds = Array.from({ length: count }, () => new Canned());
const addresses = await Promise.all(maglevds.map((maglevd) => maglevd.listen()));
say({ event: "listening", addresses });
let owed = 0;
let turn = 0;
let lastMs = performance.now();
const ticker = setInterval(() => {
  const nowMs = performance.now();
  const elapsedS = (nowMs - lastMs) / 1000;
  lastMs = nowMs;
  for (owed += elapsedS * rate; owed >= 1; owed--) maglevds[turn++ % count]!.change();
}, TICK_MS);
const prober = setInterval(() => {
  for (const maglevd of maglevds) maglevd.probe();
}, PROBES_MS);
for await (const _ of linesOf(Deno.stdin.readable)) {
  say({ event: "figures", sent });
}
clearInterval(ticker);
clearInterval(prober);
for (const maglevd of maglevds) maglevd.stop();
