/** The signals a daemon listens to. */

export interface SignalHandlers {
  readonly onReload: () => void;
  /** SIGTERM or SIGINT; called for each one, so that a second can be told from the first. */
  readonly onStop: (signal: "SIGTERM" | "SIGINT") => void;
}

/** Installs the handlers; the returned function removes them. */
export function listenToSignals(handlers: SignalHandlers): () => void {
  const listeners: [Deno.Signal, () => void][] = [
    ["SIGHUP", () => handlers.onReload()],
    ["SIGTERM", () => handlers.onStop("SIGTERM")],
    ["SIGINT", () => handlers.onStop("SIGINT")],
  ];
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  };
}
