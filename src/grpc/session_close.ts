/**
 * Keeps a fault of the runtime from ending the process. When the other side says that it will go
 * (GOAWAY with NO_ERROR), node:http2 closes the session while nghttp2 still reads that frame. With
 * no call under way the session's memory is freed there and then, nghttp2 goes on in it, and after
 * some hundred calls on the connection that is a crash: Deno 2.9.6, denoland/deno#36788. Closed
 * after what runs now, a session ends just as well.
 */
import http2 from "node:http2";
import { Duplex } from "node:stream";
import { invariant } from "../base/assert.ts";

/** What has `close`: all sessions' common prototype, which node:http2 does not export. */
interface Sessions {
  close(callback?: () => void): void;
}

let done = false;

/** All HTTP/2 sessions of this process, of servers and clients, close so from now on. Idempotent. */
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
