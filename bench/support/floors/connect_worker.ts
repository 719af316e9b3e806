/** A worker of connect.ts. */
import { farmAddress } from "../farm_address.ts";

const IN_FLIGHT = 256;

self.onmessage = async ({ data: { count, port, workers, index } }) => {
  let next = index;
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (next < count) {
      const hostname = farmAddress(next);
      next += workers;
      (await Deno.connect({ hostname, port, autoSelectFamily: false })).close();
    }
  }));
  self.postMessage("done");
};
self.postMessage("ready");
