/** An observer of VPP's messages that keeps them. */
import type { ApiObserver } from "../../../src/vpp/ports.ts";

/** Keeps `name direction result` of every message. */
export class RecordingObserver implements ApiObserver {
  readonly messages: string[] = [];

  message(name: string, direction: "send" | "recv", result: string): void {
    this.messages.push(`${name} ${direction} ${result}`);
  }
}
