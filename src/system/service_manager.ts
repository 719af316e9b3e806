/** Sends messages to the service manager that started this process: systemd's sd_notify(3). */
import { openShim } from "../../ffi/open.ts";
import { errnoName } from "../base/errno.ts";

/**
 * `sent`; `busy`: its queue is full, so try again; `none`: this process was not started by one, or
 * the shim is absent; otherwise the reason why it cannot be reached.
 */
export type NotifyResult = "sent" | "busy" | "none" | { readonly problem: string };

/** A connection to the service manager. */
export interface ServiceManager {
  /** Sends lines such as `READY=1`, without waiting. */
  notify(...lines: readonly string[]): NotifyResult;
}

/**
 * The service manager of $NOTIFY_SOCKET, which the shim reads itself, so that no permission is
 * needed for it. Its library stays open: threads that load it later get the same code, also after
 * an upgrade has replaced the file.
 */
export function openServiceManager(): ServiceManager {
  const opened = openShim(["maglev_notify"]);
  const encoder = new TextEncoder();
  return {
    notify(...lines) {
      if (opened.kind === "error") return "none";
      const text = encoder.encode(lines.join("\n"));
      const result = opened.shim.calls.maglev_notify(text, text.byteLength);
      if (result === 1) return "sent";
      if (result === 0) return "none";
      const name = errnoName(result);
      return name === "EAGAIN" ? "busy" : { problem: name };
    },
  };
}
