/**
 * One of two VPPs under comparison, at its API socket. Sends it requests and reads back everything
 * that the lb plugin shows, in a form that is equal when the plugins are.
 */
import { parseIp } from "../../src/base/address.ts";
import type { MessageCodec } from "../../src/vpp/wire/codec.ts";
import * as m from "../../src/vpp/wire/messages.ts";
import { type RawClient, rawClient } from "../support/servers/raw_api_client.ts";
import type { PluginRequest } from "./plugin_operations.ts";

/** Everything a client can see of the plugin. */
export interface PluginState {
  readonly conf: unknown;
  readonly vips: readonly unknown[];
  readonly servers: readonly unknown[];
  readonly serversV1: readonly unknown[];
  readonly ofOneVip: readonly unknown[];
  readonly ofOneIp4Vip: readonly unknown[];
  readonly verbose: readonly string[];
  readonly brief: readonly string[];
  readonly main: string;
}

/** A connected VPP or simulator. */
export class PluginWitness {
  readonly #client: RawClient;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #clientIndex: number;
  #context = 0;

  private constructor(client: RawClient, hello: m.SockclntCreateReply) {
    this.#client = client;
    this.#ids = new Map(hello.messageTable.map(({ name, index }) => [name, index]));
    this.#clientIndex = hello.index;
  }

  /** Connects and shakes hands. */
  static async at(path: string): Promise<PluginWitness> {
    const client = await rawClient(path);
    const header = { id: 15, clientIndex: 0, context: 1 };
    await client.send(m.sockclntCreate.encode(header, { name: "witness" }));
    return new PluginWitness(client, m.sockclntCreateReply.decode(await client.receive()).body);
  }

  close(): void {
    this.#client.close();
  }

  /** Sends a request and returns its retval. */
  async retval(request: PluginRequest): Promise<number> {
    await this.#client.send(request.encode(this.#header(request.key)));
    // Every reply of an operation is id, context, retval.
    const reply = await this.#client.receive();
    return new DataView(reply.buffer, reply.byteOffset).getInt32(6);
  }

  /** What `command` prints, line by line. */
  async cli(command: string): Promise<string[]> {
    return (await this.#call(m.cliInband, m.cliInbandReply, { cmd: command })).reply.split("\n");
  }

  /** Everything the plugin shows. */
  async state(): Promise<PluginState> {
    const all = { pfx: { address: parseIp("0.0.0.0")!, len: 0 }, protocol: 0, port: 0 };
    const one = { pfx: { address: parseIp("2001:db8::1")!, len: 128 }, protocol: 6, port: 80 };
    const ip4 = { pfx: { address: parseIp("192.0.2.1")!, len: 32 }, protocol: 6, port: 80 };
    const pfxMatcher = { le: 0, ge: 0 };
    return {
      conf: plain(await this.#call(m.lbConfGet, m.lbConfGetReply, {})),
      vips: await this.#dump(m.lbVipDump, m.lbVipDetails, { ...ip4, pfxMatcher }),
      servers: await this.#dump(m.lbAsV2Dump, m.lbAsV2Details, all),
      serversV1: await this.#dump(m.lbAsDump, m.lbAsDetails, all),
      ofOneVip: await this.#dump(m.lbAsV2Dump, m.lbAsV2Details, one),
      ofOneIp4Vip: await this.#dump(m.lbAsV2Dump, m.lbAsV2Details, ip4),
      verbose: (await this.cli("show lb vips verbose")).map(withoutDpo),
      brief: await this.cli("show lb vips"),
      main: (await this.cli("show lb")).join("\n"),
    };
  }

  async #call<Q, R>(codec: MessageCodec<Q>, reply: MessageCodec<R>, body: Q): Promise<R> {
    await this.#client.send(codec.encode(this.#header(codec.key), body));
    return reply.decode(await this.#client.receive()).body;
  }

  async #dump<Q, D>(codec: MessageCodec<Q>, details: MessageCodec<D>, body: Q): Promise<unknown[]> {
    await this.#client.send(codec.encode(this.#header(codec.key), body));
    await this.#client.send(m.controlPing.encode(this.#header(m.controlPing.key), {}));
    const end = this.#ids.get(m.controlPingReply.key);
    const list: unknown[] = [];
    for (;;) {
      const message = await this.#client.receive();
      if (((message[0]! << 8) | message[1]!) === end) return list;
      list.push(plain(details.decode(message).body));
    }
  }

  #header(key: string): { id: number; clientIndex: number; context: number } {
    const id = this.#ids.get(key);
    if (id === undefined) throw new Error(`This VPP has no ${key}`);
    return { id, clientIndex: this.#clientIndex, context: ++this.#context };
  }
}

/** Load-balance indices depend on what else a VPP routes. */
function withoutDpo(line: string): string {
  return line.replace(/ dpo:\d+ /, " dpo:- ");
}

/** Addresses as text; the second of a removal only as whether there is one. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => {
    if (key === "inUseSince") return inner === 0 ? "never" : "once";
    return typeof inner === "object" && inner !== null && "text" in inner ? inner.text : inner;
  }));
}
