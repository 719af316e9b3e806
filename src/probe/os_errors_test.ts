import assert from "node:assert/strict";
import { errnoName } from "../base/errno.ts";
import { errorCode, OS_ERRORS, wordsOf } from "./os_errors.ts";
import { verdictOf } from "./outcome.ts";

/** Every errno of Linux's socket, bind, connect, send, receive and setns, and whom it is about. */
const HOST = [
  ...["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ENOSPC", "EAGAIN", "EADDRINUSE", "EADDRNOTAVAIL"],
  ...["EPERM", "EACCES", "EAFNOSUPPORT", "EPFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT"],
  ...["EPROTOTYPE", "ENODEV", "ENXIO", "ENOSYS", "EINTR", "EALREADY", "EBADF", "EFAULT"],
  ...["EINPROGRESS", "EISCONN", "ENOTSOCK"],
];
const SERVER = [
  ...["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "ENOTCONN", "EPIPE", "ESHUTDOWN"],
  ...["EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENETRESET", "ENONET"],
  ...["ENOPROTOOPT", "EOPNOTSUPP", "EPROTO", "EMSGSIZE", "EINVAL"],
];

Deno.test("OS_ERRORS is complete and attributes each error to this host or the server", () => {
  assert.deepEqual(Object.keys(OS_ERRORS).sort(), [...HOST, ...SERVER].sort());
  for (const code of HOST) assert.notEqual(OS_ERRORS[code]!.lack, undefined, code);
  for (const code of SERVER) assert.equal(OS_ERRORS[code]!.lack, undefined, code);
  const named = new Set(Array.from({ length: 134 }, (_, number) => errnoName(number)));
  for (const code of Object.keys(OS_ERRORS)) assert.ok(named.has(code), `${code} has no number`);
});

Deno.test("every system error has a text in its verdict", () => {
  for (let number = 1; number <= 133; number++) {
    const error = new Error(`What the system calls it (os error ${number})`);
    for (const stage of ["connect", "answer"] as const) {
      const { detail } = verdictOf(error, stage);
      assert.doesNotMatch(detail, /os error/, errnoName(number));
      assert.match(detail, /[a-z]{4,} [a-z]+/i, errnoName(number));
    }
  }
});

Deno.test("errorCode() finds the errno where Deno leaves the code out", () => {
  const deno = (name: string, message: string) => Object.assign(new Error(message), { name });
  const cases: [error: unknown, code: string][] = [
    // As Deno.connect of 2.9.6 throws it: no code.
    [new Error("Too many open files in system (os error 23)"), "ENFILE"],
    [new Error("Network is down (os error 100)"), "ENETDOWN"],
    [Object.assign(new Error("x"), { code: "ENOTSUP" }), "EOPNOTSUPP"],
    [deno("AddrNotAvailable", "no number"), "EADDRNOTAVAIL"],
    [deno("NotConnected", "no number"), "ENOTCONN"],
    [new Error("nothing of the kind"), ""],
    ["text", ""],
    [undefined, ""],
  ];
  for (const [error, code] of cases) assert.equal(errorCode(error), code);
  assert.equal(
    wordsOf(new Error("Stale file handle (os error 116)")),
    "Stale file handle (error 116 of the operating system)",
  );
});
