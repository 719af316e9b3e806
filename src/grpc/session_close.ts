/**
 * Works around a fault of the runtime that ends the process: Deno 2.9.6, denoland/deno#36788.
 *
 * When the other side announces its end (GOAWAY with NO_ERROR), node:http2 closes the session while
 * nghttp2 still reads that frame. Without a call under way, the session's memory is freed at that
 * point and nghttp2 goes on using it; after some hundred calls on the connection the process
 * crashes. Closed in a microtask, a session ends just as well.
 */
import http2 from "node:http2";
import { Duplex } from "node:stream";
import { invariant } from "../base/assert.ts";

/** The common prototype of all sessions, which has `close`; node:http2 does not export it. */
interface Sessions {
  close(callback?: () => void): void;
}

let done = false;

/** From now on all HTTP/2 sessions of this process close in a microtask. Idempotent. */
export function closeSessionsLater(): void {
  if (done) return;
  done = true;
  const sessions = sessionPrototype();
  const close = sessions.close;
  sessions.close = function (callback) {
    queueMicrotask(() => close.call(this, callback));
  };
}

function sessionPrototype(): Sessions {
  const nowhere = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() });
  const session = http2.connect("http://localhost", { createConnection: () => nowhere });
  session.on("error", () => {});
  session.destroy();
  let holder: object | null = session;
  while (holder !== null && !Object.hasOwn(holder, "close")) holder = Object.getPrototypeOf(holder);
  invariant(holder !== null && "close" in holder, "an HTTP/2 session can be closed");
  return holder as Sessions;
}
