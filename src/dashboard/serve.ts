/** Runs the dashboard's server from its start to a signal. */
import { settledWithin } from "../async/deadline.ts";
import { MaglevError } from "../base/errors.ts";
import { chosenFormat } from "../log/chosen_format.ts";
import { LogHandler } from "../log/handler.ts";
import { SignalInbox } from "../system/signals/inbox.ts";
import { FLUSH_DEADLINE_MS, STOP_DEADLINE_MS, StopRequest } from "../system/signals/stop.ts";
import { SystemClock } from "../system/system_clock.ts";
import type { CheckedSettings } from "./settings.ts";
import { startDashboard } from "./start.ts";

/** Serves until a signal stops it: the exit status; or the reason why it cannot start. */
export async function serve(checked: CheckedSettings): Promise<number | string> {
  const signals = new SignalInbox();
  const clock = new SystemClock();
  const { settings } = checked;
  const logger = new LogHandler({
    level: settings["log-level"],
    format: chosenFormat(settings["log-format"]),
    clock,
    writer: Deno.stdout,
  });
  const stop = new StopRequest("maglevd-frontend");
  try {
    const dashboard = await startDashboard({ checked, clock, logger, prng: Math.random });
    stop.handle(signals, { clock, onReload: () => {} });
    const { status, ...why } = await stop.requested;
    logger.info("shutdown", why);
    await settledWithin(dashboard.stop(), { clock, deadlineMs: STOP_DEADLINE_MS });
    return status;
  } catch (error) {
    if (error instanceof MaglevError) return error.message;
    throw error;
  } finally {
    await settledWithin(logger.flush(), { clock, deadlineMs: FLUSH_DEADLINE_MS });
    signals.close();
  }
}
