/** The progress of a drain: its time, and what VPP has left of its flows. */
import type { JSX } from "solid-js";
import type { Backend, Intent } from "../../../protocol.ts";
import { visible } from "../../model/format.ts";
import { drainWords } from "../../model/intent.ts";
import type { Lb } from "../../model/lb.ts";
import { usePage } from "../context.ts";

/** How much of its time is over, and how many flows are left. */
export function DrainProgress(
  props: { readonly lb: Lb; readonly backend: Backend; readonly intent: Intent },
): JSX.Element {
  const page = usePage();
  const share = () => {
    const { since_ms, until_ms = since_ms } = props.intent;
    const done = (page.lbNowMs(props.lb) - since_ms) / Math.max(1, until_ms - since_ms);
    return Math.min(1, Math.max(0, done));
  };
  const words = () => {
    page.track(props.lb.name, "vpp");
    const { address, drain_unwatched: reason } = props.backend;
    // What was read before VPP was lost is not true of now.
    const vips = props.lb.vpp.state === "connected" ? props.lb.vips.values() : [];
    const left = drainWords(vips, address);
    return reason === undefined ? left : `${left}; it ends by its time alone: ${visible(reason)}`;
  };
  return (
    <p>
      Drain: <progress value={share()} aria-label="Time of the drain" />{" "}
      {`${Math.floor(100 * share())} % of its time, ${words()}`}
    </p>
  );
}
