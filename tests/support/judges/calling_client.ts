/**
 * A client process: makes calls, reports that, waits for the end of its standard input, and reports
 * the result of one more call. Arguments: address, calls.
 */
import { MaglevError } from "../../../src/base/errors.ts";
import { MaglevClient } from "../../../src/grpc/client/client.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";

const [address, count] = [Deno.args[0]!, Number(Deno.args[1])];
const client = new MaglevClient({ address, clock: new SystemClock() });
for (let i = 0; i < count; i++) await client.call("GetVersion");
console.log("called");
for await (const _ of Deno.stdin.readable);
const last = client.call("GetVersion").then(() => "answered");
console.log(await last.catch((error: unknown) => MaglevError.from(error).code));
client.close();
