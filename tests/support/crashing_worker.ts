/** A probe worker that dies of an uncaught error half a second after its start. */
import "../../src/probe/worker.ts";

setTimeout(() => {
  throw new Error("a bug in the worker");
}, 500);
