/**
 * The operating system's errors, for every call that a probe makes: socket, bind, connect,
 * send, receive, and the calls of the shim. Each row decides whether the error is about the server
 * or about this host. A refused connection is about the server. A full descriptor table is about
 * this host and must not take a server down.
 *
 * A missing route counts as the server's failure, because Linux reports a network that lost the
 * server in this way. `docs/design.md`, "A lack of this host never fails a server", explains more.
 */
import { replaceUnsafe } from "../base/text.ts";
import { errnoName } from "../base/errno.ts";
import type { Lack } from "./lack.ts";

/** One row; `lack` is set when the error is about this host. */
export interface OsError {
  readonly lack?: Lack;
  /** For operators. */
  readonly text: string;
}

const NO_PROTOCOL = "the kernel of this host does not have the protocol";
const MISTAKE = "a system call of the prober was refused";

/** By errno name. */
export const OS_ERRORS: Readonly<Record<string, OsError>> = {
  // About this host.
  EMFILE: {
    lack: "descriptors",
    text: "out of file descriptors: the limit of this process is reached (raise LimitNOFILE)",
  },
  ENFILE: {
    lack: "descriptors",
    text: "out of file descriptors: the limit of the system is reached (raise fs.file-max)",
  },
  ENOBUFS: { lack: "memory", text: "out of kernel buffers for sockets" },
  ENOMEM: { lack: "memory", text: "out of kernel memory" },
  ENOSPC: {
    lack: "memory",
    text: "out of epoll watches (raise fs.epoll.max_user_watches)",
  },
  EAGAIN: { lack: "ports", text: "no local port is free at the moment" },
  EADDRINUSE: {
    lack: "ports",
    text: "no local port is free (widen net.ipv4.ip_local_port_range)",
  },
  EADDRNOTAVAIL: {
    lack: "ports",
    text: "no local port is free (widen net.ipv4.ip_local_port_range)",
  },
  EPERM: { lack: "permission", text: "forbidden by a firewall or security module of this host" },
  EACCES: {
    lack: "permission",
    text: "forbidden by a `prohibit` route, firewall or security module of this host",
  },
  EAFNOSUPPORT: { lack: "family", text: "this host does not have the address family" },
  EPFNOSUPPORT: { lack: "family", text: "this host does not have the address family" },
  EPROTONOSUPPORT: { lack: "family", text: NO_PROTOCOL },
  ESOCKTNOSUPPORT: { lack: "family", text: NO_PROTOCOL },
  EPROTOTYPE: { lack: "family", text: NO_PROTOCOL },
  ENODEV: { lack: "interface", text: "this host does not have the interface" },
  ENXIO: { lack: "interface", text: "this host does not have the interface" },
  ENOSYS: { lack: "permission", text: `${MISTAKE} by a filter (ENOSYS)` },
  EINTR: { lack: "prober", text: "a system call of the prober was interrupted" },
  EALREADY: { lack: "prober", text: `${MISTAKE} (EALREADY)` },
  EBADF: { lack: "prober", text: `${MISTAKE} (EBADF)` },
  EFAULT: { lack: "prober", text: `${MISTAKE} (EFAULT)` },
  EINPROGRESS: { lack: "prober", text: `${MISTAKE} (EINPROGRESS)` },
  EISCONN: { lack: "prober", text: `${MISTAKE} (EISCONN)` },
  ENOTSOCK: { lack: "prober", text: `${MISTAKE} (ENOTSOCK)` },

  // About the server, or the network on the way to it.
  ECONNREFUSED: { text: "connection refused" },
  ECONNRESET: { text: "connection reset" },
  ECONNABORTED: { text: "connection aborted" },
  ENOTCONN: { text: "connection reset" },
  EPIPE: { text: "connection closed by the server" },
  ESHUTDOWN: { text: "connection closed by the server" },
  EHOSTUNREACH: { text: "no route to host" },
  EHOSTDOWN: { text: "host is down" },
  ENETUNREACH: { text: "network unreachable" },
  ENETDOWN: { text: "network is down" },
  ENETRESET: { text: "connection dropped by the network" },
  ENONET: { text: "host is not on the network (ICMP)" },
  ENOPROTOOPT: { text: "protocol unreachable (ICMP)" },
  EOPNOTSUPP: { text: "source route failed (ICMP)" },
  EPROTO: { text: "parameter problem (ICMP)" },
  EMSGSIZE: { text: "packet too big for the path" },
  EINVAL: { text: "no usable route: a blackhole, or an address that nothing can connect to" },
};

/** Other names that the runtime uses for some errors. */
const ALIASES: Readonly<Record<string, string>> = {
  ENOTSUP: "EOPNOTSUPP",
  EWOULDBLOCK: "EAGAIN",
};

/** Classes of `Deno.errors` for errors that come without a code or a number. */
const CLASSES: Readonly<Record<string, string>> = {
  AddrInUse: "EADDRINUSE",
  AddrNotAvailable: "EADDRNOTAVAIL",
  BrokenPipe: "EPIPE",
  ConnectionAborted: "ECONNABORTED",
  ConnectionRefused: "ECONNREFUSED",
  ConnectionReset: "ECONNRESET",
  Interrupted: "EINTR",
  NetworkUnreachable: "ENETUNREACH",
  NotConnected: "ENOTCONN",
  PermissionDenied: "EACCES",
  TimedOut: "ETIMEDOUT",
  WouldBlock: "EAGAIN",
};

/**
 * The errno name of an error, or the runtime's own code (`ERR_…`); empty without one. Deno 2.9.6
 * leaves `code` out of some errors, ENFILE among them, and has the number in the text only.
 */
export function errorCode(error: unknown): string {
  const code = textField(error, "code");
  if (code !== "") return ALIASES[code] ?? code;
  const number = /\(os error (\d+)\)/.exec(textField(error, "message"))?.[1];
  if (number !== undefined) return errnoName(Number(number));
  return CLASSES[textField(error, "name")] ?? "";
}

/** A text field of a thrown value; empty when it is absent or not a text. */
export function textField(error: unknown, name: "code" | "syscall" | "message" | "name"): string {
  if (typeof error !== "object" || error === null || !(name in error)) return "";
  const value = (error as { readonly [name: string]: unknown })[name];
  return typeof value === "string" ? value : "";
}

/** The text of an error for operators: from the table, otherwise the error's own message. */
export function wordsOf(error: unknown): string {
  const known = OS_ERRORS[errorCode(error)];
  if (known !== undefined) return known.text;
  const text = error instanceof Error ? error.message : String(error);
  return printable(text.replace(/os error (\d+)/, "error $1 of the operating system"));
}

/** `text` on one line, without control characters, at most 200 characters of it. */
export function printable(text: string): string {
  return replaceUnsafe(text.slice(0, 200), () => "?");
}
