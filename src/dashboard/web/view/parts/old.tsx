/** A note that what follows is not current. */
import { type JSX, Show } from "solid-js";
import { visible } from "../../model/format.ts";

/** `text`: how old it is, and why; empty: it is current. */
export function Old(props: { readonly text: string }): JSX.Element {
  return (
    <Show when={props.text}>
      <p class="is-degraded">Not current, {visible(props.text)}</p>
    </Show>
  );
}
