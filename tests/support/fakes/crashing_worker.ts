/**
 * A probe worker that dies of an uncaught error: half a second after its start, or after as many
 * milliseconds as in its name.
 */
import "../../../src/probe/engine/worker.ts";

setTimeout(() => {
  throw new Error("a bug in the worker");
}, Number(self.name) || 500);
