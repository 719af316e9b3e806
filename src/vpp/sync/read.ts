/** Reads the complete state of the lb plugin. */
import { MaglevError } from "../../base/errors.ts";
import type { Logger } from "../../base/ports.ts";
import type { Reading } from "../lb/actual.ts";
import type { LbConf } from "../lb/model.ts";
import type { DumpReading } from "../lb/actual.ts";
import { parseVipsVerbose } from "../lb/vips_verbose.ts";
import type { VerboseVip } from "../lb/vips_verbose.ts";
import type { LbApi } from "../ports.ts";

/** The command that shows more of VIPs than the API. */
export const VIPS_COMMAND = "show lb vips verbose";

/** Everything of one reading. */
export interface LbReading {
  /** Undefined when VPP does not tell. */
  readonly conf: LbConf | undefined;
  readonly vips: Reading;
}

/**
 * All requests are made in one tick, so that VPP executes none of ours between them. Rejects with
 * MaglevError.
 */
export async function readLb(lb: LbApi, logger: Logger): Promise<LbReading> {
  const [conf, vips] = await Promise.all([
    lb.getConf(),
    lb.capabilities.weights ? readDumps(lb, logger) : readText(lb),
  ]);
  return { conf, vips };
}

/**
 * Without the CLI's text (garbled, or refused by this VPP), which the log says, the
 * rest is still of use.
 */
async function readDumps(lb: LbApi, logger: Logger): Promise<DumpReading> {
  const [vips, servers, verbose] = await Promise.all([
    lb.dumpVips(),
    lb.dumpServers(),
    lb.cli(VIPS_COMMAND).then((text) => parsed(text, logger), (error) => refused(error, logger)),
  ]);
  return { vips, servers, verbose };
}

/** Here the text is all there is: what cannot be parsed fails the reading. */
async function readText(lb: LbApi): Promise<Reading> {
  const result = parseVipsVerbose(await lb.cli(VIPS_COMMAND));
  if (result.ok) return { text: result.vips };
  const { line, message } = result;
  throw new MaglevError("internal", `cannot read "${VIPS_COMMAND}": line ${line}: ${message}`);
}

function parsed(text: string, logger: Logger): readonly VerboseVip[] | undefined {
  const result = parseVipsVerbose(text);
  if (result.ok) return result.vips;
  logError(logger, `line ${result.line}: ${result.message}`);
  return undefined;
}

function refused(error: unknown, logger: Logger): undefined {
  const known = MaglevError.from(error);
  // Without the connection, or with one that does not answer, the whole reading fails.
  if (known.code === "unavailable" || known.code === "deadline-exceeded") throw known;
  logError(logger, known.message);
}

function logError(logger: Logger, error: string): void {
  logger.warn("vpp-lb-read-failed", { command: VIPS_COMMAND, err: error });
}
