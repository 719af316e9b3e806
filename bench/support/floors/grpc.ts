/** A server of @grpc/grpc-js with one method and nothing else. Argument: the port of 127.0.0.1. */
import { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";

const same = (bytes: Uint8Array) => Buffer.from(bytes);
const method = {
  path: "/maglev.Maglev/GetVersion",
  requestStream: false,
  responseStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
} as const;
const server = new grpc.Server();
server.addService({ getVersion: method }, {
  getVersion: (_call: unknown, reply: grpc.sendUnaryData<Uint8Array>) =>
    reply(null, new Uint8Array(0)),
});
server.bindAsync(`127.0.0.1:${Deno.args[0]}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
