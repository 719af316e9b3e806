/**
 * A gRPC server (grpc-js) with the standard health service, as a program.
 *
 * Argument: addresses to listen on, comma-separated. The server as a whole and acme.v1.Orders are SERVING, acme.v1.Sick is NOT_SERVING, others are
 * unknown.
 */
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";

const STATUS = new Map([["", 1], ["acme.v1.Orders", 1], ["acme.v1.Sick", 2]]);

/** Messages are passed as bytes: field 1 of the request is the service's name. */
const same = (bytes: Buffer) => bytes;
const server = new Server();
server.addService({
  check: {
    path: "/grpc.health.v1.Health/Check",
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
}, {
  check(
    { request }: { request: Buffer },
    answer: (error: { code: number; details: string } | null, message?: Buffer) => void,
  ) {
    const serving = STATUS.get(request.subarray(2).toString());
    if (serving !== undefined) answer(null, Buffer.from([8, serving]));
    else answer({ code: status.NOT_FOUND, details: "unknown service" });
  },
});

for (const address of Deno.args[0]!.split(",")) {
  server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
    if (error !== null) throw error;
  });
}
