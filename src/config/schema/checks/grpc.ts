/** The part of the configuration table that describes grpc checks. */
import { tls } from "./tls.ts";
import type { Keys } from "../types.ts";

/** Keys of params of grpc. */
export const grpc = {
  "service": {
    type: "text",
    format: "service",
    default: "",
    absent: "the server as a whole",
    help: "Name of the service whose health is asked for, as in `package.Service`.",
  },
  "authority": {
    type: "text",
    format: "host",
    absent: "the backend's address",
    help: "`:authority` of the call: a name or an address, optionally with `:port`.",
  },
  "ssl": {
    type: "boolean",
    default: false,
    help: "The call is made over TLS, and `h2` is offered (ALPN).",
  },
  "server-name": { ...tls["server-name"], absent: "`authority` when that is a name, else none" },
  "insecure-skip-verify": tls["insecure-skip-verify"],
  "ca-file": tls["ca-file"],
  "client-cert": tls["client-cert"],
  "client-key": tls["client-key"],
} as const satisfies Keys;
