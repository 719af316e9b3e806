/**
 * A tab's end of the shared stream. It looks after the other end too: a worker that cannot be
 * loaded, or that falls silent, is replaced by a stream of this tab's own.
 */
import { BROWSER } from "./browser.ts";
import type { Phase } from "./connection.ts";
import type { TabPort, ToHost, ToTab } from "./feed_host.ts";
import type { Position, SseEvent } from "./sse.ts";

export interface LinkListener {
  readonly events: (events: readonly SseEvent[]) => void;
  readonly phase: (phase: Phase, heardMs: number) => void;
  readonly resync: () => void;
}

/** The host sends its phase once a second; after this many ticks of silence it is given up. */
const SILENT_TICKS = 20;

/** Follows the stream of events at `url`. */
export class Link {
  readonly #url: string;
  readonly #listener: LinkListener;
  #port: MessagePort;
  /** The stream is this tab's own. */
  #own = false;
  #since: Position | undefined;
  #joins = 0;
  #names: readonly string[] = [];
  #silentTicks = 0;

  constructor(url: string, listener: LinkListener) {
    this.#url = url;
    this.#listener = listener;
    this.#port = this.#connect();
    BROWSER.every(1000, () => this.#tick());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#send({ kind: "wake" });
    });
    addEventListener("online", () => this.#send({ kind: "wake" }));
    addEventListener("pagehide", () => this.#send({ kind: "leave" }));
    addEventListener("pageshow", (event) => {
      // Back from the browser's cache of pages: what was missed is not in the buffer for sure.
      if (event.persisted) this.#listener.resync();
    });
  }

  /** Follows the events after `since`. */
  join(since: Position): void {
    this.#since = since;
    this.#send({
      kind: "join",
      number: ++this.#joins,
      url: this.#url,
      since,
      shows: this.#names,
    });
  }

  /** Names of the maglevds that this tab shows. */
  show(names: readonly string[]): void {
    this.#names = names;
    this.#send({ kind: "show", names });
  }

  retry(): void {
    this.#send({ kind: "retry" });
  }

  #send(message: ToHost): void {
    this.#port.postMessage(message);
  }

  #connect(): MessagePort {
    let port: MessagePort;
    try {
      const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module" });
      worker.onerror = () => this.#fallBack();
      port = worker.port;
    } catch {
      // No SharedWorker here, or a policy forbids it.
      port = this.#ownPort();
    }
    this.#listen(port);
    return port;
  }

  #ownPort(): MessagePort {
    this.#own = true;
    const { port1, port2 } = new MessageChannel();
    // Few browsers need it. What is sent before it is there waits in the port.
    import("./feed_host.ts").then(({ FeedHost }) =>
      new FeedHost(BROWSER).connect(port2 as unknown as TabPort)
    );
    return port1;
  }

  #listen(port: MessagePort): void {
    port.onmessage = ({ data }: MessageEvent<ToTab>) => {
      if (port !== this.#port) return;
      this.#silentTicks = 0;
      if (data.kind !== "phase" && data.join !== this.#joins) return;
      switch (data.kind) {
        case "events":
          return this.#listener.events(data.events);
        case "phase":
          return this.#listener.phase(data.phase, data.heardMs);
        case "resync":
          return this.#listener.resync();
      }
    };
  }

  #fallBack(): void {
    if (this.#own) return;
    this.#port.close();
    this.#port = this.#ownPort();
    this.#listen(this.#port);
    this.#silentTicks = 0;
    if (this.#since !== undefined) this.#listener.resync();
  }

  #tick(): void {
    this.#send({ kind: "here" });
    if (this.#since !== undefined && ++this.#silentTicks > SILENT_TICKS) this.#fallBack();
  }
}
