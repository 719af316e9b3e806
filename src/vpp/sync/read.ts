/** Reads the complete state of the lb plugin. */
import { MaglevError } from "../../base/errors.ts";
import { Slice } from "../../async/pause.ts";
import { finish } from "../../base/finish.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import type { Reading } from "../lb/actual.ts";
import type { ActualVip, LbConf } from "../lb/model.ts";
import type { DumpReading } from "../lb/actual.ts";
import { parsingVipsVerbose } from "../lb/vips_verbose.ts";
import type { VerboseResult, VerboseVip } from "../lb/vips_verbose.ts";
import type { LbApi } from "../ports.ts";

/** The command that prints details of VIPs that the API lacks. */
export const VIPS_COMMAND = "show lb vips verbose";

/** The state that one reading found. */
export interface LbReading {
  /** Undefined when VPP does not report its settings. */
  readonly conf: LbConf | undefined;
  readonly vips: Reading;
}

/**
 * Reads the plugin's state. All requests are made in one tick, so that VPP executes none of our
 * operations between them. With a clock the text is parsed a slice at a time. Rejects with
 * MaglevError.
 */
export async function readLb(lb: LbApi, logger: Logger, clock?: Clock): Promise<LbReading> {
  const [conf, vips] = await Promise.all([
    lb.getConf(),
    lb.capabilities.weights ? readDumps(lb, logger, clock) : readText(lb, clock),
  ]);
  return { conf, vips };
}

/** Logs the state with which VPP was found. */
export function logLbState(
  logger: Logger,
  { conf, vips }: { readonly conf: LbConf | undefined; readonly vips: readonly ActualVip[] },
): void {
  logger.info("vpp-lb-state", {
    vips: vips.length,
    "application-servers": vips.reduce((sum, vip) => sum + vip.servers.length, 0),
    "sticky-buckets-per-core": conf?.stickyBucketsPerCore,
    "flow-timeout": conf?.flowTimeoutS,
  });
}

/**
 * Reads the dumps and the CLI's text. If the text is garbled or refused, that is logged and the
 * dumps alone are returned.
 */
async function readDumps(lb: LbApi, logger: Logger, clock?: Clock): Promise<DumpReading> {
  const [vips, servers, verbose] = await Promise.all([
    lb.dumpVips(),
    lb.dumpServers(),
    lb.cli(VIPS_COMMAND).then(
      async (text) => told(await parse(text, clock), logger),
      (error) => refused(error, logger),
    ),
  ]);
  return { vips, servers, verbose };
}

/** Reads the CLI's text, which is the only source here: if it cannot be parsed, this rejects. */
async function readText(lb: LbApi, clock?: Clock): Promise<Reading> {
  const result = await parse(await lb.cli(VIPS_COMMAND), clock);
  if (result.ok) return { text: result.vips };
  const { line, message } = result;
  throw new MaglevError("internal", `cannot read "${VIPS_COMMAND}": line ${line}: ${message}`);
}

async function parse(text: string, clock: Clock | undefined): Promise<VerboseResult> {
  const steps = parsingVipsVerbose(text);
  return clock === undefined ? finish(steps) : await new Slice(clock).run(steps);
}

function told(result: VerboseResult, logger: Logger): readonly VerboseVip[] | undefined {
  if (result.ok) return result.vips;
  logError(logger, `line ${result.line}: ${result.message}`);
  return undefined;
}

function refused(error: unknown, logger: Logger): undefined {
  const known = MaglevError.from(error);
  // When the connection is lost or VPP does not answer, the whole reading fails.
  if (known.code === "unavailable" || known.code === "deadline-exceeded") throw known;
  logError(logger, known.message);
}

function logError(logger: Logger, error: string): void {
  logger.warn("vpp-lb-read-failed", { command: VIPS_COMMAND, err: error });
}
